/**
 * A thread that runs one row of the benchmark when it is told to. All threads of a repetition begin together, behind a
 * barrier in shared memory, each on a CPU of its own, and run for a time instead of for a number of calls, so that none of
 * them ever runs alone while it is timed. Bursts of milliseconds are too short for the scheduler to spread threads over
 * CPUs by itself: without pinning two of them were seen sharing one for a whole run.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { pinThread } from '../pinning.js';
import { type Operation, operations } from './operations.js';
import type { RowName } from './row.js';

/** What a thread is started with. */
export interface ThreadData {
  row: RowName;
  storePath: string;
  words: SharedArrayBuffer;
  /** Two 32-bit words: threads that have arrived, number of the repetition that may begin. */
  barrier: SharedArrayBuffer;
  thread: number;
  cpu: number;
}

/** What a thread is told: to run, or to tell what was counted. */
export type ThreadOrder = { repetition: number; threads: number; milliseconds: number } | 'total';

/** What it says once it is ready. */
export interface ThreadReady {
  pinned: boolean;
}

/** What it answers to an order to run. */
export interface ThreadRun {
  /** Timed calls, and how long they took. */
  calls: number;
  nanoseconds: number;
  /** Calls since the thread began, those that were not timed included. */
  allCalls: number;
}

/** Calls between two looks at the clock, which then costs less than a hundredth of the cheapest row. */
const CHUNK_CALLS = 8192;
/** A part of each repetition in front of the timed one: wakes the CPU up and lets the last thread arrive. */
const LEAD_IN = 0.15;

function meet(barrier: Int32Array, repetition: number, threads: number): void {
  if (Atomics.add(barrier, 0, 1) + 1 === threads) {
    Atomics.store(barrier, 0, 0);
    Atomics.store(barrier, 1, repetition);
    Atomics.notify(barrier, 1);
    return;
  }
  // Waits for the repetition to change from what it was, whichever of the two happens first.
  while (Atomics.load(barrier, 1) !== repetition) Atomics.wait(barrier, 1, repetition - 1);
}

/** Runs for a time and gives calls and nanoseconds. */
function runFor(operation: Operation, milliseconds: number): [calls: number, nanoseconds: number] {
  const started = performance.now();
  let calls = 0;
  let elapsed: number;
  do {
    operation.run(CHUNK_CALLS);
    calls += CHUNK_CALLS;
    elapsed = performance.now() - started;
  } while (elapsed < milliseconds);
  return [calls, elapsed * 1e6];
}

const { row, storePath, words, barrier, thread, cpu } = workerData as ThreadData;
const operation = operations[row]({ storePath, words, thread });
const gate = new Int32Array(barrier);
let allCalls = 0;
const pinned = pinThread(cpu);

async function obey(order: ThreadOrder): Promise<ThreadRun | number | undefined> {
  if (order === 'total') return await operation.total();
  meet(gate, order.repetition, order.threads);
  const [leadIn] = runFor(operation, order.milliseconds * LEAD_IN);
  const [calls, nanoseconds] = runFor(operation, order.milliseconds);
  allCalls += leadIn + calls;
  return { calls, nanoseconds, allCalls } satisfies ThreadRun;
}

parentPort?.on('message', (order: ThreadOrder) => {
  void obey(order).then((answer) => parentPort?.postMessage(answer));
});
parentPort?.postMessage({ pinned } satisfies ThreadReady);
