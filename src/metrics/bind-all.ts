/** Series of many families that are made together, each with the cells that it needs, or not at all. */
import type { PercpuMetricsError } from '../errors.js';
import { NO_SERIES } from '../store/segment.js';
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

/** What has come of {@link bindAll}. */
export interface Outcome {
  /** Where there is one, none was made. */
  readonly refusal?: Refusal;
  /** Of each that is wanted, whether it has no series because its limits, or the store, left no room for it. */
  readonly leftOut: readonly boolean[];
}

/** Makes series of one store: all but those with limits that there is no room for; or none. What is wanted several times is made once. */
export function bindAll(wanted: readonly Wanted[]): Outcome {
  const [first] = wanted;
  if (first === undefined) return { leftOut: [] };
  const requests: SeriesRequest[] = [];
  const numbers = new Map<string, number>();
  const numberOf = wanted.map(({ unbound, integer, fraction }) => {
    const { family, name, labelValues, limits } = unbound;
    const key = JSON.stringify([family, ...labelValues]);
    const number = numbers.get(key) ?? requests.length;
    const before = requests[number] ?? { integer: false, fraction: false };
    requests[number] = {
      family,
      name,
      labelValues,
      integer: integer || before.integer,
      fraction: fraction || before.fraction,
      limits,
    };
    numbers.set(key, number);
    return number;
  });
  const { ids, refusal } = first.unbound.segment.bindAll(requests);
  return {
    ...(refusal && { refusal: { index: numberOf.indexOf(refusal.index), error: refusal.error } }),
    leftOut: numberOf.map((number) => ids[number] === NO_SERIES),
  };
}
