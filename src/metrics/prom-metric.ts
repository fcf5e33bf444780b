/**
 * The shape in which prom-client and its forks take a metric's values: a flat list, in which the buckets, the sum and
 * the count of a histogram have names of their own.
 */
import type { FamilyDefinition, FamilySnapshot, HistogramSnapshot, NumberSnapshot } from '../store/types.js';

/** One line of a metric. */
export interface PromValue {
  labels: Record<string, string | number>;
  value: number;
  /** Where it is another than the metric's. */
  metricName?: string;
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

function histogramValues(name: string, series: HistogramSnapshot): PromValue[] {
  const { labels, buckets, sum, count } = series;
  return [
    ...buckets.map((bucket) => ({
      labels: { le: bucket.le === Number.POSITIVE_INFINITY ? '+Inf' : bucket.le, ...labels },
      value: bucket.count,
      metricName: `${name}_bucket`,
    })),
    { labels: { ...labels }, value: sum, metricName: `${name}_sum` },
    { labels: { ...labels }, value: count, metricName: `${name}_count` },
  ];
}

function isHistogram(series: NumberSnapshot | HistogramSnapshot): series is HistogramSnapshot {
  return 'buckets' in series;
}

/** A family in prom-client's shape, fresh objects all through, because its registry writes into them. */
export function promMetric(
  definition: FamilyDefinition,
  name: string,
  snapshot: FamilySnapshot | undefined,
): PromMetric {
  const values = (snapshot?.series ?? []).flatMap((series) =>
    isHistogram(series) ? histogramValues(name, series) : [{ labels: { ...series.labels }, value: series.value }],
  );
  return { name, help: definition.help, type: definition.type, values, aggregator: 'first' };
}

/**
 * Reads families for prom-client, whose registry asks all its metrics within one turn: they share one snapshot, which
 * is taken after the last of them asked and so holds whatever was counted before.
 */
export class PromReader {
  readonly #snapshot: () => FamilySnapshot[];
  #pending: Promise<Map<string, FamilySnapshot>> | undefined;

  constructor(snapshot: () => FamilySnapshot[]) {
    this.#snapshot = snapshot;
  }

  async read(name: string): Promise<FamilySnapshot | undefined> {
    this.#pending ??= Promise.resolve().then(() => {
      this.#pending = undefined;
      return new Map(this.#snapshot().map((family) => [family.name, family]));
    });
    return (await this.#pending).get(name);
  }
}
