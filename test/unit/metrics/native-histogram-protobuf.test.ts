/** Native histograms as protobuf: what is written is read again, by field numbers of Prometheus' metrics.proto. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeHistogramSnapshot, Store } from 'percpu-metrics';
import { double, type Message, messages, readDelimited, signed, unsigned } from '../../support/protobuf-fields.js';
import { temporaryStore } from '../../support/temporary-store.js';

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

function side(histogram: Message, spans: number, deltas: number, bound: (index: number) => number): Bucket[] {
  const differences = signed(histogram, deltas);
  const buckets: Bucket[] = [];
  let index = 0;
  let count = 0;
  for (const span of messages(histogram, spans)) {
    index += signed(span, 1)[0] ?? 0;
    for (let left = unsigned(span, 2); left > 0; left -= 1) {
      count += differences[buckets.length] ?? Number.NaN;
      buckets.push({ lower: bound(index - 1), upper: bound(index), count });
      index += 1;
    }
  }
  assert.equal(differences.length, buckets.length);
  return buckets;
}

/** Each histogram with the buckets that its spans and deltas stand for. */
async function read(store: Store): Promise<{ buckets: Bucket[]; histogram: Message }[]> {
  const families = readDelimited(await store.render({ syntax: 'protobuf' }));
  return families
    .flatMap((family) => messages(family, 4))
    .flatMap((metric) => messages(metric, 7))
    .map((histogram) => {
      const [schema = Number.NaN] = signed(histogram, 5);
      const bound = (index: number) => 2 ** (index * 2 ** -schema);
      const threshold = double(histogram, 6);
      const negative = side(histogram, 9, 10, bound).map(({ lower, upper, count }) => {
        return { lower: -upper, upper: -lower, count };
      });
      const zero = { lower: negative.length > 0 ? -threshold : 0, upper: threshold, count: unsigned(histogram, 7) };
      const positive = side(histogram, 12, 13, bound);
      const buckets = [...negative.reverse(), ...(zero.count > 0 ? [zero] : []), ...positive];
      return { buckets, histogram };
    });
}

function isClose(one: number, other: number): boolean {
  return Math.abs(one - other) <= 1e-12 * Math.abs(one);
}

test('spans and deltas stand for the buckets that a snapshot has', async (t) => {
  const store = temporaryStore(t);
  const values = [-50, -3, -3, -0.02, 0, 0.00001, 0.3, 0.31, 0.32, 0.5, 0.5, 0.5, 1, 7, 99.5, 1e6];
  for (const schema of [-4, -1, 0, 2, 5]) {
    const name = `size_${schema + 4}`;
    const size = store.nativeHistogram({ name, help: 'Size.', schema, range: [0.01, 100], negative: true });
    for (const value of values) size.observe(value);
  }
  const snapshots = store.snapshot().map((family) => family.series[0] as NativeHistogramSnapshot);
  const histograms = await read(store);
  assert.equal(histograms.length, snapshots.length);
  for (const [index, { buckets, histogram }] of histograms.entries()) {
    const { exponentialBuckets, count, sum } = snapshots[index] as NativeHistogramSnapshot;
    assert.deepEqual([unsigned(histogram, 1), double(histogram, 2)], [count, sum]);
    assert.deepEqual(
      buckets.map((bucket) => bucket.count),
      exponentialBuckets.map((bucket) => bucket.count),
    );
    for (const [at, bucket] of buckets.entries()) {
      const { lower, upper } = exponentialBuckets[at] as Bucket;
      assert.ok(isClose(bucket.lower, lower) && isClose(bucket.upper, upper), `${JSON.stringify(bucket)}: ${lower}`);
    }
  }
});

test('a histogram without observations has a threshold that tells that it is a native one', async (t) => {
  const store = temporaryStore(t);
  store.nativeHistogram({ name: 'size', help: 'Size.', labelNames: ['a'] }).zero('x');
  const [only] = await read(store);
  assert.ok(only !== undefined);
  assert.deepEqual(only.buckets, []);
  assert.ok(double(only.histogram, 6) > 0 && double(only.histogram, 6) <= 0.0001);
  assert.deepEqual(only.histogram.get(3), undefined);
});

test('one that fills all of its buckets is written whole', async (t) => {
  const store = temporaryStore(t);
  const size = store.nativeHistogram({ name: 'size', help: 'Size.', schema: 5, range: [1e-9, 1e9], negative: true });
  // Every other bucket only: the most spans that there can be.
  for (let index = -900; index < 900; index += 2) {
    for (const sign of [-1, 1]) size.observe(sign * 2 ** ((index + 0.5) / 32));
  }
  const [only] = await read(store);
  assert.equal(only?.buckets.length, 1800);
  assert.ok(only?.buckets.every(({ count }) => count === 1));
});
