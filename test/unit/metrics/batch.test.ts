import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

function histogramOf(store: ReturnType<typeof temporaryStore>, name: string): [count: number, sum: number] {
  const [series] = store.snapshot().find((family) => family.name === name)?.series ?? [];
  assert.ok(series !== undefined && 'sum' in series);
  return [series.count, series.sum];
}

test('a batch increments counters, sets gauges and observes', (t) => {
  const store = temporaryStore(t);
  const requests = store.counter({ name: 'a_total', help: 'A.', labelNames: ['method'] }).labels('GET');
  const bytes = store.counter({ name: 'b_total', help: 'B.' });
  const queue = store.gauge({ name: 'queue', help: 'Queue.' });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', buckets: [1, 2] });
  const took = store.nativeHistogram({ name: 'took', help: 'Took.' });
  const size = store.summary({ name: 'size', help: 'Size.' });
  const batch = store.batch([requests, bytes, queue, wait, took, size]);
  batch.record(1, 2 ** 40, -0.5, 1.5, 0.25, 7);
  batch.record(2, 0.5, Number.POSITIVE_INFINITY, 3, 0.5, 8);
  assert.equal(numberOf(store, 'a_total'), 3);
  assert.equal(numberOf(store, 'b_total'), 2 ** 40 + 0.5);
  assert.equal(numberOf(store, 'queue'), Number.POSITIVE_INFINITY);
  assert.deepEqual(histogramOf(store, 'wait'), [2, 4.5]);
  assert.deepEqual(histogramOf(store, 'took'), [2, 0.75]);
  assert.deepEqual(histogramOf(store, 'size'), [2, 15]);
});

for (const [amounts, code, message] of [
  [[1, 1, Number.NaN], 'ERR_PCM_AMOUNT_NOT_FINITE', /observe of wait takes a finite number, not NaN/],
  [[-1, 1, 1], 'ERR_PCM_AMOUNT_NEGATIVE', /a_total takes 0 or more, not -1/],
  [[1, '1', 1], 'ERR_PCM_AMOUNT_TYPE', /set of queue takes a number, not '1'/],
  [[1, undefined, 1], 'ERR_PCM_AMOUNT_TYPE', /not undefined/],
  [[1, 1], 'ERR_PCM_BATCH', /takes 3 amounts, not 2/],
  [[1, 1, 1, 1], 'ERR_PCM_BATCH', /takes 3 amounts, not 4/],
] as const) {
  test(`of ${JSON.stringify(amounts)} nothing is counted`, (t) => {
    const store = temporaryStore(t);
    const requests = store.counter({ name: 'a_total', help: 'A.' });
    const queue = store.gauge({ name: 'queue', help: 'Queue.' });
    const batch = store.batch([requests, queue, store.histogram({ name: 'wait', help: 'Wait.' })]);
    const record: (...given: readonly unknown[]) => void = batch.record.bind(batch) as never;
    assert.throws(() => record(...amounts), { name: 'PercpuMetricsError', code, message });
    assert.deepEqual([numberOf(store, 'a_total'), numberOf(store, 'queue')], [0, 0]);
    assert.deepEqual(histogramOf(store, 'wait'), [0, 0]);
  });
}

test('a batch is made of handles of its own store', (t) => {
  const store = temporaryStore(t);
  const other = temporaryStore(t);
  const labelled = store.counter({ name: 'a_total', help: 'A.', labelNames: ['x'] });
  for (const [handles, message] of [
    [[other.counter({ name: 'a_total', help: 'A.' })], /item 1 of a batch must be a counter.* of this store/],
    [[labelled.labels('x'), labelled], /item 2 .* of a family with labels one of its handles/],
    [[null], /not null/],
    [[], /1 to 64 handles, not 0/],
    [Array.from({ length: 65 }, () => labelled.labels('x')), /not 65/],
    [undefined, /not undefined/],
  ] as const) {
    assert.throws(() => store.batch(handles as never), { code: 'ERR_PCM_BATCH', message });
  }
});

test('what a full store has no room for is dropped with a warning, the rest of the batch is counted', async (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const fractions = store.counter({ name: 'a_total', help: 'A.' });
  const whole = store.counter({ name: 'b_total', help: 'B.' });
  const batch = store.batch([fractions, whole]);
  const filler = store.counter({ name: 'c_total', help: 'C.', labelNames: ['n'] });
  assert.throws(
    () => {
      for (let n = 0; n < 2000; n += 1) filler.labels(n);
    },
    { code: 'ERR_PCM_CAPACITY' },
  );
  const warned = new Promise<Error & { code?: string }>((resolve) => {
    process.once('warning', resolve);
  });
  batch.record(0.5, 2);
  assert.equal((await warned).code, 'ERR_PCM_CAPACITY');
  assert.deepEqual([numberOf(store, 'a_total'), numberOf(store, 'b_total')], [0, 2]);
});

test('a batch of a closed store does nothing, but still refuses what is wrong', (t) => {
  const store = temporaryStore(t);
  const batch = store.batch([store.counter({ name: 'a_total', help: 'A.' })]);
  store.close();
  batch.record(1);
  assert.throws(() => batch.record(-1), { code: 'ERR_PCM_AMOUNT_NEGATIVE' });
});
