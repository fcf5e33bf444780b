/**
 * A writer: a worker thread or a worker of a cluster, on a CPU of its own as far as there are enough, that increments one
 * counter from a moment on that is told to all writers, with or without other work between two increments.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { pinThread } from '../pinning.js';
import { type Counters, type Design, makeCounters } from '../services/counters.js';

/** What a writer is started with; a worker of a cluster gets it as JSON, without memory. */
export interface WriterData {
  design: Design;
  storePath: string;
  memory: SharedArrayBuffer | null;
  thread: number;
  cpu: number;
}

/** What it is told to do, from a moment on. */
export interface WriterTask {
  /** By {@link now}. */
  begin: number;
  milliseconds: number;
  work: number;
}

/** What it is told: to come, what to do, or to tell what was counted. */
export type WriterOrder = 'come' | WriterTask | 'total';

/** What it did, by {@link now}; `allCalls` since it was started. */
export interface WriterRun {
  calls: number;
  began: number;
  ended: number;
  allCalls: number;
}

/** What it answers: that it is ready, that it has come, what it did, or what was counted. */
export type WriterAnswer = { pinned: boolean } | 'here' | WriterRun | { total: number };

/** Milliseconds on the clock that all processes and threads of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The variable that holds a cluster worker's {@link WriterData}. */
export const WRITER_VARIABLE = 'LOADTEST_WRITER';

/** Increments between two looks at the clock. */
const CHUNK = 2048;
const OWN_MEMORY = 4096;

const sleeping = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
let state = 1;
let allCalls = 0;

/** Some arithmetic that no compiler can leave out, because its result is carried on. */
function workFor(steps: number): void {
  let value = state;
  for (let step = 0; step < steps; step += 1) {
    value ^= value << 13;
    value ^= value >>> 17;
    value ^= value << 5;
  }
  state = value;
}

/** Sleeps until the moment, so that writers on the same CPU may come as well. */
function sleepUntil(moment: number): void {
  const milliseconds = moment - now();
  if (milliseconds > 0) Atomics.wait(sleeping, 0, 0, milliseconds);
}

function run(counters: Counters, { begin, milliseconds, work }: WriterTask): WriterRun {
  sleepUntil(begin);
  const began = now();
  let calls = 0;
  let ended: number;
  do {
    for (let index = 0; index < CHUNK; index += 1) {
      counters.increment(0);
      if (work > 0) workFor(work);
    }
    calls += CHUNK;
    ended = now();
  } while (ended < begin + milliseconds);
  allCalls += calls;
  return { calls, began, ended, allCalls };
}

async function obey(counters: Counters, order: WriterOrder): Promise<WriterAnswer> {
  if (order === 'come') return 'here';
  if (order === 'total') return { total: await counters.total() };
  return run(counters, order);
}

/** Becomes a writer: answers orders on a channel until the process or thread ends. */
function serve(
  { design, storePath, memory, thread, cpu }: WriterData,
  listen: (listener: (order: WriterOrder) => void) => void,
  answer: (answer: WriterAnswer) => void,
): void {
  const words = memory === null ? { memory: new SharedArrayBuffer(OWN_MEMORY), thread: 0 } : { memory, thread };
  const counters = makeCounters(design, { size: 1, storePath, ...words });
  listen((order) => void obey(counters, order).then(answer));
  answer({ pinned: pinThread(cpu) });
}

const assigned = process.env[WRITER_VARIABLE];
if (parentPort !== null) {
  const port = parentPort;
  serve(
    workerData as WriterData,
    (listener) => port.on('message', listener),
    (message) => port.postMessage(message),
  );
} else if (assigned !== undefined) {
  process.on('disconnect', () => process.exit());
  serve(
    JSON.parse(assigned) as WriterData,
    (listener) => process.on('message', listener),
    (message) => process.send?.(message),
  );
}
