import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exponentialBuckets, exponentialBucketsRange, linearBuckets } from 'percpu-metrics';

test('linear bounds are as far apart as wanted', () => {
  assert.deepEqual(linearBuckets(-5, 5, 4), [-5, 0, 5, 10]);
});

test('exponential bounds grow by the factor', () => {
  assert.deepEqual(exponentialBuckets(0.5, 2, 4), [0.5, 1, 2, 4]);
});

test('exponential bounds of a range begin and end exactly where wanted', () => {
  const bounds = exponentialBucketsRange(0.001, 10, 5);
  assert.equal(bounds.length, 5);
  assert.deepEqual([bounds[0], bounds[4]], [0.001, 10]);
  for (const bound of bounds.slice(1).map((bound, index) => bound / (bounds[index] ?? 0))) {
    assert.ok(Math.abs(bound - 10) < 1e-9, String(bound));
  }
});

for (const [make, message] of [
  [() => linearBuckets(Number.NaN, 1, 3), /takes a finite number as start, not NaN/],
  [() => linearBuckets(0, 0, 3), /greater than 0 as width, not 0/],
  [() => linearBuckets(0, 1, 0), /makes 1 to 512 bounds, not 0/],
  [() => linearBuckets(0, 1, 2.5), /not 2.5/],
  [() => linearBuckets(1e300, 1e-9, 3), /cannot make bound 2/],
  [() => exponentialBuckets(0, 2, 3), /greater than 0 as start/],
  [() => exponentialBuckets(1, 1, 3), /greater than 1 as factor/],
  [() => exponentialBuckets(1, 2, 513), /not 513/],
  [() => exponentialBuckets(1, 1e300, 3), /bound 3, which would be Infinity/],
  [() => exponentialBuckets('1' as unknown as number, 2, 3), /not '1'/],
  [() => exponentialBucketsRange(1, 1, 3), /greater than 1 as max/],
  [() => exponentialBucketsRange(1, 2, 1), /makes 2 to 512/],
] as const) {
  test(`${make} is refused`, () => {
    assert.throws(make, { code: 'ERR_PCM_BUCKETS', message });
  });
}
