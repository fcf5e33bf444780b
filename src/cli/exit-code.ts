/**
 * How the command ends. A supervisor can tell from the exit code whether it is worth trying again: 2 never gets better
 * by itself, 3 to 8 may. A second signal ends it with 128 plus the signal's number, as a shell would report it.
 */
import { constants } from 'node:os';
import { type ErrorCode, PercpuMetricsError } from '../errors.js';

/** The exit codes of the command. */
export const EXIT = {
  /** Done, or asked to end. */
  ok: 0,
  /** A mistake of the program. */
  internal: 1,
  /** Wrong arguments or environment. */
  usage: 2,
  /** The address cannot be listened on. */
  listen: 3,
  /** The store cannot be opened or read, for another reason than those below. */
  store: 4,
  /** There is no store. */
  notFound: 5,
  /** The store was written in another format version. */
  version: 6,
  /** This user has no permission for the store. */
  permission: 7,
  /** The file system has no space for the store. */
  space: 8,
} as const;

/** Exit codes of errors that a supervisor may want to tell apart. */
const CODES: Partial<Record<ErrorCode, number>> = {
  ERR_PCM_OPTION: EXIT.usage,
  ERR_PCM_NOT_FOUND: EXIT.notFound,
  ERR_PCM_VERSION: EXIT.version,
  ERR_PCM_PERMISSION: EXIT.permission,
  ERR_PCM_NO_SPACE: EXIT.space,
};

/** An error that ends the command with one line and a code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** The exit code of a process that a signal ended. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** What to print about an error, and the code to end with. */
export function describeError(error: unknown): { exitCode: number; message: string } {
  if (error instanceof CommandError) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof PercpuMetricsError) {
    return { exitCode: CODES[error.code] ?? EXIT.store, message: `${error.message} (${error.code})` };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.internal, message: `this is a mistake of percpu-metrics: ${text}` };
}
