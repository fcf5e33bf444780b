/** Durations, by a clock that nobody can set. */
import { display, PercpuMetricsError } from '../errors.js';
import type { LabelObject, LabelValues } from './label-values.js';

/** Ends a timer: stores the seconds that have passed since its start and returns them. */
export type StopTimer = () => number;

/** Ends a timer whose labels are only known at its end: `stop('GET')` or `stop({ method: 'GET' })`. */
export interface StopLabelledTimer<Names extends readonly string[]> {
  (...values: LabelValues<Names>): number;
  (labels: LabelObject<Names>): number;
}

/** What a family with labels can do without them. */
export interface LabelledTimers<Names extends readonly string[]> {
  /** Starts a timer; stopping it with the labels of a series stores the seconds there and returns them. */
  startTimer(): StopLabelledTimer<Names>;
}

/** Seconds since a reading of `performance.now()`. */
export function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

/** Starts a timer that hands the seconds that have passed to `store` each time it is stopped. */
export function startTimer<Stop extends readonly unknown[]>(
  store: (seconds: number, ...stop: Stop) => void,
): (...stop: Stop) => number {
  const start = performance.now();
  return (...stop) => {
    const seconds = secondsSince(start);
    store(seconds, ...stop);
    return seconds;
  };
}

/** A promise, also one of a library's own, which may begin its work only when somebody waits for it. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && 'then' in value && typeof value.then === 'function';
}

/**
 * Runs `work` and hands the seconds that it took to `store`, whether it succeeds or not; of a promise, until it is
 * settled. Gives, or throws, what `work` does; in place of what is no promise but has a `then`, a promise.
 *
 * @throws PercpuMetricsError `ERR_PCM_ARGUMENT`
 */
export function timed<T>(work: () => T, store: (seconds: number) => void): T {
  if (typeof work !== 'function') {
    throw new PercpuMetricsError('ERR_PCM_ARGUMENT', `time takes a function that does the work, not ${display(work)}`);
  }
  const stop = startTimer(store);
  let result: T;
  try {
    result = work();
  } catch (error) {
    stop();
    throw error;
  }
  if (!isThenable(result)) {
    stop();
    return result;
  }
  return (result instanceof Promise ? result : Promise.resolve(result)).finally(stop) as T;
}
