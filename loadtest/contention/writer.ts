/**
 * A writer: a worker thread or a worker of a cluster that increments one counter for a time when it is told to, with or
 * without other work between two increments.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Counters, type Design, makeCounters } from '../services/counters.js';

/** What a writer is started with; a worker of a cluster gets it as JSON, without memory. */
export interface WriterData {
  design: Design;
  storePath: string;
  memory: SharedArrayBuffer | null;
  thread: number;
}

/** What it is told. */
export type WriterOrder = { milliseconds: number; work: number } | 'total';

/** What it answers: that it is ready, what it did, or what was counted. */
export type WriterAnswer = 'ready' | { calls: number; nanoseconds: number; allCalls: number } | { total: number };

/** The variable that holds a cluster worker's {@link WriterData}. */
export const WRITER_VARIABLE = 'LOADTEST_WRITER';

/** Increments between two looks at the clock. */
const CHUNK = 2048;
/** A part in front of the timed one, in which the other writers arrive. */
const LEAD_IN = 0.15;
const OWN_MEMORY = 4096;

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

function runFor(counters: Counters, milliseconds: number, work: number): [calls: number, nanoseconds: number] {
  const started = performance.now();
  let calls = 0;
  let elapsed: number;
  do {
    for (let index = 0; index < CHUNK; index += 1) {
      counters.increment(0);
      if (work > 0) workFor(work);
    }
    calls += CHUNK;
    elapsed = performance.now() - started;
  } while (elapsed < milliseconds);
  allCalls += calls;
  return [calls, elapsed * 1e6];
}

async function obey(counters: Counters, order: WriterOrder): Promise<WriterAnswer> {
  if (order === 'total') return { total: await counters.total() };
  runFor(counters, order.milliseconds * LEAD_IN, order.work);
  const [calls, nanoseconds] = runFor(counters, order.milliseconds, order.work);
  return { calls, nanoseconds, allCalls };
}

/** Becomes a writer: answers orders on a channel until the process or thread ends. */
function serve(
  { design, storePath, memory, thread }: WriterData,
  listen: (listener: (order: WriterOrder) => void) => void,
  answer: (answer: WriterAnswer) => void,
): void {
  const words = memory === null ? { memory: new SharedArrayBuffer(OWN_MEMORY), thread: 0 } : { memory, thread };
  const counters = makeCounters(design, { size: 1, storePath, ...words });
  listen((order) => void obey(counters, order).then(answer));
  answer('ready');
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
