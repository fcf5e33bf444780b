/**
 * A store whose bytes are anything: before it is opened, and while it is, as from a process that scribbles over it. The
 * inputs are always the same ones; `npm run fuzz -- --minutes 10` goes on from there with new ones.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { buildFuzzer, runSeeds, unlessFuzzing, unpackCorpus, writeSeeds } from '../support/fuzzer.js';
import { withoutRseq } from '../support/native-variant.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const skip = unlessFuzzing();

/** Each input was executed, and none was fatal. */
async function runAll(t: TestContext, fuzzer: string, directory: string): Promise<void> {
  const inputs = readdirSync(directory).length;
  const output = await runSeeds(fuzzer, directory);
  const executions = output.match(/^Executed /gm)?.length ?? 0;
  t.diagnostic(`${executions} executions`);
  assert.ok(inputs > 0);
  assert.equal(executions, inputs);
}

test('attaching, reading, rendering and counting survive whatever a store holds', { skip }, async (t) => {
  const seeds = temporaryDirectory(t);
  const fuzzer = await buildFuzzer();
  unpackCorpus(seeds);
  await writeSeeds(fuzzer, seeds);
  await runAll(t, fuzzer, seeds);
});

test('without critical sections they survive what the corpus holds as well', { skip }, async (t) => {
  const corpus = temporaryDirectory(t);
  unpackCorpus(corpus);
  await runAll(t, await buildFuzzer({ name: 'fuzzer-no-rseq', flags: [withoutRseq] }), corpus);
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
  const changes = [{ find: unchecked, replace: 'false' }];
  const fuzzer = await buildFuzzer({ name: 'fuzzer-unchecked-reset', mutation: { name: 'unchecked-reset', changes } });
  await writeSeeds(fuzzer, seeds);
  await assert.rejects(runSeeds(fuzzer, seeds), /ERROR: AddressSanitizer: |rebase\.c:\d+:\d+: runtime error: /);
});

test('a cell that is not looked for within the sums is found by the corpus (the control)', { skip }, async (t) => {
  const seeds = temporaryDirectory(t);
  const bounded = 'cell < reader->integer_count ? reader->integers[cell] : 0';
  const changes = [{ find: bounded, replace: 'reader->integers[cell]' }];
  const fuzzer = await buildFuzzer({ name: 'fuzzer-unbounded-cell', mutation: { name: 'unbounded-cell', changes } });
  unpackCorpus(seeds);
  await writeSeeds(fuzzer, seeds);
  // Which of the two sees it first depends on whether there are any sums at all.
  const found = /ERROR: AddressSanitizer: heap-|reader_values\.c:\d+:\d+: runtime error: .* offset \d+ to null pointer/;
  await assert.rejects(runSeeds(fuzzer, seeds), found);
});
