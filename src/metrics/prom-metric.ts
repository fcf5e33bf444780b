/**
 * The shape in which prom-client and its forks take a metric's values: a flat list, in which the buckets, the sum and
 * the count of a histogram have names of their own.
 */
import type { ExemplarSnapshot, ExposedNames, FamilySnapshot, MetricType, SeriesSnapshot } from '../store/types.js';
import { hasPlainNames } from './sample-names.js';

/** What prom-client renders in OpenMetrics behind a value. */
export interface PromExemplar {
  labelSet: Record<string, string>;
  value: number;
  /** Unix time in seconds. */
  timestamp: number;
}

/** One line of a metric. */
export interface PromValue {
  labels: Record<string, string | number>;
  value: number;
  /** Where it is another than the metric's. */
  metricName?: string;
  exemplar?: PromExemplar;
}

/** What `get()` of a metric of prom-client resolves to. */
export interface PromMetric {
  name: string;
  help: string;
  type: string;
  values: PromValue[];
  /** Every process sees the whole store, so whoever aggregates over processes takes one answer and does not add. */
  aggregator: 'first';
}

/**
 * Types that prom-client has no name for go by the nearest one that it has: it writes the name as it is, and `untyped`
 * would be none in OpenMetrics.
 */
const TYPES: Readonly<Record<MetricType, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  untyped: 'gauge',
  info: 'gauge',
  stateset: 'gauge',
  'native-histogram': 'histogram',
  summary: 'summary',
};

function withExemplar(line: PromValue, exemplar: ExemplarSnapshot | undefined): PromValue {
  if (exemplar === undefined) return line;
  const { labels, value, timestamp = 0 } = exemplar;
  return { ...line, exemplar: { labelSet: labels, value, timestamp: timestamp / 1000 } };
}

function bucket(name: string, labels: Record<string, string>, le: number, count: number): PromValue {
  const bound = le === Number.POSITIVE_INFINITY ? '+Inf' : le;
  return { labels: { le: bound, ...labels }, value: count, metricName: `${name}_bucket` };
}

/** The last of those that a native histogram has, for it has but one bucket here. */
function latest(exemplars: readonly ExemplarSnapshot[]): ExemplarSnapshot | undefined {
  return exemplars.toSorted((one, other) => (one.timestamp ?? 0) - (other.timestamp ?? 0)).at(-1);
}

function parts(name: string, series: Exclude<SeriesSnapshot, { value: number }>): PromValue[] {
  const { labels, count, exemplars = [] } = series;
  if ('buckets' in series) {
    return series.buckets.map((one, index) =>
      withExemplar(
        bucket(name, labels, one.le, one.count),
        exemplars.find((exemplar) => exemplar.bucket === index),
      ),
    );
  }
  if ('exponentialBuckets' in series) {
    return [withExemplar(bucket(name, labels, Number.POSITIVE_INFINITY, count), latest(exemplars))];
  }
  return series.quantiles.map(({ quantile, value }) => ({ labels: { quantile, ...labels }, value }));
}

function values(name: string, series: SeriesSnapshot): PromValue[] {
  const { labels } = series;
  if ('value' in series) return [withExemplar({ labels: { ...labels }, value: series.value }, series.exemplars?.[0])];
  return [
    ...parts(name, series),
    { labels: { ...labels }, value: series.sum, metricName: `${name}_sum` },
    { labels: { ...labels }, value: series.count, metricName: `${name}_count` },
  ];
}

/** A family in prom-client's shape, fresh objects all through, because its registry writes into them. */
export function promMetric({ name, help, type, series }: FamilySnapshot): PromMetric {
  const lines = series.flatMap((one) => values(name, one));
  return { name, help, type: TYPES[type], values: lines, aggregator: 'first' };
}

/** A family by other names: a registry of prom-client writes them as they are, and knows the older ones only. */
function renamed(family: FamilySnapshot, { name, labelNames }: ExposedNames): FamilySnapshot {
  const names = new Map(family.labelNames.map((label, index) => [label, labelNames[index] ?? label]));
  const rename = (labels: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(labels).map(([label, value]) => [names.get(label) ?? label, value]));
  const series = family.series.map((one) => ({ ...one, labels: rename(one.labels) }));
  return { ...family, name, labelNames, series };
}

/** What a {@link PromReader} reads. */
export interface PromSource {
  snapshot(): Promise<FamilySnapshot[]>;
  /** What the families of a snapshot, and any later ones, are called in text of older names. */
  names(): ExposedNames[];
}

/**
 * Reads families for prom-client, whose registry asks all its metrics within one turn: they share one snapshot, which
 * is taken after the last of them asked and so holds whatever was counted before.
 */
export class PromReader {
  readonly #source: PromSource;
  #pending: Promise<Map<string, FamilySnapshot>> | undefined;

  constructor(source: PromSource) {
    this.#source = source;
  }

  /** The family of this name, with the names that every reader knows. */
  async read(name: string): Promise<FamilySnapshot | undefined> {
    this.#pending ??= this.#read();
    return (await this.#pending).get(name);
  }

  async #read(): Promise<Map<string, FamilySnapshot>> {
    await Promise.resolve();
    this.#pending = undefined;
    const families = await this.#source.snapshot();
    // Plain names are never changed: most stores need not be read twice.
    const names = families.every(hasPlainNames) ? [] : this.#source.names();
    return new Map(
      families.map((family, index) => {
        const exposed = names[index];
        return [family.name, exposed === undefined || hasPlainNames(family) ? family : renamed(family, exposed)];
      }),
    );
  }
}
