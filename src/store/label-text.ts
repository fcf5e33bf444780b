/** What may be the value of a label, wherever it comes from: labels, states, names of processes, default labels. */
import { display, PercpuMetricsError } from '../errors.js';

const MAX_BYTES = 65535;

/** Whether the store can keep a text as the value of a label, and has room for it. */
export function isLabelText(text: string): boolean {
  // Two texts with halves of surrogate pairs would be one in UTF-8. A UTF-16 unit is at most 3 bytes of it.
  return text.isWellFormed() && (text.length * 3 <= MAX_BYTES || Buffer.byteLength(text) <= MAX_BYTES);
}

/**
 * The error for a text that is none.
 *
 * @param what - What it is, up to the point where the text is shown.
 */
export function notLabelText(
  what: string,
  text: string,
  details: Readonly<Record<string, unknown>>,
): PercpuMetricsError {
  const reason = text.isWellFormed()
    ? `${display(text.slice(0, 20))}... has ${text.length} characters; shorten it to ${MAX_BYTES} bytes`
    : `${display(text)} has half of a surrogate pair, which is no character; cut texts between characters, or use toWellFormed()`;
  return new PercpuMetricsError('ERR_PCM_LABEL_VALUE', `${what} ${reason}`, { details });
}
