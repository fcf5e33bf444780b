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

/** A call each millisecond, which tells when it was made. The clock is that of all threads. */
const CALLER = `
const { parentPort } = require('node:worker_threads');
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  Atomics.wait(never, 0, 0, 1);
  parentPort.postMessage(process.hrtime.bigint());
}`;

/**
 * Serves at `GET /delay` by how many milliseconds the event loop was late since that was last asked: a thread calls it
 * each millisecond, and how long a call waits until it is heard is the delay. Timers of the loop itself would not do:
 * they have a resolution of a millisecond, and one that is late by ten tells of one delay where ten calls waited.
 */
export async function serveDelays(app: FastifyInstance): Promise<void> {
  const delays = createHistogram();
  const caller = new Worker(CALLER, { eval: true });
  await once(caller, 'online');
  caller.on('message', (called: bigint) => {
    const late = process.hrtime.bigint() - called;
    delays.record(late > 1n ? late : 1n);
  });
  caller.unref();
  app.addHook('onClose', async () => void (await caller.terminate()));
  app.get('/delay', async () => {
    // What was called while the loop was kept from hearing it comes after this request.
    await sleep(5);
    const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;
    const result: Delays = { longest: milliseconds(delays.max), p99: milliseconds(delays.percentile(99)) };
    delays.reset();
    return result;
  });
}
