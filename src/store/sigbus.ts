/**
 * Keeps the stores' handler for SIGBUS in force, without which a truncated file ends the process: Node.js puts its own in
 * that place at the first listener for the signal, and the system's at the end of the last one. Listeners hear of
 * signals that are sent all the same; a fault in a store is mended before anybody hears of it.
 */
import { addon } from '../binding.js';

/** Of all copies of this file in a thread, which runners of tests and watchers of files make, one listens. */
const WATCHING = Symbol.for(`percpu-metrics watches SIGBUS: ${new URL('.', import.meta.url)}`);

/** To be called when a store has been opened. Node.js has done its part when listeners of these events are called. */
export function keepSigbus(): void {
  if (Object.hasOwn(process, WATCHING)) return;
  Object.defineProperty(process, WATCHING, { value: true });
  const keep = (name: string | symbol) => {
    if (name === 'SIGBUS') addon.keepSigbus();
  };
  process.on('newListener', keep);
  process.on('removeListener', keep);
}
