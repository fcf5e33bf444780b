/**
 * The signals that ask the service to end. The first one is a request, which may take its time; the second one means
 * now.
 */
import { signalExitCode } from './exit-code.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Listens for signals from now on; works at process id 1 as well, where nothing would end the process otherwise.
 *
 * @param atOnce - Does what must be done before the process ends at the second signal.
 * @returns a promise that is fulfilled by the first signal
 */
export function firstSignal(atOnce: () => void = () => {}): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (asked) {
          atOnce();
          process.exit(signalExitCode(signal));
        }
        asked = true;
        resolve(signal);
      });
    }
  });
}
