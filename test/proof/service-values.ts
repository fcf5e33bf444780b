/** Values of series as the service tells them, in JSON and in text, brought into the form that a model can be compared with. */
import assert from 'node:assert/strict';
import type { Sample } from '../support/sample.js';

/** By series with its type, or by line, the value; of a histogram in JSON what its buckets hold, and its sum. */
export type Values = Record<string, number | string>;

type Labels = Readonly<Record<string, string | number>>;

export const NON_FINITE = {
  NaN: Number.NaN,
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
} as const;

function pairsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => [label, String(value)]);
  return JSON.stringify(pairs.sort());
}

/** How a series is called. */
export function keyOf(type: string, name: string, labels: Labels): string {
  return `${type} ${name}${pairsOf(labels)}`;
}

/** What stands for a name in the text formats, which do not know all names unless they are asked to. */
function escaped(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/gu, '_');
}

/** How a line of a text format is called. */
export function lineOf(name: string, labels: Labels): string {
  return (
    escaped(name) + pairsOf(Object.fromEntries(Object.entries(labels).map(([label, value]) => [escaped(label), value])))
  );
}

/** What a text format says, where no line is there twice. */
export function linesOfSamples(samples: readonly Sample[]): Values {
  const lines = samples.map(({ name, labels, value }): [string, number] => {
    const { le } = labels;
    // OpenMetrics writes 1.0 where the other format writes 1.
    const bound = le !== undefined && name.endsWith('_bucket') ? { le: Number(le.replace('Inf', 'Infinity')) } : {};
    return [lineOf(name, { ...labels, ...bound }), value];
  });
  assert.equal(new Map(lines).size, lines.length, 'a line is there twice');
  return Object.fromEntries(lines);
}

interface FamiliesJson {
  readonly families: readonly {
    readonly type: string;
    readonly name: string;
    readonly series: readonly {
      readonly labels: Record<string, string>;
      readonly value?: number | keyof typeof NON_FINITE;
      readonly sum?: number;
      readonly buckets?: readonly { readonly count: number }[];
    }[];
  }[];
}

/** What `GET /v1/metrics` says, of some families or of all but the service's own. */
export function valuesOfFamilies(json: unknown, names?: readonly string[]): Values {
  const entries: [string, number | string][] = [];
  for (const { type, name, series } of (json as FamiliesJson).families) {
    if (names?.includes(name) === false || name.startsWith('http_request')) continue;
    for (const { labels, value = 0, buckets, sum } of series) {
      const number = typeof value === 'number' ? value : NON_FINITE[value];
      const counts = buckets?.map(({ count }) => count).join(' ');
      entries.push([keyOf(type, name, labels), counts === undefined ? number : `${counts} of ${sum}`]);
    }
  }
  return Object.fromEntries(entries.sort()) as Values;
}

/** Which series `GET /v1/cpus` has of some families. What their lanes hold may be from before a series was removed. */
export function seriesOfLanes(json: unknown, names: readonly string[]): string[] {
  const families = (json as FamiliesJson).families.filter(({ name }) => names.includes(name));
  return families.flatMap(({ type, name, series }) => series.map(({ labels }) => keyOf(type, name, labels))).sort();
}
