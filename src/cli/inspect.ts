/**
 * `percpu-metrics inspect`: looks into a store without attaching to it for writing, once or again and again. While it
 * watches, the store may be replaced by a new one at the same path.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore, type Store } from '../index.js';
import { AttachedStore } from '../server/store-source.js';
import type { InspectCommand } from './args.js';
import { inspectStore } from './inspection.js';
import { inspectionText } from './inspection-text.js';
import { firstSignal } from './signals.js';

const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

function render(store: Store, json: boolean): string {
  const inspection = inspectStore(store);
  return json ? `${JSON.stringify(inspection)}\n` : inspectionText(inspection);
}

async function watch(command: InspectCommand, seconds: number): Promise<void> {
  // The first look decides whether there is a store at all.
  openStore({ path: command.path, readOnly: true }).close();
  const attached = new AttachedStore(command.path);
  const end = new AbortController();
  const signal = firstSignal().then(() => end.abort());
  const redraws = process.stdout.isTTY && !command.json;
  while (!end.signal.aborted) {
    const text = render(attached.store, command.json);
    process.stdout.write(redraws ? `${CLEAR}${text}` : `${text}${command.json ? '' : '\n'}`);
    await sleep(seconds * 1000, undefined, { signal: end.signal }).catch(() => {});
  }
  await signal;
  attached.close();
}

/**
 * Prints what is in a store.
 *
 * @throws PercpuMetricsError where it cannot be read
 */
export async function inspect(command: InspectCommand): Promise<void> {
  if (command.watch !== undefined) {
    await watch(command, command.watch);
    return;
  }
  using store = openStore({ path: command.path, readOnly: true });
  process.stdout.write(render(store, command.json));
}
