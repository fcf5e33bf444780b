/** What the service must hold after the requests that it has acknowledged, in a few lines of plain numbers. */

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

  apply({ type, name, labels = {}, op = 'set', value = 1 }: ModelItem): void {
    const key = keyOf(type, name, labels);
    const series = this.#values.get(key) ?? { value: 0, sum: 0 };
    this.#values.set(key, series);
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

  /** Everything, as {@link valuesOfFamilies} reads it. */
  values(): ModelValues {
    const entries = [...this.#values].map(([key, { value, sum }]) => [
      key,
      key.startsWith('histogram') ? `${value} of ${sum}` : value + 0,
    ]);
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

/** What `GET /v1/metrics` says, without the service's own families. */
export function valuesOfFamilies(json: unknown): ModelValues {
  const entries: [string, number | string][] = [];
  for (const { type, name, series } of (json as FamiliesJson).families) {
    if (name.startsWith('http_request')) continue;
    for (const { labels, value = 0, count, sum } of series) {
      const number = typeof value === 'number' ? value : NON_FINITE[value];
      entries.push([keyOf(type, name, labels), count === undefined ? number : `${count} of ${sum}`]);
    }
  }
  return Object.fromEntries(entries.sort()) as ModelValues;
}
