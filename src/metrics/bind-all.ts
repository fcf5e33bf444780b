/** Series of many families that are made together, each with the cells that it needs, or not at all. */
import type { PercpuMetricsError } from '../errors.js';
import type { SeriesRequest } from '../store/series-request.js';
import type { Unbound } from './family.js';

/** A series that is wanted, and what will be added to it. */
export interface Wanted {
  readonly unbound: Unbound;
  readonly integer: boolean;
  readonly fraction: boolean;
}

/** What the store had no room for: its place among what was wanted, and why. Never what has limits. */
export interface Refusal {
  readonly index: number;
  readonly error: PercpuMetricsError;
}

/**
 * Makes series of one store: all but those whose limits leave no room, which whoever binds them is told; or none. What is
 * wanted several times is made once.
 */
export function bindAll(wanted: readonly Wanted[]): Refusal | undefined {
  const [first] = wanted;
  if (first === undefined) return undefined;
  const requests = new Map<string, { readonly index: number; request: SeriesRequest }>();
  for (const [index, { unbound, integer, fraction }] of wanted.entries()) {
    const { family, name, labelValues, limits } = unbound;
    const key = JSON.stringify([family, ...labelValues]);
    const known = requests.get(key);
    const before = known?.request ?? { integer: false, fraction: false };
    requests.set(key, {
      index: known?.index ?? index,
      request: {
        family,
        name,
        labelValues,
        integer: integer || before.integer,
        fraction: fraction || before.fraction,
        limits,
      },
    });
  }
  const all = [...requests.values()];
  const refused = first.unbound.segment.bindAll(all.map(({ request }) => request));
  return refused && { index: all[refused.index]?.index ?? 0, error: refused.error };
}
