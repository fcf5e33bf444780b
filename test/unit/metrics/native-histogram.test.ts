/**
 * Exponential buckets against a reference in whole numbers: a bound 2^(i / 2^s) is irrational, but whether a double is
 * above it is a comparison of its 2^s-th power with a power of two, which BigInt decides exactly.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeHistogramSnapshot, Store, SummarySnapshot } from 'percpu-metrics';
import { temporaryStore } from '../../support/temporary-store.js';

const view = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function fromBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** A positive double as mantissa * 2^exponent. */
function exactly(value: number): [mantissa: bigint, exponent: number] {
  const bits = bitsOf(value);
  const exponent = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return exponent === 0 ? [fraction, -1074] : [fraction | (1n << 52n), exponent - 1075];
}

/** Whether (mantissa * 2^exponent)^n > 2^index. */
function isAbove(mantissa: bigint, exponent: number, n: number, index: number): boolean {
  const shift = index - exponent * n;
  return shift < 0 || mantissa ** BigInt(n) > 1n << BigInt(shift);
}

/** The double nearest to 2^(index / 2^schema), for a result that is normal. */
function bound(schema: number, index: number): number {
  if (schema <= 0) return 2 ** (index * 2 ** -schema);
  const n = 2 ** schema;
  let low = bitsOf(2 ** Math.floor(index / n));
  let high = bitsOf(2 ** (Math.floor(index / n) + 1));
  // The greatest double that is not above the bound, then the nearer of it and the next one.
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (isAbove(...exactly(fromBits(middle)), n, index)) high = middle;
    else low = middle;
  }
  const [mantissa, exponent] = exactly(fromBits(low));
  return isAbove(mantissa * 2n + 1n, exponent - 1, n, index) ? fromBits(low) : fromBits(high);
}

/** A generator of numbers from 0 to 1 that is the same every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function only<Snapshot>(store: Store, name: string): Snapshot {
  const [series] = store.snapshot().find((family) => family.name === name)?.series ?? [];
  return series as unknown as Snapshot;
}

for (const schema of [-4, -2, 0, 1, 3, 5, 8]) {
  test(`schema ${schema}: a value on a bound is in the bucket below, the next one is in the bucket above`, (t) => {
    const store = temporaryStore(t);
    const next = random(schema + 100);
    const n = 2 ** schema;
    for (let round = 0; round < 12; round += 1) {
      const exponent = Math.floor((next() * 2 - 1) * 900);
      const index = schema <= 0 ? Math.floor(exponent * n) : Math.floor((exponent + next()) * n);
      const at = bound(schema, index);
      const above = fromBits(bitsOf(at) + 1n);
      const name = `h_${round}`;
      const range = [at, bound(schema, index + 2)] as const;
      const histogram = store.nativeHistogram({ name, help: 'H.', schema, range });
      for (const value of [at, above, above]) histogram.observe(value);
      assert.deepEqual(
        only<NativeHistogramSnapshot>(store, name).exponentialBuckets,
        [
          { lower: bound(schema, index - 1), upper: at, count: 1 },
          { lower: at, upper: bound(schema, index + 1), count: 2 },
        ],
        `index ${index}`,
      );
    }
  });
}

test('any value is in a bucket whose bounds hold it, also the smallest and the greatest doubles', (t) => {
  const store = temporaryStore(t, { capacity: 65536 });
  const next = random(7);
  const values = Array.from({ length: 2000 }, () => fromBits(BigInt(Math.floor(next() * 0x7fe00000)) << 32n) + 0);
  values.push(Number.MIN_VALUE, 2 ** -1022, 2 ** -1022 - Number.MIN_VALUE, Number.MAX_VALUE, 1, 3 * Number.MIN_VALUE);
  for (const schema of [-4, -2, -1]) {
    const name = `h_${schema + 4}`;
    const range = [Number.MIN_VALUE, Number.MAX_VALUE] as const;
    const histogram = store.nativeHistogram({ name, help: 'H.', schema, range, negative: true });
    for (const value of values) histogram.observe(value);
    for (const value of values) histogram.observe(-value);
    const { exponentialBuckets, count } = only<NativeHistogramSnapshot>(store, name);
    assert.equal(count, 2 * values.length);
    for (const { lower, upper, count: inBucket } of exponentialBuckets) {
      const expected =
        lower === 0 || upper === 0
          ? undefined
          : upper > 0
            ? values.filter((value) => value > lower && value <= upper).length
            : values.filter((value) => -value >= lower && -value < upper).length;
      if (expected !== undefined) assert.equal(inBucket, expected, `${schema}: ${lower} to ${upper}`);
    }
  }
});

test('what is nearer to 0 than the range counts as 0, what is beyond it in the last bucket, and the sum is exact', (t) => {
  const store = temporaryStore(t);
  const size = store.nativeHistogram({ name: 'size', help: 'Size.', schema: 0, range: [1.5, 6], negative: true });
  for (const value of [0, 1, -1, 0.5, 1.5, -3, 5, 8, 9, 1e9, -1e9]) size.observe(value);
  assert.deepEqual(only<NativeHistogramSnapshot>(store, 'size'), {
    labels: {},
    exponentialBuckets: [
      { lower: -8, upper: -4, count: 1 },
      { lower: -4, upper: -2, count: 1 },
      { lower: -1, upper: 1, count: 4 },
      { lower: 1, upper: 2, count: 1 },
      { lower: 4, upper: 8, count: 4 },
    ],
    count: 11,
    sum: 0 + 1 - 1 + 0.5 + 1.5 - 3 + 5 + 8 + 9,
  });
});

test('negative values count as 0 where they have no buckets', (t) => {
  const store = temporaryStore(t);
  const size = store.nativeHistogram({ name: 'size', help: 'Size.', schema: 0, range: [1, 4] });
  for (const value of [-5, -0.1, 0, 3]) size.observe(value);
  const { exponentialBuckets, sum } = only<NativeHistogramSnapshot>(store, 'size');
  assert.deepEqual(exponentialBuckets, [
    { lower: 0, upper: 0.5, count: 3 },
    { lower: 2, upper: 4, count: 1 },
  ]);
  assert.ok(Math.abs(sum + 2.1) < 1e-12);
});

test('definitions have their defaults filled in, and another one is another definition', (t) => {
  const store = temporaryStore(t);
  const size = store.nativeHistogram({ name: 'size', help: 'Size.' });
  assert.deepEqual([size.schema, size.range], [3, [0.0001, 100]]);
  assert.deepEqual(store.find('size'), {
    type: 'native-histogram',
    name: 'size',
    help: 'Size.',
    unit: '',
    labelNames: [],
    buckets: [],
    schema: 3,
    range: [0.0001, 100],
    negative: false,
  });
  assert.equal(store.nativeHistogram({ name: 'size', help: 'Size.', schema: 3 }) as unknown, size);
  for (const other of [{ schema: 4 }, { range: [0.0001, 99] as const }, { negative: true }]) {
    assert.throws(() => store.nativeHistogram({ name: 'size', help: 'Size.', ...other }), {
      code: 'ERR_PCM_DEFINITION_CONFLICT',
    });
  }
  assert.throws(() => store.histogram({ name: 'size', help: 'Size.' }), { code: 'ERR_PCM_TYPE_CONFLICT' });
  assert.throws(() => store.counter({ name: 'size_count', help: 'Size.' }), { code: 'ERR_PCM_DEFINITION_CONFLICT' });
});

test('quantiles of a summary are within its relative error of the observation of their rank', (t) => {
  const store = temporaryStore(t);
  const next = random(42);
  for (const relativeError of [0.2, 0.025, 0.01]) {
    const name = `wait_${relativeError * 1000}`;
    const quantiles = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1];
    const wait = store.summary({ name, help: 'Wait.', quantiles, relativeError, negative: true });
    const values = Array.from({ length: 3000 }, () => (next() < 0.3 ? -1 : 1) * 10 ** (next() * 5 - 3.5));
    for (const value of values) wait.observe(value);
    values.sort((one, other) => one - other);
    const read = only<SummarySnapshot>(store, name);
    assert.equal(read.count, values.length);
    assert.equal(read.quantiles.length, quantiles.length);
    for (const { quantile, value } of read.quantiles) {
      const exact = values[Math.floor(quantile * (values.length - 1))] ?? Number.NaN;
      assert.ok(Math.abs(value - exact) <= Math.abs(exact) * relativeError, `${quantile}: ${value}, not ${exact}`);
    }
  }
});

test('a summary without observations has quantiles that are NaN, and one of zeros has 0', (t) => {
  const store = temporaryStore(t);
  const wait = store.summary({ name: 'wait', help: 'Wait.', quantiles: [0.5] });
  assert.deepEqual(only(store, 'wait'), {
    labels: {},
    quantiles: [{ quantile: 0.5, value: Number.NaN }],
    count: 0,
    sum: 0,
  });
  wait.observe(0);
  assert.deepEqual(only(store, 'wait'), { labels: {}, quantiles: [{ quantile: 0.5, value: 0 }], count: 1, sum: 0 });
});

test('a value that is not finite is refused, and nothing is counted', (t) => {
  const store = temporaryStore(t);
  const wait = store.summary({ name: 'wait', help: 'Wait.' });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -Number.POSITIVE_INFINITY]) {
    assert.throws(() => wait.observe(value), { code: 'ERR_PCM_AMOUNT_NOT_FINITE' });
  }
  assert.equal(only<SummarySnapshot>(store, 'wait').count, 0);
});

for (const [options, message] of [
  [{ schema: 9 }, /schema of a must be an integer from -4 to 8, not 9/],
  [{ schema: 1.5 }, /not 1.5/],
  [{ schema: '3' }, /not '3'/],
  [{ negative: 1 }, /negative of a must be true or false, not 1/],
  [{ range: [0, 1] }, /range of a must be two finite numbers above 0, the lesser first, not \[ 0, 1 \]/],
  [{ range: [2, 1] }, /the lesser first/],
  [{ range: [1, Number.POSITIVE_INFINITY] }, /two finite numbers/],
  [{ range: [1] }, /not \[ 1 \]/],
  [{ range: ['1', '2'] }, /not \[ '1', '2' \]/],
  [{ range: [1e-9, 1e9], schema: 8 }, /at most 4000 buckets instead of 15310/],
  [{ quantiles: [] }, /quantiles of a must be 1 to 100 numbers/],
  [{ quantiles: [0.5, 0.5] }, /greater than the one before/],
  [{ quantiles: [1.1] }, /not \[ 1.1 \]/],
  [{ quantiles: 0.5 }, /not 0.5/],
  [{ relativeError: 0.001 }, /relativeError of a must be a number from 0.0014 to below 1, not 0.001/],
  [{ relativeError: 1 }, /not 1$/],
  [{ relativeError: '0.1' }, /not '0.1'/],
] as const) {
  test(`${JSON.stringify(options)} is refused`, (t) => {
    const store = temporaryStore(t);
    const given = { name: 'a', help: 'A.', ...options } as never;
    const isSummary = 'quantiles' in options || 'relativeError' in options;
    assert.throws(() => (isSummary ? store.summary(given) : store.nativeHistogram(given)), {
      name: 'PercpuMetricsError',
      code: 'ERR_PCM_EXPONENTIAL',
      message,
    });
    assert.deepEqual(store.snapshot(), []);
  });
}
