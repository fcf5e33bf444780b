/**
 * The one error class of the package and the table of its codes. The first part of the table mirrors `PCM_STATUS_MAP`
 * of the C header (a test compares the two), the second part is what only JavaScript can get wrong. Codes are stable:
 * they may be added, never renamed.
 */
import { inspect } from 'node:util';

/** Every code that a {@link PercpuMetricsError} can have, with what it means. */
export const ERROR_CODES = {
  ERR_PCM_ARGUMENT: 'an argument is out of its range',
  ERR_PCM_SYSTEM: 'a system call failed',
  ERR_PCM_NO_MEMORY: 'this process is out of memory',
  ERR_PCM_NOT_FOUND: 'there is no store at this path, or no family of this name',
  ERR_PCM_NOT_A_STORE: 'the file is not a percpu-metrics store',
  ERR_PCM_VERSION: 'the store was written in another format version',
  ERR_PCM_OTHER_BOOT: 'the store was written before the last boot, or on another machine',
  ERR_PCM_PERMISSION: 'permission denied',
  ERR_PCM_UNSAFE_PATH: 'the path is a symbolic link or not a regular file, or others could write to its directory',
  ERR_PCM_NO_SPACE: 'the file system has no space left for the store',
  ERR_PCM_CAPACITY: 'the capacity of the store is exhausted',
  ERR_PCM_TOO_MANY_PROCESSES: 'all slots for attached processes are taken',
  ERR_PCM_READ_ONLY: 'the store is attached read-only',
  ERR_PCM_BACKEND_MISMATCH: 'the store exists with another back end',
  ERR_PCM_TYPE_CONFLICT: 'the family exists with another type',
  ERR_PCM_DEFINITION_CONFLICT: 'the family exists with another definition',
  ERR_PCM_CORRUPT: "the store's contents contradict themselves",
  ERR_PCM_BROKEN: "the store's file was truncated under its mapping",
  ERR_PCM_AMOUNT: 'the amount is not a finite number',
  ERR_PCM_LOCK_TIMEOUT: 'another process has held the lock of the store for too long',
  ERR_PCM_SERIES_LIMIT: 'the family or the store has as many series as it may have',
  ERR_PCM_REMOVED: 'the series was removed',

  ERR_PCM_AMOUNT_TYPE: 'the amount is not a number',
  ERR_PCM_AMOUNT_NOT_FINITE: 'the amount is NaN or infinite',
  ERR_PCM_AMOUNT_NEGATIVE: 'a counter cannot go down, nor can time',
  ERR_PCM_METRIC_NAME: 'the name of the metric is not allowed',
  ERR_PCM_LABEL_COUNT: 'another number of label values than the family has label names',
  ERR_PCM_LABEL_NAME: 'the name of the label is not allowed, or the family does not have it',
  ERR_PCM_LABEL_VALUE: 'a label value is neither a string nor a number, too long, or no text of Unicode',
  ERR_PCM_BUCKETS: "a histogram's bucket bounds are not ascending finite numbers",
  ERR_PCM_BATCH: 'a batch is not made of handles of its store, or takes another number of amounts',
  ERR_PCM_COLLECT: 'a collector failed or took too long; of warnings only',
  ERR_PCM_EXEMPLAR: 'an exemplar cannot be kept; of warnings only',
  ERR_PCM_EXPONENTIAL: 'schema, range, quantiles or relative error of a native histogram or summary are out of range',
  ERR_PCM_STATE:
    'states are not distinct texts, the state set does not have this state, or a state is neither said to hold nor not to',
  ERR_PCM_OPTION: 'an option is unknown, missing, or not of its type',
  ERR_PCM_TOO_MANY_SCRAPES: 'as many scrapes as are allowed are being served',
  ERR_PCM_CLOSED: 'the store is closed',
  ERR_PCM_ADDON: 'the native addon cannot be loaded',
} as const;

/** The code of a {@link PercpuMetricsError}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a {@link PercpuMetricsError} may carry besides its message. */
export interface ErrorContext {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** The values that the message speaks of, for programs: `path`, `name`, `label`, `amount`, ... */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The base of everything that this package throws. The message says what was wrong, with which value, and what to do. */
export class PercpuMetricsError extends Error {
  override readonly name = 'PercpuMetricsError';
  /** Stable, to be compared by programs. */
  readonly code: ErrorCode;
  /** The values that the message speaks of; empty where there are none. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, 'cause' in context ? { cause: context.cause } : undefined);
    this.code = code;
    this.details = context.details ?? {};
  }
}

/** Any value in a few characters, for a message: nothing that a caller handed in may blow a message up. */
export function display(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    maxArrayLength: 8,
    maxStringLength: 100,
    breakLength: Number.POSITIVE_INFINITY,
    customInspect: false,
  });
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** Whether something thrown has one of the codes of this package. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}
