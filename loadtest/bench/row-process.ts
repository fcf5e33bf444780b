/**
 * A process that measures one row of the benchmark, alone or with several threads, whenever its parent asks for a
 * repetition. It exists so that rows cannot disturb each other: each has an engine, a heap and call sites of its own.
 * Arguments: name of the row, path for a store, number of threads.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { modeOf } from '../mode.js';
import { allowedCpus } from '../pinning.js';
import { LANE_BYTES } from './operations.js';
import { type RowName, rows } from './row.js';
import type { ThreadData, ThreadOrder, ThreadReady, ThreadRun } from './row-thread.js';

/** What the parent asks for. */
export type RowRequest = { threads: number; milliseconds: number } | 'finish';

/** What it gets: how long one call took on each thread, or what was called and counted in the end. */
export type RowReply =
  | { nanosecondsPerCall: number }
  | { calls: number; counted: number | null; pinned: boolean; mode: string | null };

const [, , name, storePath = '', threadCount] = process.argv;
const row = rows.find((candidate) => candidate.name === (name as RowName));
if (row === undefined || process.send === undefined) throw new Error(`Not a row of the benchmark: ${name}.`);
const { scope } = row;

const words = new SharedArrayBuffer(LANE_BYTES * Number(threadCount));
const barrier = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
const cpus = allowedCpus();
const workers = Array.from({ length: Number(threadCount) }, (_, thread) => {
  const workerData: ThreadData = {
    row: row.name,
    storePath,
    words,
    barrier,
    thread,
    cpu: cpus[thread % cpus.length] ?? 0,
  };
  return new Worker(new URL('./row-thread.js', import.meta.url), { workerData });
});
/** The next message of a thread; rejects with the thread's error. */
async function hear<T>(worker: Worker): Promise<T> {
  return ((await once(worker, 'message')) as [T])[0];
}

const ready = Promise.all(workers.map((worker) => hear<ThreadReady>(worker)));
const allCalls = workers.map(() => 0);
let repetition = 0;

async function ask<T>(worker: Worker, order: ThreadOrder): Promise<T> {
  await ready;
  const answer = hear<T>(worker);
  worker.postMessage(order);
  return await answer;
}

async function repeat(threads: number, milliseconds: number): Promise<RowReply> {
  repetition += 1;
  const order = { repetition, threads, milliseconds };
  const runs = await Promise.all(workers.slice(0, threads).map((worker) => ask<ThreadRun>(worker, order)));
  for (const [thread, run] of runs.entries()) allCalls[thread] = run.allCalls;
  const sum = (pick: (run: ThreadRun) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  return { nanosecondsPerCall: sum((run) => run.nanoseconds) / sum((run) => run.calls) };
}

async function finish(): Promise<RowReply> {
  // All threads of a shared word see the same total.
  const asked = scope === 'shared' ? workers.slice(0, 1) : workers;
  const totals = await Promise.all(asked.map((worker) => ask<number | undefined>(worker, 'total')));
  const counted = totals.reduce<number | null>(
    (sum, total) => (sum === null || total === undefined ? null : sum + total),
    0,
  );
  const pinned = (await ready).every((thread) => thread.pinned);
  const mode = existsSync(storePath) ? (modeOf(storePath) ?? null) : null;
  return { calls: allCalls.reduce((sum, calls) => sum + calls, 0), counted, pinned, mode };
}

async function answer(request: RowRequest): Promise<void> {
  process.send?.(request === 'finish' ? await finish() : await repeat(request.threads, request.milliseconds));
}

process.on('message', (request: RowRequest) => void answer(request));
// The parent has what it wanted, or died: either way there is nothing left to do.
process.on('disconnect', () => process.exit());
