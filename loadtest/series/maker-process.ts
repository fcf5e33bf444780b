/**
 * A process that makes counter series, or finds those of a store, when its parent says so over IPC. Arguments: what it
 * does, path of a store, first series, number of series. What was loaded and opened before is not timed.
 */
import { openStore } from 'percpu-metrics';
import { Registry } from 'prom-client';
import { ITEMS, type ItemRange, itemsOfClient, itemsOfStore } from '../services/items.js';

/** What such a process does. */
export const TASKS = [
  /** Makes series in a store that it has opened. */
  'make in store',
  /** Makes series in a registry of prom-client. */
  'make in prom-client',
  /** Opens a store and increments one series of it. */
  'open to write',
  /** Opens a store as a sidecar does, and makes the text of it. */
  'open to read',
] as const;

/** One of {@link TASKS}. */
export type Task = (typeof TASKS)[number];

/** What it answers when it is done. */
export interface Made {
  /** Milliseconds of the clock that all processes share. */
  started: number;
  ended: number;
  /** By a registry of its own; 0 where others can look. */
  counted: number;
}

/** Does the work; gives what counts the series afterwards. */
type Work = () => Promise<() => Promise<number>>;

const nothing = async (): Promise<number> => 0;

function workOf(task: Task, path: string, range: ItemRange): Work {
  if (task === 'make in store') {
    const store = openStore({ path });
    return async () => {
      kept.push(store, itemsOfStore(store, range));
      return nothing;
    };
  }
  if (task === 'make in prom-client') {
    const registry = new Registry();
    return async () => {
      kept.push(itemsOfClient(registry, range));
      return async () => {
        const [family] = await registry.getMetricsAsJSON();
        return family?.values.reduce((sum, { value }) => sum + Number(value), 0) ?? 0;
      };
    };
  }
  if (task === 'open to write') {
    return async () => {
      const store = openStore({ path });
      kept.push(store, itemsOfStore(store, range));
      return nothing;
    };
  }
  return async () => {
    const store = openStore({ path, readOnly: true });
    const text = await store.render();
    if (!text.includes(ITEMS.name)) throw new Error(`${path} has no series.`);
    kept.push(store);
    return nothing;
  };
}

function milliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Handles are kept, as a service keeps them. */
const kept: unknown[] = [];
const [, , name, path = '', first, count] = process.argv;
const task = TASKS.find((one) => one === name);
if (task === undefined || process.send === undefined) throw new Error(`Not a task: ${name}.`);
const work = workOf(task, path, { first: Number(first), count: Number(count) });

process.once('message', async () => {
  const started = milliseconds();
  const counted = await work();
  const ended = milliseconds();
  process.send?.({ started, ended, counted: await counted() } satisfies Made);
});
// The parent has what it wanted, or died.
process.on('disconnect', () => process.exit());
process.send('ready');
