import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_BUCKETS, type HistogramSnapshot, type Store } from 'percpu-metrics';
import { temporaryStore } from '../../support/temporary-store.js';

function only(store: Store): HistogramSnapshot {
  const series = store.snapshot()[0]?.series[0];
  assert.ok(series !== undefined && 'buckets' in series);
  return series;
}

test('an observation is in the bucket of the smallest bound that is not below it, and in all above', (t) => {
  const store = temporaryStore(t);
  const size = store.histogram({ name: 'size', help: 'Size.', buckets: [-1, 1, 10] });
  for (const value of [-2, -1, 0, 1, 1.5, 10, 11, 1e9]) size.observe(value);
  assert.deepEqual(only(store), {
    labels: {},
    buckets: [
      { le: -1, count: 2 },
      { le: 1, count: 4 },
      { le: 10, count: 6 },
      { le: Number.POSITIVE_INFINITY, count: 8 },
    ],
    count: 8,
    sum: 1e9 + 20.5,
  });
});

test('a histogram has the usual buckets where none are given', (t) => {
  const store = temporaryStore(t);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', unit: 'seconds' });
  assert.deepEqual(wait.buckets, DEFAULT_BUCKETS);
  wait.observe(0.005);
  assert.equal(only(store).buckets.length, 12);
  assert.equal(only(store).buckets[0]?.count, 1);
});

test('a timer observes the seconds that it returns', (t) => {
  const store = temporaryStore(t);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', labelNames: ['queue'] });
  const seconds = wait.labels({ queue: 'q' }).startTimer()();
  assert.equal(only(store).count, 1);
  assert.equal(only(store).sum, seconds);
});

for (const [value, code, message] of [
  [Number.NaN, 'ERR_PCM_AMOUNT_NOT_FINITE', /^observe of size takes a finite number, not NaN/],
  [Number.POSITIVE_INFINITY, 'ERR_PCM_AMOUNT_NOT_FINITE', /not Infinity/],
  ['3', 'ERR_PCM_AMOUNT_TYPE', /not '3'/],
  [undefined, 'ERR_PCM_AMOUNT_TYPE', /not undefined/],
] as const) {
  test(`${String(value)} (${typeof value}) is not observed, and nothing is counted`, (t) => {
    const store = temporaryStore(t);
    const size = store.histogram({ name: 'size', help: 'Size.', buckets: [1] });
    size.observe(0.5);
    const before = store.snapshot();
    assert.throws(() => size.observe(value as number), { name: 'PercpuMetricsError', code, message });
    assert.deepEqual(store.snapshot(), before);
  });
}

test('a closed store has histograms that do nothing', (t) => {
  const store = temporaryStore(t);
  const size = store.histogram({ name: 'size', help: 'Size.', buckets: [1] });
  size.observe(1);
  store.close();
  size.observe(1);
  size.startTimer()();
  assert.equal(only(temporaryStore(t, { path: store.path })).count, 1);
});
