/** Generators of bucket bounds, with the names and the arguments that other libraries have. */
import { display, PercpuMetricsError } from '../errors.js';

const MAX_BOUNDS = 512;

function refuse(generator: string, problem: string, details: Record<string, unknown>): never {
  throw new PercpuMetricsError('ERR_PCM_BUCKETS', `${generator} ${problem}`, { details });
}

function checkNumber(generator: string, argument: string, value: unknown, above = Number.NEGATIVE_INFINITY): void {
  if (typeof value === 'number' && Number.isFinite(value) && value > above) return;
  const range = above === Number.NEGATIVE_INFINITY ? 'a finite number' : `a finite number greater than ${above}`;
  refuse(generator, `takes ${range} as ${argument}, not ${display(value)}`, { argument, value });
}

function checkCount(generator: string, count: unknown, least: number): void {
  if (Number.isInteger(count) && (count as number) >= least && (count as number) <= MAX_BOUNDS) return;
  refuse(generator, `makes ${least} to ${MAX_BOUNDS} bounds, not ${display(count)}`, {
    argument: 'count',
    value: count,
  });
}

/** Bounds that are too close to be told apart, or too large, would be refused later with less to say about it. */
function checked(generator: string, bounds: number[]): number[] {
  const at = bounds.findIndex((bound, index) => !Number.isFinite(bound) || bound <= (bounds[index - 1] ?? -Infinity));
  if (at < 0) return bounds;
  return refuse(generator, `cannot make bound ${at + 1}, which would be ${bounds[at]}; take other arguments`, {
    bounds,
  });
}

/**
 * `count` bounds from `start` on, `width` apart.
 *
 * @throws PercpuMetricsError `ERR_PCM_BUCKETS`
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  checkNumber('linearBuckets', 'start', start);
  checkNumber('linearBuckets', 'width', width, 0);
  checkCount('linearBuckets', count, 1);
  return checked(
    'linearBuckets',
    Array.from({ length: count }, (_, index) => start + index * width),
  );
}

/**
 * `count` bounds from `start` on, each `factor` times the one before.
 *
 * @throws PercpuMetricsError `ERR_PCM_BUCKETS`
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  checkNumber('exponentialBuckets', 'start', start, 0);
  checkNumber('exponentialBuckets', 'factor', factor, 1);
  checkCount('exponentialBuckets', count, 1);
  return checked(
    'exponentialBuckets',
    Array.from({ length: count }, (_, index) => start * factor ** index),
  );
}

/**
 * `count` bounds from `min` to `max`, both included, each greater than the one before by the same factor.
 *
 * @throws PercpuMetricsError `ERR_PCM_BUCKETS`
 */
export function exponentialBucketsRange(min: number, max: number, count: number): number[] {
  checkNumber('exponentialBucketsRange', 'min', min, 0);
  checkNumber('exponentialBucketsRange', 'max', max, min);
  checkCount('exponentialBucketsRange', count, 2);
  const bounds = Array.from({ length: count }, (_, index) =>
    index === count - 1 ? max : min * (max / min) ** (index / (count - 1)),
  );
  return checked('exponentialBucketsRange', bounds);
}
