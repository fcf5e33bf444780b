/**
 * What the service must hold after the requests that it has acknowledged, and how it must answer those that count or
 * remove, in plain numbers.
 */
import { familyOf, isNamed, labelNamesOf, type ModelFamily, RESERVED, refusalOf } from './family-rules.js';
import { keyOf, lineOf, NON_FINITE, type Values } from './service-values.js';

/** One thing that is to be counted. */
export interface ModelItem {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly op?: 'set' | 'inc' | 'dec';
  readonly value?: number | keyof typeof NON_FINITE;
  readonly buckets?: readonly number[];
}

interface ModelSeries {
  readonly type: ModelItem['type'];
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Upper bounds with the last one, and how many observations are not above each. */
  readonly buckets: Map<number, number>;
  /** Of histograms the sum of the observations. */
  value: number;
}

function seriesLines({ type, name, labels, buckets, value }: ModelSeries, format: 'text' | 'openmetrics'): Values {
  if (type !== 'histogram') return { [lineOf(name, labels)]: value + 0 };
  const bounds = [...buckets].map(([le, count]) => [lineOf(`${name}_bucket`, { ...labels, le }), count]);
  const lines = Object.fromEntries(bounds) as Values;
  // OpenMetrics takes a sum for one that never goes down, and knows none where observations may be negative.
  if (format === 'openmetrics' && [...buckets.keys()].some((bound) => bound < 0)) return lines;
  const count = buckets.get(Number.POSITIVE_INFINITY) ?? 0;
  return { ...lines, [lineOf(`${name}_sum`, labels)]: value, [lineOf(`${name}_count`, labels)]: count };
}

/** Counts what was acknowledged. */
export class ServiceModel {
  readonly #series = new Map<string, ModelSeries>();
  readonly #families = new Map<string, ModelFamily>();

  /** Counts the items of a request whose form is right, all of them or none, and gives the status of the answer. */
  count(items: readonly ModelItem[]): 204 | 400 | 409 {
    const families = new Map(this.#families);
    for (const item of items) {
      const refusal = refusalOf(item, families);
      if (refusal !== undefined) return refusal;
      if (!families.has(item.name)) families.set(item.name, familyOf(item));
    }
    for (const [name, family] of families) this.#families.set(name, family);
    for (const item of items) this.#apply(item);
    return 204;
  }

  #apply({ type, name, labels = {}, op = 'set', value = 1 }: ModelItem): void {
    const key = keyOf(type, name, labels);
    const bounds = [...(this.#families.get(name)?.buckets ?? []), Number.POSITIVE_INFINITY];
    const made = { type, name, labels, buckets: new Map(bounds.map((bound) => [bound, 0])), value: 0 };
    const series = this.#series.get(key) ?? made;
    this.#series.set(key, series);
    const amount = typeof value === 'number' ? value : NON_FINITE[value];
    for (const [bound, count] of series.buckets) if (amount <= bound) series.buckets.set(bound, count + 1);
    if (type === 'gauge' && op === 'set') series.value = amount;
    else series.value += op === 'dec' ? -amount : amount;
  }

  /** Removes a series, or without labels all of the family, and gives the status of the answer. */
  remove(name: string, labels?: ModelItem['labels']): 204 | 400 | 404 | 409 {
    if (name === RESERVED) return 409;
    const family = this.#families.get(name);
    if (family === undefined) return 404;
    if (labels !== undefined && labelNamesOf(labels).join() !== family.labels.join()) return 400;
    const prefix = labels === undefined ? `${family.type} ${name}[` : keyOf(family.type, name, labels);
    for (const key of [...this.#series.keys()]) if (key.startsWith(prefix)) this.#series.delete(key);
    return 204;
  }

  /** Whether there is a family, with series or without. */
  has(name: string): boolean {
    return this.#families.has(name);
  }

  /** The families that have one of these names, or whose lines have one, in one format or another. */
  named(asked: readonly string[]): string[] {
    return [...this.#families].filter(([name, family]) => isNamed(name, family, asked)).map(([name]) => name);
  }

  /** Everything, or what some families have, as {@link valuesOfFamilies} reads it. */
  values(names?: readonly string[]): Values {
    const entries = this.#of(names).map(([key, { type, buckets, value }]) => [
      key,
      type === 'histogram' ? `${[...buckets.values()].join(' ')} of ${value}` : value + 0,
    ]);
    return Object.fromEntries(entries.sort());
  }

  /** What some families have in a format of lines, as {@link linesOfSamples} reads it. */
  lines(names: readonly string[], format: 'text' | 'openmetrics'): Values {
    return Object.assign({}, ...this.#of(names).map(([, series]) => seriesLines(series, format)));
  }

  #of(names?: readonly string[]): [key: string, ModelSeries][] {
    return [...this.#series].filter(([, { name }]) => names === undefined || names.includes(name));
  }
}
