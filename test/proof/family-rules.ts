/**
 * When a family refuses what is counted in it: docs/http-api.md written down once more, independent of the service. All
 * of it is determinate where nobody else writes to the family in the meantime and the store has room, as here; which of
 * several clients declares a family first, and how many series there is room for, are left to other tests.
 */
import type { ModelItem } from './service-model.js';

/** What the first request of a family has made it. */
export interface ModelFamily {
  readonly type: ModelItem['type'];
  /** Names of labels, sorted. */
  readonly labels: readonly string[];
  /** Of histograms: upper bounds without the last one. */
  readonly buckets: readonly number[];
}

/** A family of the service's own. */
export const RESERVED = 'http_requests_total';
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Names of labels, sorted. */
export function labelNamesOf(labels: ModelItem['labels'] = {}): string[] {
  return Object.keys(labels).sort();
}

/** The family that there is after the first request for it. */
export function familyOf({ type, labels, buckets = DEFAULT_BUCKETS }: ModelItem): ModelFamily {
  return { type, labels: labelNamesOf(labels), buckets: type === 'histogram' ? buckets : [] };
}

/** The names of lines that a family has beside its own, in one format or another. */
function otherLines(name: string, type: ModelFamily['type']): string[] {
  if (type === 'histogram') return ['_bucket', '_sum', '_count', '_created'].map((suffix) => name + suffix);
  return type === 'counter' && name.endsWith('_total') ? [name.replace(/_total$/, '_created')] : [];
}

/** Whether one of the names that a scrape is limited to is one of a family, or of its lines, in one format or another. */
export function isNamed(name: string, { type }: ModelFamily, asked: readonly string[]): boolean {
  const names = [name, ...otherLines(name, type), ...(type === 'counter' ? [name.replace(/_total$/, '')] : [])];
  return names.some((one) => asked.includes(one));
}

function clashes(name: string, type: ModelFamily['type'], families: ReadonlyMap<string, ModelFamily>): boolean {
  const lines = otherLines(name, type);
  return [...families].some(([other, one]) => lines.includes(other) || otherLines(other, one.type).includes(name));
}

/** The status with which the service refuses an item whose form is right; `undefined` where it counts. */
export function refusalOf(item: ModelItem, families: ReadonlyMap<string, ModelFamily>): 400 | 409 | undefined {
  if (item.name === RESERVED) return 409;
  const wanted = familyOf(item);
  const found = families.get(item.name);
  if (found !== undefined) {
    const buckets = item.buckets === undefined ? found.buckets : wanted.buckets;
    return JSON.stringify({ ...wanted, buckets }) === JSON.stringify(found) ? undefined : 409;
  }
  // Prometheus keeps names that begin so for itself; `le` tells the lines of a histogram apart.
  if (wanted.labels.some((label) => label.startsWith('__') || (label === 'le' && item.type === 'histogram')))
    return 400;
  return clashes(item.name, item.type, families) ? 409 : undefined;
}
