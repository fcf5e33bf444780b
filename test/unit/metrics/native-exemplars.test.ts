/** Exemplars of native histograms, as protobufjs reads them out of messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import { decodeFamilies } from '../../support/protobuf-scrape.js';
import { temporaryStore } from '../../support/temporary-store.js';

/** By series: trace and value of each. */
async function read(store: Store): Promise<[string, number][][]> {
  const families = decodeFamilies(await store.render({ syntax: 'protobuf' }));
  return families
    .flatMap(({ metric = [] }) => metric)
    .map(({ histogram }) => {
      const exemplars = histogram?.exemplars ?? [];
      for (const { timestamp } of exemplars) assert.ok(Math.abs(timestamp.seconds * 1000 - Date.now()) < 60_000);
      return exemplars.map(({ label = [], value }) => [label.map((one) => one.value).join(), value]);
    });
}

test('the last one of each tenth of the buckets is kept, and frequent values leave those of rare ones alone', async (t) => {
  const store = temporaryStore(t);
  // The bucket of zero, and 19 from 1 on, each up to twice as far: two to a tenth.
  const options = { name: 'size', help: 'Size.', schema: 0, range: [2, 2 ** 19], exemplars: true } as const;
  const size = store.nativeHistogram({ ...options, labelNames: ['a'] });
  size.labels('x').observe(2 ** 18, { trace_id: 'rare' });
  for (let i = 0; i < 100; i += 1) {
    size.labels('x').observe(3, { trace_id: `frequent ${i}` });
    size.labels('x').observe(4, { trace_id: `frequent ${i}` });
  }
  size.labels('y').observe(0.5, { trace_id: 'zero' });
  size.labels('y').observe(2 ** 40, { trace_id: 'beyond' });
  size.labels('z').observe(7);
  assert.deepEqual(await read(store), [
    [
      ['frequent 99', 4],
      ['rare', 2 ** 18],
    ],
    [
      ['zero', 0.5],
      ['beyond', 2 ** 40],
    ],
    [],
  ]);
  using reader = openStore({ path: store.path, readOnly: true });
  assert.equal((await read(reader)).flat().length, 4);
});

test('each tenth has one, negative values as well, and the counts are what they are without them', async (t) => {
  const store = temporaryStore(t);
  const options = { help: 'Size.', schema: 5, negative: true } as const;
  const plain = store.nativeHistogram({ name: 'plain', ...options });
  const size = store.nativeHistogram({ name: 'size', ...options, exemplars: true });
  for (let exponent = -17; exponent <= 9; exponent += 0.01) {
    for (const value of [2 ** exponent, -(2 ** exponent)]) {
      plain.observe(value);
      size.observe(value, { trace_id: String(value) });
    }
  }
  const [none, all = []] = await read(store);
  assert.deepEqual(none, []);
  assert.equal(all.length, 10);
  assert.ok(all.every(([trace, value]) => Number(trace) === value));
  assert.deepEqual(
    all.map(([, value]) => value),
    all.map(([, value]) => value).toSorted((one, other) => one - other),
  );
  // The sum of fractions depends on the CPUs that they were added up on.
  const [first, second] = store.snapshot().map(({ series }) => series.map((one) => ({ ...one, sum: undefined })));
  assert.deepEqual(first, second);
});

test('a histogram with fewer buckets than ten has one for each', async (t) => {
  const store = temporaryStore(t);
  const options = { name: 'size', help: 'Size.', schema: 0, range: [2, 4], exemplars: true } as const;
  const size = store.nativeHistogram(options);
  for (const value of [0, 2, 4]) size.observe(value, { trace_id: `${value}` });
  assert.deepEqual(await read(store), [
    [
      ['0', 0],
      ['2', 2],
      ['4', 4],
    ],
  ]);
});
