/**
 * A store whose bytes are anything: before it is opened, and while it is, as from a process that scribbles over it. The
 * inputs are always the same ones; `npm run fuzz -- --minutes 10` goes on from there with new ones.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { buildFuzzer, runSeeds, unlessFuzzing, unpackCorpus, writeSeeds } from '../support/fuzzer.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const skip = unlessFuzzing();

test('attaching, reading, rendering and counting survive whatever a store holds', { skip }, async (t) => {
  const seeds = temporaryDirectory(t);
  const fuzzer = await buildFuzzer();
  unpackCorpus(seeds);
  await writeSeeds(fuzzer, seeds);
  const inputs = readdirSync(seeds).length;
  const output = await runSeeds(fuzzer, seeds);
  const executions = output.match(/^Executed /gm)?.length ?? 0;
  t.diagnostic(`${executions} executions`);
  assert.equal(executions, inputs);
});

test('every area of the present format is changed by some input', { skip }, async (t) => {
  const directory = temporaryDirectory(t);
  const { format, areas } = await writeSeeds(await buildFuzzer(), directory);
  assert.equal(unpackCorpus(directory), format, 'the corpus is of another format: npm run fuzz, npm run fuzz-corpus');
  let end = 0;
  for (const { name, offset, size, seeds } of areas) {
    assert.equal(offset, end, `what is in front of ${name} is not changed`);
    assert.ok(seeds > 0, `${name} is not changed`);
    end += size;
  }
  assert.ok(areas.length >= 9, `${areas.length} areas`);
});

test('a reset that was left half-way by whoever holds no cells is found by the corpus (the control)', {
  skip,
}, async (t) => {
  const seeds = temporaryDirectory(t);
  const unchecked = 'buckets > 0 && (cells.count == 0 || cells.double_cell == 0 || change.double_cell == 0)';
  const fuzzer = await buildFuzzer({ name: 'unchecked-reset', changes: [{ find: unchecked, replace: 'false' }] });
  await writeSeeds(fuzzer, seeds);
  await assert.rejects(runSeeds(fuzzer, seeds), /ERROR: AddressSanitizer: |rebase\.c:\d+:\d+: runtime error: /);
});

test('a cell that is not looked for within the sums is found by the corpus (the control)', { skip }, async (t) => {
  const seeds = temporaryDirectory(t);
  const fuzzer = await buildFuzzer({
    name: 'unbounded-cell',
    changes: [{ find: 'cell < reader->integer_count ? reader->integers[cell] : 0', replace: 'reader->integers[cell]' }],
  });
  unpackCorpus(seeds);
  await writeSeeds(fuzzer, seeds);
  // Which of the two sees it first depends on whether there are any sums at all.
  const found = /ERROR: AddressSanitizer: heap-|reader_values\.c:\d+:\d+: runtime error: .* offset \d+ to null pointer/;
  await assert.rejects(runSeeds(fuzzer, seeds), found);
});
