/** What the service must hold after the requests that it has acknowledged, and how it answers removals, in plain numbers. */

/** One thing that was counted. */
export interface ModelItem {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly op?: 'set' | 'inc' | 'dec';
  readonly value?: number | 'NaN' | '+Inf' | '-Inf';
}

/** A series: `name{...}` with the type, and the value; of histograms the number and the sum of the observations. */
export type ModelValues = Record<string, number | string>;

const NON_FINITE = { NaN: Number.NaN, '+Inf': Number.POSITIVE_INFINITY, '-Inf': Number.NEGATIVE_INFINITY } as const;

/** How a series is called. */
export function keyOf(type: string, name: string, labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => [label, String(value)]);
  return `${type} ${name}${JSON.stringify(pairs.sort())}`;
}

/** Counts what was acknowledged. */
export class ServiceModel {
  readonly #values = new Map<string, { value: number; sum: number }>();
  /** Label names and type. */
  readonly #families = new Map<string, { readonly type: string; readonly labels: string }>();

  apply({ type, name, labels = {}, op = 'set', value = 1 }: ModelItem): void {
    const key = keyOf(type, name, labels);
    const series = this.#values.get(key) ?? { value: 0, sum: 0 };
    this.#values.set(key, series);
    this.#families.set(name, { type, labels: Object.keys(labels).sort().join() });
    const amount = typeof value === 'number' ? value : NON_FINITE[value];
    if (type === 'histogram') {
      series.value += 1;
      series.sum += amount;
    } else if (type === 'gauge' && op === 'set') {
      series.value = amount;
    } else {
      series.value += op === 'dec' ? -amount : amount;
    }
  }

  /** Removes a series, or without labels all of the family, and gives the status of the answer. */
  remove(name: string, labels?: ModelItem['labels']): 204 | 400 | 404 {
    const family = this.#families.get(name);
    if (family === undefined) return 404;
    if (labels !== undefined && Object.keys(labels).sort().join() !== family.labels) return 400;
    const prefix = labels === undefined ? `${family.type} ${name}[` : keyOf(family.type, name, labels);
    for (const key of [...this.#values.keys()]) if (key.startsWith(prefix)) this.#values.delete(key);
    return 204;
  }

  /** Whether there is a family, with series or without. */
  has(name: string): boolean {
    return this.#families.has(name);
  }

  /** Everything, or what some families have, as {@link valuesOfFamilies} reads it. */
  values(names?: readonly string[]): ModelValues {
    const entries = [...this.#values]
      .filter(([key]) => names === undefined || names.includes(key.slice(key.indexOf(' ') + 1, key.indexOf('['))))
      .map(([key, { value, sum }]) => [key, key.startsWith('histogram') ? `${value} of ${sum}` : value + 0]);
    return Object.fromEntries(entries.sort()) as ModelValues;
  }
}

interface FamiliesJson {
  readonly families: readonly {
    readonly type: string;
    readonly name: string;
    readonly series: readonly {
      readonly labels: Record<string, string>;
      readonly value?: ModelItem['value'];
      readonly count?: number;
      readonly sum?: number;
    }[];
  }[];
}

/** What `GET /v1/metrics` says, of some families or of all but the service's own. */
export function valuesOfFamilies(json: unknown, names?: readonly string[]): ModelValues {
  const entries: [string, number | string][] = [];
  for (const { type, name, series } of (json as FamiliesJson).families) {
    if (names?.includes(name) === false || name.startsWith('http_request')) continue;
    for (const { labels, value = 0, count, sum } of series) {
      const number = typeof value === 'number' ? value : NON_FINITE[value];
      entries.push([keyOf(type, name, labels), count === undefined ? number : `${count} of ${sum}`]);
    }
  }
  return Object.fromEntries(entries.sort()) as ModelValues;
}

/** Which series `GET /v1/cpus` has of some families. What their lanes hold may be from before a series was removed. */
export function seriesOfLanes(json: unknown, names: readonly string[]): string[] {
  const families = (json as FamiliesJson).families.filter(({ name }) => names.includes(name));
  return families.flatMap(({ type, name, series }) => series.map(({ labels }) => keyOf(type, name, labels))).sort();
}
