/** Tells by how much the event loop of a service was late. */
import { once } from 'node:events';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { FastifyInstance } from 'fastify';

/** What `GET /delay` answers, in milliseconds: the longest delay, and that which 1 % are longer than. */
export interface Delays {
  longest: number;
  p99: number;
}

/** Calls each millisecond, and tells when; the clock is that of all threads. Calls are counted before they are made. */
const CALLER = `
const { parentPort, workerData } = require('node:worker_threads');
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  Atomics.wait(never, 0, 0, 1);
  const now = process.hrtime.bigint();
  Atomics.add(workerData, 0, 1);
  parentPort.postMessage(now);
}`;

/**
 * Serves at `GET /delay` by how many milliseconds the event loop was late since that was last asked: a thread calls it
 * each millisecond, and how long a call waits until it is heard is the delay. Timers of the loop itself would not do:
 * they have a resolution of a millisecond, and one that is late by ten tells of one delay where ten calls waited.
 *
 * @returns gives how many calls were made so far; more than were heard while the loop is kept from hearing them
 */
export async function serveDelays(app: FastifyInstance): Promise<() => number> {
  const delays = createHistogram();
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const made = (): number => Atomics.load(counter, 0);
  const caller = new Worker(CALLER, { eval: true, workerData: counter });
  await once(caller, 'online');
  let heard = 0;
  caller.on('message', (called: bigint) => {
    const late = process.hrtime.bigint() - called;
    delays.record(late > 1n ? late : 1n);
    heard += 1;
  });
  caller.unref();
  app.addHook('onClose', async () => void (await caller.terminate()));
  app.get('/delay', async () => {
    // What was called while the loop was kept from hearing it may come after this request.
    const before = made();
    while (heard < before) await sleep(1);
    const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;
    const result: Delays = { longest: milliseconds(delays.max), p99: milliseconds(delays.percentile(99)) };
    delays.reset();
    return result;
  });
  return made;
}
