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

/** Words that both threads see: how many calls were made, and whether any are wanted. */
const MADE = 0;
const WANTED = 1;

/**
 * Calls each millisecond while calls are wanted, and tells when; the clock is that of all threads. Calls are counted
 * before they are made.
 */
const CALLER = `
const { parentPort, workerData: words } = require('node:worker_threads');
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  Atomics.wait(words, ${WANTED}, 0);
  Atomics.wait(never, 0, 0, 1);
  const now = process.hrtime.bigint();
  Atomics.add(words, ${MADE}, 1);
  parentPort.postMessage(now);
}`;

/** Has the event loop called from another thread, and hears how late it is. */
class Caller {
  readonly #delays = createHistogram();
  readonly #words = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #thread = new Worker(CALLER, { eval: true, workerData: this.#words });
  #heard = 0;
  #since = 0n;

  constructor() {
    this.#thread.on('message', (called: bigint) => {
      this.#heard += 1;
      // One of the last measurement may come late.
      if (called < this.#since) return;
      const late = process.hrtime.bigint() - called;
      this.#delays.record(late > 1n ? late : 1n);
    });
  }

  get made(): number {
    return Atomics.load(this.#words, MADE);
  }

  async ready(): Promise<void> {
    await once(this.#thread, 'online');
    this.#thread.unref();
  }

  /** Calls from now on; the thread is known to be awake. */
  async begin(): Promise<void> {
    this.#since = process.hrtime.bigint();
    this.#delays.reset();
    const before = this.made;
    Atomics.store(this.#words, WANTED, 1);
    Atomics.notify(this.#words, WANTED);
    await this.#hear(before + 1);
  }

  /** Lets the thread sleep again. */
  async end(): Promise<Delays> {
    Atomics.store(this.#words, WANTED, 0);
    // What was called while the loop was kept from hearing it may come after the request that ends this.
    await this.#hear(this.made);
    const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;
    return { longest: milliseconds(this.#delays.max), p99: milliseconds(this.#delays.percentile(99)) };
  }

  async #hear(calls: number): Promise<void> {
    while (this.#heard < calls) await sleep(1);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

/**
 * Serves at `GET /delay` by how many milliseconds the event loop was late since `GET /delay/begin`: in between a thread
 * calls it each millisecond, and how long a call waits until it is heard is the delay. Timers of the loop itself would not
 * do: they have a resolution of a millisecond, and one that is late by ten tells of one delay where ten calls waited.
 * At all other times nobody calls, so that a service whose turn it is not leaves its CPU alone.
 *
 * @returns gives how many calls were made so far; more than were heard while the loop is kept from hearing them
 */
export async function serveDelays(app: FastifyInstance): Promise<() => number> {
  const caller = new Caller();
  await caller.ready();
  app.addHook('onClose', async () => await caller.close());
  app.get('/delay/begin', async () => {
    await caller.begin();
    return { begun: true };
  });
  app.get('/delay', async () => await caller.end());
  return () => caller.made;
}
