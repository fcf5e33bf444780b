/**
 * What happens to labels for which no more series may be made: amounts go to one series of the family that stands for
 * all of them. It is made with the family, so that it is there when the store is full.
 */
import { type ErrorCode, PercpuMetricsError } from '../errors.js';
import type { SeriesLimits } from '../store/series-request.js';

/** The value of all labels of an overflow series. */
export const OVERFLOW_VALUE = '__overflow__';

const FULL: readonly unknown[] = ['ERR_PCM_SERIES_LIMIT', 'ERR_PCM_CAPACITY', 'ERR_PCM_NO_SPACE'] satisfies ErrorCode[];

/** Made once: it is thrown for each request of somebody who tries out labels, and never leaves the family. */
export const LIMIT_REACHED = new PercpuMetricsError('ERR_PCM_SERIES_LIMIT', 'there are as many series as there may be');

/** The handle of an overflow series, or of several that are one to their users. */
export interface OverflowHandle {
  /** Makes all the cells that it may need; see {@link OVERFLOW_VALUE}. */
  reserveAll(): void;
  /** Brings it back after a removal. Whether it is there; never throws. */
  revive(): boolean;
}

/** Whether there are limits at all. */
export function isLimited({ ofFamily, ofStore }: SeriesLimits): boolean {
  return ofFamily > 0 || ofStore > 0;
}

/** Whether a series is the one for what overflows, of which no limit keeps anybody. */
export function isOverflow(values: readonly string[]): boolean {
  return values.length > 0 && values.every((value) => value === OVERFLOW_VALUE);
}

/** Whether an error says that there is no room for a series. */
export function isFull(error: unknown): error is { readonly code: ErrorCode } {
  return error instanceof Error && 'code' in error && FULL.includes(error.code);
}

/** What is reported once per family. */
export function overflowWarning(name: string): string {
  return (
    `${name} or its store has as many series as it may have: amounts with further labels go to the series whose labels ` +
    `are all ${JSON.stringify(OVERFLOW_VALUE)}; look for a label with too many values, or raise maxSeries`
  );
}
