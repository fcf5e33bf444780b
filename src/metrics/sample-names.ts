/**
 * The names that a family has in a scrape: its own, and those that its type makes of it for the lines of its series. No
 * two families of a scrape may have one in common. `native/exposition/sample-names.cc` has the same table for families
 * of a store.
 */
import type { FamilyDefinition, MetricType } from '../store/types.js';

type Named = Pick<FamilyDefinition, 'name' | 'type'>;

const SUFFIXES: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  histogram: ['_bucket', '_sum', '_count'],
  'native-histogram': ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};
const SHORTENED: Readonly<Partial<Record<MetricType, RegExp>>> = { counter: /(?<=.)_total$/s, info: /(?<=.)_info$/s };

/** What OpenMetrics calls a family: a counter goes by its name without `_total`, an info without `_info`. */
export function openMetricsName({ name, type }: Named): string {
  const end = SHORTENED[type];
  return end === undefined ? name : name.replace(end, '');
}

/** The names that every format has: `x`, and of a histogram `x_bucket`, `x_sum` and `x_count`. */
export function sampleNames({ name, type }: Named): string[] {
  return [name, ...(SUFFIXES[type] ?? []).map((suffix) => name + suffix)];
}

/** The name of the lines of OpenMetrics that tell when series were created; a list of one or none. */
export function creationNames(family: Named): string[] {
  const short = openMetricsName(family);
  const isCounter = family.type === 'counter' && short !== family.name;
  return isCounter || family.type in SUFFIXES ? [`${short}_created`] : [];
}

/** All names that a family has in one format or another. */
export function namesInAnyFormat(family: Named): string[] {
  return [...sampleNames(family), openMetricsName(family), ...creationNames(family)];
}

/** Whether all formats take the names as they are. */
export function hasPlainNames({ name, labelNames }: Pick<FamilyDefinition, 'name' | 'labelNames'>): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) && labelNames.every((label) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label));
}
