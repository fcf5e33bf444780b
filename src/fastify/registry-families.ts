/**
 * The metrics of a registry of prom-client as it gives them in JSON: flat lists of samples, in which the buckets, the
 * sum and the count of a histogram have names of their own. Out of these it can be in a scrape of any format.
 *
 * Invariant: what has another shape is an error that says so, or a metric that is left out; never half of one.
 */
import { display } from '../errors.js';
import type { ExemplarSnapshot, FamilySnapshot, MetricType, SeriesSnapshot } from '../store/types.js';

interface Sample {
  readonly labels?: Readonly<Record<string, unknown>>;
  readonly value: unknown;
  readonly metricName?: string;
  readonly exemplar?: { readonly labelSet?: object; readonly value?: unknown; readonly timestamp?: unknown } | null;
}

interface Metric {
  readonly name: string;
  readonly help?: unknown;
  readonly type?: unknown;
  readonly values?: readonly Sample[];
}

interface Bucket {
  readonly le: number;
  readonly count: number;
  readonly exemplar: Omit<ExemplarSnapshot, 'bucket'> | undefined;
}

/** What the samples of one set of labels amount to. */
interface Collected {
  readonly labels: Record<string, string>;
  readonly buckets: Bucket[];
  readonly quantiles: { quantile: number; value: number }[];
  value: number;
  sum: number;
  count: number;
  exemplar: Omit<ExemplarSnapshot, 'bucket'> | undefined;
}

const TYPES: readonly unknown[] = ['counter', 'gauge', 'histogram', 'summary'] satisfies MetricType[];
/** The label that tells the samples of a series apart. */
const OWN_LABELS: Readonly<Record<string, string>> = { histogram: 'le', summary: 'quantile' };

function texts(labels: object): [string, string][] {
  return Object.entries(labels).map(([name, value]) => [name, String(value)]);
}

function exemplarOf({ exemplar }: Sample): Bucket['exemplar'] {
  const { labelSet, value, timestamp } = exemplar ?? {};
  if (typeof value !== 'number' || typeof labelSet !== 'object' || labelSet === null) return undefined;
  const labels = Object.fromEntries(texts(labelSet));
  // Theirs is in seconds.
  return typeof timestamp === 'number' ? { labels, value, timestamp: Math.round(timestamp * 1000) } : { labels, value };
}

class MetricReader {
  readonly #name: string;
  readonly #type: MetricType;
  readonly #series = new Map<string, Collected>();

  constructor(name: string, type: MetricType) {
    this.#name = name;
    this.#type = type;
  }

  add(sample: Sample): void {
    if (typeof sample.value !== 'number') {
      throw new Error(`a value of its ${this.#name} is ${display(sample.value)}, which is no number`);
    }
    const own = OWN_LABELS[this.#type];
    const labels = texts(sample.labels ?? {});
    const told = labels.find(([label]) => label === own)?.[1];
    const series = this.#seriesOf(labels.filter(([label]) => label !== own));
    const end = (sample.metricName ?? this.#name).slice(this.#name.length);
    if (own === undefined) {
      series.value = sample.value;
      series.exemplar = exemplarOf(sample);
    } else if (end === '_sum') series.sum = sample.value;
    else if (end === '_count') series.count = sample.value;
    else if (told !== undefined && own === 'quantile')
      series.quantiles.push({ quantile: Number(told), value: sample.value });
    else if (told !== undefined) {
      const le = told === '+Inf' ? Number.POSITIVE_INFINITY : Number(told);
      series.buckets.push({ le, count: sample.value, exemplar: exemplarOf(sample) });
    }
  }

  snapshots(): SeriesSnapshot[] {
    return [...this.#series.values()].map((series) => {
      const { labels, quantiles, sum, count, value, exemplar } = series;
      if (this.#type === 'histogram') return histogram(series);
      if (this.#type === 'summary') return { labels, quantiles, sum, count };
      return exemplar === undefined ? { labels, value } : { labels, value, exemplars: [{ bucket: 0, ...exemplar }] };
    });
  }

  #seriesOf(labels: [string, string][]): Collected {
    const key = JSON.stringify(labels.toSorted(([one], [other]) => (one < other ? -1 : 1)));
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const made: Collected = {
      labels: Object.fromEntries(labels),
      buckets: [],
      quantiles: [],
      value: 0,
      sum: 0,
      count: 0,
      exemplar: undefined,
    };
    this.#series.set(key, made);
    return made;
  }
}

function histogram({ labels, buckets, sum, count }: Collected): SeriesSnapshot {
  const sorted = buckets.toSorted((one, other) => one.le - other.le);
  if (sorted.at(-1)?.le !== Number.POSITIVE_INFINITY) {
    sorted.push({ le: Number.POSITIVE_INFINITY, count, exemplar: undefined });
  }
  const exemplars = sorted.flatMap(({ exemplar }, bucket) => (exemplar === undefined ? [] : [{ bucket, ...exemplar }]));
  return { labels, buckets: sorted.map(({ le, count: below }) => ({ le, count: below })), sum, count, exemplars };
}

function familyOf({ name, help, type, values = [] }: Metric, isOpenMetrics: boolean): FamilySnapshot {
  if (typeof name !== 'string') throw new Error(`one of its metrics has the name ${display(name)}, which is no text`);
  const known = TYPES.includes(type) ? (type as MetricType) : 'untyped';
  const reader = new MetricReader(name, known);
  for (const sample of values) reader.add(sample);
  const series = reader.snapshots();
  return {
    type: known,
    // A registry that renders OpenMetrics takes `_total` away from a counter for good, and has it in each sample.
    name: isOpenMetrics && known === 'counter' ? `${name.replace(/_total$/, '')}_total` : name,
    help: String(help ?? ''),
    unit: '',
    labelNames: [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))],
    buckets: [],
    series,
  };
}

/**
 * The families that `getMetricsAsJSON()` has given.
 *
 * @param isOpenMetrics - Whether the registry renders OpenMetrics by itself.
 */
export function registryFamilies(json: unknown, isOpenMetrics: boolean): FamilySnapshot[] {
  if (!Array.isArray(json))
    throw new Error(`its getMetricsAsJSON() gave ${display(json)}, which is no list of metrics`);
  return (json as readonly Metric[]).map((metric) => familyOf(metric, isOpenMetrics));
}
