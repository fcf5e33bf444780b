/**
 * The signals that ask the service to end. The first one is a request, which may take its time; the second one means
 * now. One that follows at once is the same one: at Ctrl-C npm passes on what the terminal has sent to us as well.
 */
import { signalExitCode } from './exit-code.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Signals that are no further apart than this, in milliseconds, are one. */
const ECHO = 200;

/**
 * Listens for signals from now on; works at process id 1 as well, where nothing would end the process otherwise.
 *
 * @param atOnce - Does what must be done before the process ends at the second signal.
 * @returns a promise that is fulfilled by the first signal
 */
export function firstSignal(atOnce: () => void = () => {}): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        const now = performance.now();
        if (askedAt !== undefined && now - askedAt > ECHO) {
          atOnce();
          process.exit(signalExitCode(signal));
        }
        askedAt ??= now;
        resolve(signal);
      });
    }
  });
}
