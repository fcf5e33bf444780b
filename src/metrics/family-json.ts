/**
 * Values as JSON. JSON has no NaN and no infinities, which gauges may be and the last bucket is: they are the strings
 * `"NaN"`, `"+Inf"` and `"-Inf"`, as in the Prometheus text format.
 */
import type { FamilySnapshot, SeriesSnapshot } from '../store/types.js';

/** What JSON has no number for. */
export type NonFinite = 'NaN' | '+Inf' | '-Inf';

/** A number, or what JSON has no number for. */
export type JsonNumber = number | NonFinite;

/** A series as JSON. */
export type SeriesJson =
  | { labels: Record<string, string>; value: JsonNumber }
  | {
      labels: Record<string, string>;
      count: JsonNumber;
      sum: JsonNumber;
      buckets: { le: JsonNumber; count: JsonNumber }[];
    }
  | {
      labels: Record<string, string>;
      count: JsonNumber;
      sum: JsonNumber;
      exponentialBuckets: { lower: JsonNumber; upper: JsonNumber; count: JsonNumber }[];
    }
  | {
      labels: Record<string, string>;
      count: JsonNumber;
      sum: JsonNumber;
      quantiles: { quantile: number; value: JsonNumber }[];
    };

/** A family as JSON. */
export interface FamilyJson {
  name: string;
  type: string;
  help: string;
  unit: string;
  labelNames: string[];
  series: SeriesJson[];
}

/** A number as JSON. */
export function jsonNumber(value: number): JsonNumber {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function seriesJson(series: SeriesSnapshot): SeriesJson {
  const { labels } = series;
  if ('value' in series) return { labels, value: jsonNumber(series.value) };
  const totals = { labels, count: jsonNumber(series.count), sum: jsonNumber(series.sum) };
  if ('buckets' in series) {
    return {
      ...totals,
      buckets: series.buckets.map(({ le, count }) => ({ le: jsonNumber(le), count: jsonNumber(count) })),
    };
  }
  if ('quantiles' in series) {
    const quantiles = series.quantiles.map(({ quantile, value }) => ({ quantile, value: jsonNumber(value) }));
    return { ...totals, quantiles };
  }
  const exponentialBuckets = series.exponentialBuckets.map(({ lower, upper, count }) => ({
    lower: jsonNumber(lower),
    upper: jsonNumber(upper),
    count: jsonNumber(count),
  }));
  return { ...totals, exponentialBuckets };
}

/** A family with its values as JSON. */
export function familyJson(family: FamilySnapshot): FamilyJson {
  const { name, type, help, unit, labelNames, series } = family;
  return { name, type, help, unit, labelNames, series: series.map(seriesJson) };
}
