/** How long the value of a label may be, wherever it comes from: labels, states, names of processes, default labels. */
import { display, PercpuMetricsError } from '../errors.js';

const MAX_BYTES = 65535;

/** Whether the store has room for a text as the value of a label. */
export function fitsLabel(text: string): boolean {
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  return text.length * 3 <= MAX_BYTES || Buffer.byteLength(text) <= MAX_BYTES;
}

/**
 * The error for a text that does not fit.
 *
 * @param what - What it is and what it must be, up to the point where its length is told.
 */
export function tooLong(what: string, text: string, details: Readonly<Record<string, unknown>>): PercpuMetricsError {
  return new PercpuMetricsError(
    'ERR_PCM_LABEL_VALUE',
    `${what} ${display(text.slice(0, 20))}... has ${text.length} characters; shorten it to ${MAX_BYTES} bytes`,
    { details },
  );
}
