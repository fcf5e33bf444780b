/**
 * The parent of the writers of one design, in a process of its own: worker threads, or workers of a cluster. Arguments:
 * design, path for a store, `threads` or `cluster`, most writers. It does what its parent asks for over IPC.
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { allowedCpus } from '../pinning.js';
import { DESIGNS, makeCounters, memoryOf } from '../services/counters.js';
import { rateOf } from './rate.js';
import {
  now,
  WRITER_VARIABLE,
  type WriterAnswer,
  type WriterData,
  type WriterOrder,
  type WriterRun,
} from './writer.js';

/** So many writers at work for a time. */
export interface GroupTurn {
  writers: number;
  milliseconds: number;
  work: number;
}

/** What a group is asked for. */
export type GroupRequest = GroupTurn | 'finish';

/** What it answers: increments per second of all writers together, or what was called and counted in the end. */
export type GroupReply = { pinned: boolean } | { perSecond: number } | { calls: number; counted: number };

/** One of the writers, whatever it is. */
interface Writer {
  ask(order: WriterOrder): Promise<WriterAnswer>;
  /** Whether it is on its CPU. */
  ready: Promise<boolean>;
  allCalls: number;
}

const [, , designName, storePath = '', kind, most] = process.argv;
const design = DESIGNS.find((one) => one === designName);
if (design === undefined || process.send === undefined) throw new Error(`Not a design: ${designName}.`);
const script = fileURLToPath(new URL('./writer.js', import.meta.url));
const cpus = allowedCpus();
/** Until the writers begin: enough for all of them to hear when. */
const NOTICE_MILLISECONDS = 10;
const memory = new SharedArrayBuffer(memoryOf(Number(most), 1));
// Opened first: the writers find the store made, and it outlives them.
const counters = makeCounters(design, { size: 1, storePath, memory, thread: 0 });

function startWriter(thread: number): Writer {
  const data: Omit<WriterData, 'memory'> = {
    ...{ design: design as WriterData['design'], storePath, thread },
    // In turns, so that any number of them is spread over the CPUs.
    cpu: cpus[thread % cpus.length] ?? 0,
  };
  if (kind === 'threads') {
    const worker = new Worker(script, { workerData: { ...data, memory } });
    return writerOf(worker, (order) => worker.postMessage(order));
  }
  cluster.setupPrimary({ exec: script, args: [] });
  const worker = cluster.fork({ [WRITER_VARIABLE]: JSON.stringify({ ...data, memory: null }) });
  return writerOf(worker, (order) => worker.send(order));
}

function writerOf(emitter: NodeJS.EventEmitter, send: (order: WriterOrder) => void): Writer {
  const ready = once(emitter, 'message').then(([answer]) => (answer as { pinned: boolean }).pinned);
  // Whoever waits for it would wait forever.
  emitter.once('exit', () => process.exit(1));
  return {
    ready,
    allCalls: 0,
    async ask(order) {
      await ready;
      const answer = once(emitter, 'message') as Promise<[WriterAnswer]>;
      send(order);
      return (await answer)[0];
    },
  };
}

const writers = Array.from({ length: Number(most) }, (_, thread) => startWriter(thread));

async function run({ writers: count, ...order }: GroupTurn): Promise<GroupReply> {
  const chosen = writers.slice(0, count);
  // All are awake before any of them is told when to begin.
  await Promise.all(chosen.map((writer) => writer.ask('come')));
  const task = { ...order, begin: now() + NOTICE_MILLISECONDS };
  const runs = (await Promise.all(chosen.map((writer) => writer.ask(task)))) as WriterRun[];
  for (const [index, writer] of chosen.entries()) writer.allCalls = runs[index]?.allCalls ?? writer.allCalls;
  return { perSecond: rateOf(runs) };
}

async function finish(): Promise<GroupReply> {
  const calls = writers.reduce((sum, { allCalls }) => sum + allCalls, 0);
  if (counters.shared) return { calls, counted: await counters.total() };
  const totals = await Promise.all(writers.map((writer) => writer.ask('total')));
  const counted = totals.reduce((sum, one) => sum + (typeof one === 'object' && 'total' in one ? one.total : 0), 0);
  return { calls, counted };
}

process.on('message', (request: GroupRequest) => {
  void (request === 'finish' ? finish() : run(request)).then((answer) => process.send?.(answer));
});
// The parent has what it wanted, or died. Workers of a cluster notice the same and end.
process.on('disconnect', () => process.exit());
const pinned = (await Promise.all(writers.map(({ ready }) => ready))).every((one) => one);
process.send({ pinned } satisfies GroupReply);
