/**
 * A process that counts in a store, on its main thread and on worker threads at once:
 *
 *     node counting.js STORE INCREMENTS THREADS
 *
 * Opens the store, prints `ready`, waits for a line, counts on every thread, and prints a line of JSON: the modes of
 * all of its threads. Each thread adds INCREMENTS times 1 to `work_total` and to the histogram `work_size_bytes`, a
 * third of that in halves to `work_cost_total`, and leaves the gauge `work_open` where it was.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { openStore, type Store, type StoreMode } from 'percpu-metrics';

interface Task {
  readonly path: string;
  readonly increments: number;
}

function declareFamilies(store: Store) {
  return {
    total: store.counter({ name: 'work_total', help: 'Work done.', labelNames: ['kind'] }).labels('plain'),
    cost: store.counter({ name: 'work_cost_total', help: 'Cost of the work.' }),
    open: store.gauge({ name: 'work_open', help: 'Work under way.' }),
    size: store.histogram({ name: 'work_size_bytes', help: 'Size of the work.', buckets: [1, 2, 4] }),
  };
}

function count(store: Store, increments: number): StoreMode {
  const { total, cost, open, size } = declareFamilies(store);
  for (let i = 0; i < increments; i++) {
    open.inc();
    total.inc();
    size.observe(i % 6);
    if (i % 3 === 0) {
      cost.inc(0.5);
    }
    open.dec();
  }
  return store.mode;
}

async function main(): Promise<void> {
  const [path = '', increments = '', threads = ''] = process.argv.slice(2);
  const task: Task = { path, increments: Number(increments) };
  const workers = Array.from(
    { length: Number(threads) },
    () => new Worker(fileURLToPath(import.meta.url), { workerData: task }),
  );
  const ready = workers.map((worker) => once(worker, 'message'));
  using store = openStore({ path });
  declareFamilies(store);
  await Promise.all(ready);
  process.stdout.write('ready\n');
  await once(createInterface({ input: process.stdin }), 'line');
  const done = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) {
    worker.postMessage('go');
  }
  const modes = [count(store, task.increments), ...(await Promise.all(done)).map(([mode]) => mode as StoreMode)];
  process.stdout.write(`${JSON.stringify(modes)}\n`);
  process.stdin.destroy();
}

async function work(task: Task, port: MessagePort): Promise<void> {
  using store = openStore({ path: task.path });
  port.postMessage('ready');
  await once(port, 'message');
  port.postMessage(count(store, task.increments));
  port.close();
}

await (isMainThread || !parentPort ? main() : work(workerData as Task, parentPort));
