/** A worker thread that opens the store that it is told of (or none), counts, and says which store it had. */
import { parentPort, workerData } from 'node:worker_threads';
import { openStore, type StoreOptions } from 'percpu-metrics';

/** What a thread is started with. */
export interface ThreadTask {
  readonly options?: StoreOptions;
  readonly increments: number;
  /** Leave the store open when the thread ends. */
  readonly careless?: boolean;
}

const task = workerData as ThreadTask;
const store = openStore(task.options);
const counter = store.counter({ name: 'work_total', help: 'Work.' });
const histogram = store.histogram({ name: 'work_seconds', help: 'Time of work.', buckets: [1] });
for (let index = 0; index < task.increments; index += 1) {
  counter.inc();
  histogram.observe(0.5);
}
parentPort?.postMessage(store.path);
if (!task.careless) store.close();
