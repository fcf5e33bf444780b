/**
 * `npm run fuzz -- --minutes N`: the fuzzer for as long as one likes, with what it prints of its progress. Inputs that
 * were interesting are kept below build/proof/fuzz/ for the next run and for `npm run fuzz-corpus`; one that was fatal is
 * kept there as `crash-...`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildFuzzer, fuzzArguments, fuzzDirectory, unpackCorpus, writeSeeds } from '../fuzzer.js';
import { minutesOf } from '../minutes.js';

const minutes = minutesOf(process.argv.slice(2));
const corpus = join(fuzzDirectory, 'corpus');
const seeds = join(fuzzDirectory, 'seeds');
mkdirSync(corpus, { recursive: true });
const program = await buildFuzzer();
unpackCorpus(seeds);
await writeSeeds(program, seeds);
const fuzzer = spawn(program, fuzzArguments(Math.round(minutes * 60), [corpus, seeds]), {
  cwd: fuzzDirectory,
  stdio: 'inherit',
});
const [code] = await once(fuzzer, 'exit');
process.exitCode = code === 0 ? 0 : 1;
