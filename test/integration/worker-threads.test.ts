import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { openStore, type Store } from 'percpu-metrics';
import { temporaryStore } from '../support/temporary-store.js';
import type { ThreadTask } from './programs/counting-thread.js';
import { Count, type StateTask } from './programs/state-setting-thread.js';

const program = fileURLToPath(new URL('programs/counting-thread.js', import.meta.url));
const stateProgram = fileURLToPath(new URL('programs/state-setting-thread.js', import.meta.url));
const increments = 100_000;

/** Runs a thread to its end and gives the path of its store. */
async function runThread(task: ThreadTask): Promise<string> {
  const worker = new Worker(program, { workerData: task });
  const [[path]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return path as string;
}

function total(store: Store): number {
  const series = store.snapshot().find((family) => family.name === 'work_total')?.series[0];
  return series !== undefined && 'value' in series ? series.value : 0;
}

test('threads that open one path count into one store, exactly', async (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'work_total', help: 'Work.' });
  const threads = Array.from({ length: 4 }, () => runThread({ options: { path: store.path }, increments }));
  for (let index = 0; index < increments; index += 1) counter.inc();
  await Promise.all(threads);
  assert.equal(total(store), 5 * increments);
  const histogram = store.snapshot().find((family) => family.name === 'work_seconds')?.series[0];
  assert.ok(histogram !== undefined && 'count' in histogram);
  assert.equal(histogram.count, 4 * increments);
  assert.equal(histogram.sum, 2 * increments);
});

test('threads without a path meet in one store, though nobody has opened one before', async () => {
  delete process.env['PERCPU_METRICS_STORE'];
  const threads = Array.from({ length: 3 }, () => runThread({ increments, careless: true }));
  const first = openStore();
  const paths = new Set([first.path, ...(await Promise.all(threads))]);
  try {
    assert.equal(paths.size, 1, [...paths].join(' '));
    assert.equal(total(first), 3 * increments);
  } finally {
    first.unlink();
    first.close();
  }
});

test('a thread without a path finds the store that the main thread has opened by path', async (t) => {
  const store = temporaryStore(t);
  assert.equal(await runThread({ increments: 10 }), store.path);
  assert.equal(total(store), 10);
});

test('a thread that is terminated while it counts leaves what it has counted', async (t) => {
  const store = temporaryStore(t);
  const task: ThreadTask = { options: { path: store.path }, increments: Number.MAX_SAFE_INTEGER };
  const worker = new Worker(program, { workerData: task });
  t.after(() => worker.terminate());
  while (total(store) < 1000) await new Promise((resolve) => setTimeout(resolve, 5));
  const before = total(store);
  await worker.terminate();
  const after = total(store);
  assert.ok(after >= before, `${before} became ${after}`);
  store.counter({ name: 'work_total', help: 'Work.' }).inc();
  assert.equal(total(store), after + 1);
});

test('a store goes on after threads that did not close it', async (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'work_total', help: 'Work.' });
  for (let round = 0; round < 5; round += 1) {
    await runThread({ options: { path: store.path }, increments: 10, careless: true });
    counter.inc();
  }
  assert.equal(total(store), 55);
  assert.equal(store.processes.filter((process) => process.alive).length, 1);
});

test('of threads that set the state of one thing at the same time, one has the last word', async (t) => {
  const store = temporaryStore(t);
  // Many, so that setting one takes long enough for the others.
  const states = Array.from({ length: 100 }, (_, index) => `s${index}`);
  const rounds = 200;
  store.stateSet({ name: 'phase', help: 'Phase.', states }).set('s50');
  const counts = new Int32Array(new SharedArrayBuffer(8));
  const setters = ['s0', 's99'];
  const workers = setters.map((state) => {
    const workerData: StateTask = { path: store.path, states, state, rounds, counts, threads: setters.length };
    return once(new Worker(stateProgram, { workerData }), 'exit');
  });
  const odd: unknown[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    Atomics.add(counts, Count.begun, 1);
    const wanted = round * setters.length;
    for (let ended = 0; ended < wanted; ended = Atomics.load(counts, Count.ended)) {
      // Of a thread that has failed nobody waits for ever.
      assert.notEqual(Atomics.wait(counts, Count.ended, ended, 60_000), 'timed-out');
    }
    const series = store.snapshot().find((family) => family.name === 'phase')?.series ?? [];
    const holding = series.flatMap((of) => ('value' in of && of.value !== 0 ? [of.labels['phase']] : []));
    if (holding.length !== 1 || !setters.includes(holding[0] as string)) odd.push(holding);
  }
  await Promise.all(workers);
  assert.deepEqual(odd, []);
});
