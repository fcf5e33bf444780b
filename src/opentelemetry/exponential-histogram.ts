/** A native histogram's value as OpenTelemetry has it: dense lists of counts, one on each side of zero. */
import type { DataPoint, ExponentialHistogramMetricData } from '@opentelemetry/sdk-metrics';
import type { NativeHistogramSnapshot } from '../store/types.js';

type ExponentialHistogram =
  ExponentialHistogramMetricData['dataPoints'][number] extends DataPoint<infer Value> ? Value : never;
type Side = ExponentialHistogram['positive'];

/** A bucket by the absolute values of its bounds. */
interface Bucket {
  readonly near: number;
  readonly count: number;
}

/** Index i stands for the bucket whose lower bound is `2 ** (i * 2 ** -scale)`. */
function side(buckets: readonly Bucket[], scale: number): Side {
  const indices = buckets.map(({ near }) => Math.round(Math.log2(near) * 2 ** scale));
  const [offset = 0] = indices;
  const bucketCounts = new Array<number>((indices.at(-1) ?? -1) - offset + 1).fill(0);
  for (const [at, { count }] of buckets.entries()) bucketCounts[(indices[at] as number) - offset] = count;
  return { offset, bucketCounts };
}

/** The value of a series; `scale` is the schema of its family. */
export function exponentialHistogram(series: NativeHistogramSnapshot, scale: number): ExponentialHistogram {
  const { exponentialBuckets, count, sum } = series;
  const positive = exponentialBuckets.filter(({ lower }) => lower > 0);
  const negative = exponentialBuckets.filter(({ upper }) => upper < 0).reverse();
  const zero = exponentialBuckets.find(({ lower, upper }) => lower <= 0 && upper >= 0);
  return {
    count,
    sum,
    scale,
    zeroCount: zero?.count ?? 0,
    positive: side(
      positive.map(({ lower, count: inBucket }) => ({ near: lower, count: inBucket })),
      scale,
    ),
    negative: side(
      negative.map(({ upper, count: inBucket }) => ({ near: -upper, count: inBucket })),
      scale,
    ),
  };
}
