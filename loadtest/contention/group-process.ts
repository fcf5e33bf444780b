/**
 * The parent of the writers of one design, in a process of its own: worker threads, or workers of a cluster. Arguments:
 * design, path for a store, `threads` or `cluster`, most writers. It does what its parent asks for over IPC.
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { DESIGNS, makeCounters, memoryOf } from '../services/counters.js';
import { WRITER_VARIABLE, type WriterAnswer, type WriterData, type WriterOrder } from './writer.js';

/** What a group is asked for. */
export type GroupRequest = { writers: number; milliseconds: number; work: number } | 'finish';

/** What it answers: increments per second of all writers together, or what was called and counted in the end. */
export type GroupReply = 'ready' | { perSecond: number } | { calls: number; counted: number };

/** One of the writers, whatever it is. */
interface Writer {
  ask(order: WriterOrder): Promise<WriterAnswer>;
  ready: Promise<unknown>;
  allCalls: number;
}

const [, , designName, storePath = '', kind, most] = process.argv;
const design = DESIGNS.find((one) => one === designName);
if (design === undefined || process.send === undefined) throw new Error(`Not a design: ${designName}.`);
const script = fileURLToPath(new URL('./writer.js', import.meta.url));
const memory = new SharedArrayBuffer(memoryOf(Number(most), 1));
// Opened first: the writers find the store made, and it outlives them.
const counters = makeCounters(design, { size: 1, storePath, memory, thread: 0 });

function startWriter(thread: number): Writer {
  const data: Omit<WriterData, 'memory'> = { design: design as WriterData['design'], storePath, thread };
  if (kind === 'threads') {
    const worker = new Worker(script, { workerData: { ...data, memory } });
    return writerOf(worker, (order) => worker.postMessage(order));
  }
  cluster.setupPrimary({ exec: script, args: [] });
  const worker = cluster.fork({ [WRITER_VARIABLE]: JSON.stringify({ ...data, memory: null }) });
  return writerOf(worker, (order) => worker.send(order));
}

function writerOf(emitter: NodeJS.EventEmitter, send: (order: WriterOrder) => void): Writer {
  const ready = once(emitter, 'message');
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

async function run(count: number, order: WriterOrder): Promise<GroupReply> {
  let perSecond = 0;
  const chosen = writers.slice(0, count);
  const answers = await Promise.all(chosen.map((writer) => writer.ask(order)));
  for (const [index, answer] of answers.entries()) {
    if (typeof answer === 'string' || !('calls' in answer)) continue;
    perSecond += (answer.calls / answer.nanoseconds) * 1e9;
    const writer = chosen[index];
    if (writer !== undefined) writer.allCalls = answer.allCalls;
  }
  return { perSecond };
}

async function finish(): Promise<GroupReply> {
  const calls = writers.reduce((sum, { allCalls }) => sum + allCalls, 0);
  if (counters.shared) return { calls, counted: await counters.total() };
  const totals = await Promise.all(writers.map((writer) => writer.ask('total')));
  const counted = totals.reduce((sum, one) => sum + (typeof one === 'object' && 'total' in one ? one.total : 0), 0);
  return { calls, counted };
}

process.on('message', (request: GroupRequest) => {
  const { writers: count, ...order } = request === 'finish' ? { writers: 0 } : request;
  const reply = request === 'finish' ? finish() : run(count, order as WriterOrder);
  void reply.then((answer) => process.send?.(answer));
});
// The parent has what it wanted, or died. Workers of a cluster notice the same and end.
process.on('disconnect', () => process.exit());
await Promise.all(writers.map(({ ready }) => ready));
process.send('ready' satisfies GroupReply);
