/**
 * A store whose bytes are anything: before it is opened, and while it is, as from a process that scribbles over it. The
 * inputs are always the same ones; `npm run fuzz -- --minutes 10` goes on from there with new ones.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { buildFuzzer, runSeeds, unlessFuzzing, writeSeeds } from '../support/fuzzer.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const skip = unlessFuzzing();

test('attaching, reading, rendering and counting survive whatever a store holds', { skip }, async (t) => {
  const seeds = temporaryDirectory(t);
  writeSeeds(seeds);
  const inputs = readdirSync(seeds).length;
  const output = await runSeeds(await buildFuzzer(), seeds);
  const executions = output.match(/^Executed /gm)?.length ?? 0;
  t.diagnostic(`${executions} executions`);
  assert.equal(executions, inputs);
});

test('a cell that is not looked for within the sums is found by the corpus (the control)', { skip }, async (t) => {
  const seeds = temporaryDirectory(t);
  writeSeeds(seeds);
  const fuzzer = await buildFuzzer({
    name: 'unbounded-cell',
    changes: [{ find: 'cell < reader->integer_count ? reader->integers[cell] : 0', replace: 'reader->integers[cell]' }],
  });
  await assert.rejects(runSeeds(fuzzer, seeds), /ERROR: AddressSanitizer: heap-/);
});
