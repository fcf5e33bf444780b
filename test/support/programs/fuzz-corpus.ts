/**
 * `npm run fuzz-corpus`: makes native/proof/fuzz-corpus.txt anew of what `npm run fuzz` has found and of what is in it, as
 * far as it reaches what the fuzzer's own first inputs do not.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFuzzer, fuzzDirectory, mergeInputs, packCorpus, unpackCorpus, writeSeeds } from '../fuzzer.js';

const found = join(fuzzDirectory, 'corpus');
const directory = mkdtempSync(join(tmpdir(), 'fuzz-corpus-'));
try {
  const [known, old] = [join(directory, 'known'), join(directory, 'old')];
  const fuzzer = await buildFuzzer();
  const { format } = await writeSeeds(fuzzer, known);
  unpackCorpus(old);
  mkdirSync(found, { recursive: true });
  const inputs = await mergeInputs(fuzzer, known, [old, found]);
  packCorpus(format, inputs);
  console.log(`${inputs.length} inputs in the corpus`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
