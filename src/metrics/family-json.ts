/**
 * Values as JSON. JSON has no NaN and no infinities, which gauges may be and the last bucket is: they are the strings
 * `"NaN"`, `"+Inf"` and `"-Inf"`, as in the Prometheus text format.
 */
import type { ExemplarSnapshot, FamilySnapshot, SeriesSnapshot } from '../store/types.js';

/** What JSON has no number for. */
export type NonFinite = 'NaN' | '+Inf' | '-Inf';

/** A number, or what JSON has no number for. */
export type JsonNumber = number | NonFinite;

/** An exemplar as JSON. */
export type ExemplarJson = Omit<ExemplarSnapshot, 'value'> & { value: JsonNumber };

/** What series of all types have as JSON. */
interface AnySeriesJson {
  labels: Record<string, string>;
  /** Unix time in milliseconds since which it counts, where that is known. */
  createdAt?: number;
  /** In the order of the buckets, where there are any. */
  exemplars?: ExemplarJson[];
}

/** What is observed has these beside what tells its distribution. */
interface ObservedJson extends AnySeriesJson {
  count: JsonNumber;
  sum: JsonNumber;
}

/** A series as JSON. */
export type SeriesJson =
  | (AnySeriesJson & { value: JsonNumber })
  | (ObservedJson & { buckets: { le: JsonNumber; count: JsonNumber }[] })
  | (ObservedJson & { exponentialBuckets: { lower: JsonNumber; upper: JsonNumber; count: JsonNumber }[] })
  | (ObservedJson & { quantiles: { quantile: number; value: JsonNumber }[] });

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

function aboutSeries({ labels, createdAt, exemplars = [] }: SeriesSnapshot): AnySeriesJson {
  const about: AnySeriesJson = { labels };
  if (createdAt !== undefined) about.createdAt = createdAt;
  if (exemplars.length > 0) {
    about.exemplars = exemplars.map((exemplar) => ({ ...exemplar, value: jsonNumber(exemplar.value) }));
  }
  return about;
}

function seriesJson(series: SeriesSnapshot): SeriesJson {
  const about = aboutSeries(series);
  if ('value' in series) return { ...about, value: jsonNumber(series.value) };
  const totals = { ...about, count: jsonNumber(series.count), sum: jsonNumber(series.sum) };
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

/** A family with its values as JSON; with the creation times and exemplars that the snapshot was asked for. */
export function familyJson(family: FamilySnapshot): FamilyJson {
  const { name, type, help, unit, labelNames, series } = family;
  return { name, type, help, unit, labelNames, series: series.map(seriesJson) };
}
