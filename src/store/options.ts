/**
 * The options of a store and their check. Every option is checked before anything is touched, and an unknown one is
 * an error: a misspelt `readonly` would otherwise open the store for writing.
 */
import type { Backend } from '../binding.js';
import { display, PercpuMetricsError } from '../errors.js';
import { isLabelText, notLabelText } from './label-text.js';

/** The back ends that a store can be made with. */
export const BACKENDS: readonly Backend[] = ['rseq', 'percpu-atomic', 'atomic', 'atomic-padded'];

const MAX_CAPACITY = 2 ** 26;
const MAX_LANES = 4096;

/** How to open a store; everything is optional. */
export interface StoreOptions {
  /**
   * The file of the store; relative paths are relative to the working directory. A store with a path of its own stays
   * when its last process ends, and so do its counts. Without a path: the store that this process or its parent has
   * open already (`PERCPU_METRICS_STORE`), else a new one that disappears with the last process that has it open.
   */
  path?: string | undefined;
  /** How amounts get into a new store, `rseq` by default. Must be the store's own where it exists. */
  backend?: Backend | undefined;
  /**
   * Cells of a new store, 262144 by default: one per counter, buckets + 2 per histogram series, one for a gauge that is
   * incremented, one more for fractions. Rounded up to a multiple of 512, at least 1024.
   */
  capacity?: number | undefined;
  /** Map the store without the right to write to it; it must exist. */
  readOnly?: boolean | undefined;
  /** Permission bits of a new file, 0o600 by default. */
  mode?: number | undefined;
  /** Carry a file from before the last boot over instead of refusing it. */
  persist?: boolean | undefined;
  /** Lanes of a new store, the highest possible CPU id + 1 by default. For experiments: fewer lanes mean slow increments. */
  lanes?: number | undefined;
  /**
   * Labels that all families that this store object declares have behind their own, with these values. A family's own
   * label of the same name takes precedence.
   */
  defaultLabels?: Readonly<Record<string, string | number>> | undefined;
  /**
   * The most series that the store may have for this store object to make more of them; no limit by default. Beyond it
   * amounts go to the overflow series of their families.
   */
  maxSeries?: number | undefined;
  /**
   * Gives the labels of an exemplar, such as the trace id in force, for each amount of a family that was declared with
   * `exemplars: true`; `undefined` for none. An exemplar that is given with the amount takes precedence.
   */
  exemplar?: (() => Readonly<Record<string, string>> | undefined) | undefined;
}

interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

function integer(from: number, to: number): Rule {
  return {
    expected: `an integer from ${from} to ${to}`,
    holds: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
  };
}

const FLAG: Rule = { expected: 'true or false', holds: (value) => typeof value === 'boolean' };

const RULES: Readonly<Record<keyof StoreOptions, Rule>> = {
  path: {
    expected: 'the path of a file, without NUL characters',
    holds: (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
  },
  backend: {
    expected: `one of ${BACKENDS.join(', ')}`,
    holds: (value) => (BACKENDS as readonly unknown[]).includes(value),
  },
  capacity: integer(1, MAX_CAPACITY),
  readOnly: FLAG,
  mode: {
    expected: 'permission bits from 0o600 to 0o777 with which the owner can read and write, such as 0o660',
    holds: (value) =>
      Number.isInteger(value) && ((value as number) & ~0o777) === 0 && ((value as number) & 0o600) === 0o600,
  },
  persist: FLAG,
  lanes: integer(1, MAX_LANES),
  maxSeries: integer(1, 2 ** 32 - 2),
  exemplar: { expected: 'a function', holds: (value) => typeof value === 'function' },
  defaultLabels: {
    expected: 'an object with a text or a number per label name',
    holds: (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((item) => typeof item === 'string' || typeof item === 'number'),
  },
};

function checkDefaultLabels(labels: object): void {
  for (const [label, value] of Object.entries(labels)) {
    if (typeof value !== 'string' || isLabelText(value)) continue;
    throw notLabelText(`the value of default label ${display(label)}`, value, {
      option: 'defaultLabels',
      label,
      value,
    });
  }
}

/**
 * A checked copy, without the options that are undefined.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`, `ERR_PCM_LABEL_VALUE`
 */
export function checkStoreOptions(options: unknown): StoreOptions {
  if (typeof options !== 'object' || options === null) {
    throw new PercpuMetricsError('ERR_PCM_OPTION', `options must be an object, not ${display(options)}`);
  }
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof StoreOptions] : undefined;
    if (rule === undefined) {
      const known = Object.keys(RULES).join(', ');
      throw new PercpuMetricsError('ERR_PCM_OPTION', `unknown option ${display(name)}; a store has ${known}`, {
        details: { option: name },
      });
    }
    if (value === undefined) continue;
    if (!rule.holds(value)) {
      throw new PercpuMetricsError('ERR_PCM_OPTION', `option ${name} must be ${rule.expected}, not ${display(value)}`, {
        details: { option: name, value },
      });
    }
    if (name === 'defaultLabels') checkDefaultLabels(value as object);
    checked[name] = value;
  }
  return checked;
}
