/**
 * How the command ends. A supervisor can tell from the exit code whether it is worth trying again: 2 never gets better
 * by itself, 3 and 4 may. A second signal ends it with 128 plus the signal's number, as a shell would report it.
 */
import { constants } from 'node:os';
import { PercpuMetricsError } from '../errors.js';

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
  /** The store cannot be opened or read. */
  store: 4,
} as const;

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
    const exitCode = error.code === 'ERR_PCM_OPTION' ? EXIT.usage : EXIT.store;
    return { exitCode, message: `${error.message} (${error.code})` };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.internal, message: `this is a mistake of percpu-metrics: ${text}` };
}
