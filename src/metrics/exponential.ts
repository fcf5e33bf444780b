/**
 * What native histograms and summaries are declared with beside name and labels: how fine their buckets are, and from
 * where to where they go, which fixes the number of cells.
 */
import { display, PercpuMetricsError } from '../errors.js';
import type { MetricOptions } from './definition.js';

const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
const MAX_BUCKETS = 4000;
const MAX_QUANTILES = 100;
const DEFAULT_SCHEMA = 3;
const DEFAULT_RANGE: readonly [number, number] = [1e-4, 100];
const DEFAULT_RELATIVE_ERROR = 0.025;
const DEFAULT_QUANTILES: readonly number[] = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];

/** From where to where buckets go. */
interface RangeOptions {
  /**
   * The least and the greatest absolute value that are told apart, `[0.0001, 100]` by default. What is nearer to 0
   * counts as 0, what is further counts in the last bucket; sum and count are exact all the same.
   */
  readonly range?: readonly [number, number] | undefined;
  /** Give negative values buckets of their own, which doubles the cells. Without it they count as 0. */
  readonly negative?: boolean | undefined;
}

/** What a native histogram is declared with. */
export interface NativeHistogramOptions<Names extends readonly string[]> extends MetricOptions<Names>, RangeOptions {
  /**
   * From -4 to 8: each bucket's upper bound is its lower one times `2 ** (2 ** -schema)`. 3 by default, that is 8
   * buckets from one power of two to the next.
   */
  readonly schema?: number | undefined;
  /**
   * Keep up to ten exemplars of each series, as in `CounterOptions`: the last one of each tenth of the buckets, so that
   * frequent values leave those of rare ones alone. They are in protobuf only.
   */
  readonly exemplars?: boolean | undefined;
}

/** What a summary is declared with. */
export interface SummaryOptions<Names extends readonly string[]> extends MetricOptions<Names>, RangeOptions {
  /** Ascending, from 0 to 1; 0.01, 0.05, 0.5, 0.9, 0.95, 0.99 and 0.999 by default. */
  readonly quantiles?: readonly number[] | undefined;
  /**
   * How far a quantile within the range may be off at most, in relation to the observation that it stands for. 0.025 by
   * default, from 0.0014 on; the smaller, the more cells: half the error, twice the cells.
   */
  readonly relativeError?: number | undefined;
}

/** The checked part of a definition. */
export interface ExponentialDefinition {
  schema: number;
  range: number[];
  negative: boolean;
  quantiles?: number[];
}

type Given = Readonly<Record<string, unknown>>;

function refuse(name: string, option: string, expected: string, value: unknown): never {
  throw new PercpuMetricsError(
    'ERR_PCM_EXPONENTIAL',
    `${option} of ${name} must be ${expected}, not ${display(value)}`,
    { details: { name, option, value } },
  );
}

function checkSchema(name: string, schema: unknown): number {
  if (schema === undefined) return DEFAULT_SCHEMA;
  if (Number.isInteger(schema) && (schema as number) >= MIN_SCHEMA && (schema as number) <= MAX_SCHEMA) {
    return (schema as number) + 0;
  }
  refuse(name, 'schema', `an integer from ${MIN_SCHEMA} to ${MAX_SCHEMA}`, schema);
}

function checkNegative(name: string, negative: unknown): boolean {
  if (negative === undefined) return false;
  if (typeof negative === 'boolean') return negative;
  refuse(name, 'negative', 'true or false', negative);
}

function checkRange(name: string, schema: number, negative: boolean, range: unknown): number[] {
  if (range === undefined) return [...DEFAULT_RANGE];
  const [least, greatest] = Array.isArray(range) && range.length === 2 ? (range as unknown[]) : [];
  if (
    !Number.isFinite(least) ||
    !Number.isFinite(greatest) ||
    !(0 < Number(least) && Number(least) <= Number(greatest))
  ) {
    refuse(name, 'range', 'two finite numbers above 0, the lesser first', range);
  }
  const [from, to] = [Number(least), Number(greatest)];
  const buckets = (negative ? 2 : 1) * ((Math.log2(to) - Math.log2(from)) * 2 ** schema + 1) + 1;
  if (buckets > MAX_BUCKETS) {
    const expected = `narrower, for at most ${MAX_BUCKETS} buckets instead of ${Math.ceil(buckets)} (or take coarser ones)`;
    refuse(name, 'range', expected, range);
  }
  return [from, to];
}

function checkQuantiles(name: string, quantiles: unknown): number[] {
  if (quantiles === undefined) return [...DEFAULT_QUANTILES];
  const list: unknown[] = Array.isArray(quantiles) ? quantiles : [];
  const ascending = list.every(
    (quantile, index) =>
      typeof quantile === 'number' &&
      quantile >= 0 &&
      quantile <= 1 &&
      (index === 0 || quantile > (list[index - 1] as number)),
  );
  if (ascending && list.length > 0 && list.length <= MAX_QUANTILES) return list.map((quantile) => Number(quantile) + 0);
  refuse(name, 'quantiles', `1 to ${MAX_QUANTILES} numbers from 0 to 1, each greater than the one before`, quantiles);
}

/** The coarsest schema with which an estimate in the middle of a bucket is not further off than the error. */
function schemaFor(name: string, error: unknown = DEFAULT_RELATIVE_ERROR): number {
  for (let schema = 0; schema <= MAX_SCHEMA; schema += 1) {
    const growth = 2 ** (2 ** -schema);
    if (typeof error === 'number' && error < 1 && (growth - 1) / (growth + 1) <= error) return schema;
  }
  refuse(name, 'relativeError', 'a number from 0.0014 to below 1', error);
}

/**
 * Checks what a native histogram is declared with.
 *
 * @throws PercpuMetricsError `ERR_PCM_EXPONENTIAL`
 */
export function defineNativeHistogram(name: string, given: Given): ExponentialDefinition {
  const schema = checkSchema(name, given['schema']);
  const negative = checkNegative(name, given['negative']);
  return { schema, negative, range: checkRange(name, schema, negative, given['range']) };
}

/**
 * Checks what a summary is declared with.
 *
 * @throws PercpuMetricsError `ERR_PCM_EXPONENTIAL`
 */
export function defineSummary(name: string, given: Given): ExponentialDefinition {
  const schema = schemaFor(name, given['relativeError']);
  const negative = checkNegative(name, given['negative']);
  const range = checkRange(name, schema, negative, given['range']);
  return { schema, negative, range, quantiles: checkQuantiles(name, given['quantiles']) };
}
