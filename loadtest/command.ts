/**
 * The frame of a command: signals abort it, what goes wrong is said in a line, and the exit code tells the kinds of
 * failure apart: 0 for success, 1 for a run that failed, 2 for a command line that cannot be followed.
 */
import { UsageError } from './arguments.js';

/**
 * Runs a command and sets the exit code of the process.
 *
 * @param name - as in `npm run NAME`
 * @param work - gives whether the run succeeded; must clean up when the signal aborts
 */
export async function runCommand(name: string, work: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('Interrupted.')));
  process.once('SIGTERM', () => interrupted.abort(new Error('Terminated.')));
  try {
    process.exitCode = (await work(interrupted.signal)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`Try: npm run ${name} -- --help\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
