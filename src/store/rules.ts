/** Options of anything, checked by a table: what is unknown or not of its type is refused before anything is touched. */
import { display, PercpuMetricsError } from '../errors.js';

/** What an option must be. */
export interface Rule {
  /** As it continues "must be ...". */
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  readonly required?: boolean;
}

/** The rule of an option that is on or off. */
export const FLAG: Rule = { expected: 'true or false', holds: (value) => typeof value === 'boolean' };

/**
 * Checks options against rules; those that are undefined count as absent.
 *
 * @param owner - Whose options they are, such as `the plugin`.
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function checkOptions(owner: string, rules: Readonly<Record<string, Rule>>, options: unknown): void {
  const known = Object.keys(rules).join(', ');
  const refuse = (message: string, details: Record<string, unknown>): never => {
    throw new PercpuMetricsError('ERR_PCM_OPTION', message, { details });
  };
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse(`the options of ${owner} must be an object with ${known}, not ${display(options)}`, { value: options });
  }
  for (const option of Object.keys(options as object)) {
    if (!Object.hasOwn(rules, option)) {
      refuse(`unknown option ${display(option)}; ${owner} has ${known}`, { option });
    }
  }
  for (const [option, { expected, holds, required = false }] of Object.entries(rules)) {
    const value: unknown = (options as Record<string, unknown>)[option];
    if (value === undefined ? required : !holds(value)) {
      refuse(`option ${option} of ${owner} must be ${expected}, not ${display(value)}`, { option, value });
    }
  }
}
