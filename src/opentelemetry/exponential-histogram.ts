/** A native histogram's value as OpenTelemetry has it: dense lists of counts, one on each side of zero. */
import type { DataPoint, ExponentialHistogramMetricData } from '@opentelemetry/sdk-metrics';
import type { NativeHistogramSnapshot } from '../store/types.js';

type ExponentialHistogram =
  ExponentialHistogramMetricData['dataPoints'][number] extends DataPoint<infer Value> ? Value : never;
type Side = ExponentialHistogram['positive'];

/** A bucket by the absolute values of its bounds. */
interface Bucket {
  readonly near: number;
  readonly far: number;
  readonly count: number;
}

/**
 * Index i stands for the bucket whose lower bound is `2 ** (i * 2 ** -scale)`. Bounds next to 0 are rounded: one may be 0,
 * and those of several buckets the same.
 */
function side(buckets: readonly Bucket[], scale: number): Side {
  const indexOf = (bound: number) => Math.round(Math.log2(bound) * 2 ** scale);
  const indices = buckets.map(({ near, far }) => (near > 0 ? indexOf(near) : indexOf(far) - 1));
  const [offset = 0] = indices;
  const bucketCounts = new Array<number>((indices.at(-1) ?? -1) - offset + 1).fill(0);
  for (const [at, { count }] of buckets.entries()) {
    const index = (indices[at] as number) - offset;
    bucketCounts[index] = (bucketCounts[index] as number) + count;
  }
  return { offset, bucketCounts };
}

/** Whether the bucket around 0 has no width, as the next one, which has this number in it, begins at what no double is. */
function beginsAtZero(smallest: number, scale: number): boolean {
  return 2 ** ((Math.ceil(Math.log2(smallest) * 2 ** scale) - 1) * 2 ** -scale) === 0;
}

/** The value of a series; `scale` is the schema of its family, and `smallest` the beginning of its range. */
export function exponentialHistogram(
  series: NativeHistogramSnapshot,
  scale: number,
  smallest: number,
): ExponentialHistogram {
  const { exponentialBuckets, count, sum } = series;
  const widest = beginsAtZero(smallest, scale) ? 0 : Number.POSITIVE_INFINITY;
  const zero = exponentialBuckets.find(({ lower, upper }) => lower <= 0 && upper >= 0 && upper - lower <= widest);
  const others = exponentialBuckets.filter((bucket) => bucket !== zero);
  const positive = others.filter(({ lower }) => lower >= 0);
  const negative = others.filter(({ lower }) => lower < 0).reverse();
  return {
    count,
    sum,
    scale,
    zeroCount: zero?.count ?? 0,
    positive: side(
      positive.map(({ lower, upper, count: inBucket }) => ({ near: lower, far: upper, count: inBucket })),
      scale,
    ),
    negative: side(
      negative.map(({ lower, upper, count: inBucket }) => ({ near: -upper, far: -lower, count: inBucket })),
      scale,
    ),
  };
}
