/**
 * Which way increments take is visible, is the best that the process can have, and never changes what is counted:
 * restartable sequences registered by the C library, registered by the store, or refused by the kernel.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore, type Store, type StoreMode } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { type RseqCondition, underCondition } from '../support/rseq-condition.js';
import { parseSamples, sumSamples } from '../support/sample.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const program = fileURLToPath(new URL('../support/programs/counting.js', import.meta.url));
const threads = 2;

interface Process {
  readonly condition: RseqCondition;
  readonly child: Child;
}

function makeStore(t: TestContext): Store {
  const store = openStore({ path: join(temporaryDirectory(t), 'store') });
  t.after(() => store.close());
  return store;
}

async function startCounting(t: TestContext, store: Store, condition: RseqCondition, increments: number) {
  const plain = [process.execPath, program, store.path, String(increments), String(threads)];
  const { command, env } = underCondition(condition, plain);
  const child = await Child.start(t, command, { env });
  await child.waitForOutput(/^ready$/m);
  return { condition, child };
}

/** Lets processes count that have been started, all at once, and gives the modes of their threads. */
async function finishCounting(processes: readonly Process[]): Promise<StoreMode[][]> {
  for (const { child } of processes) {
    child.writeLine('go');
  }
  return Promise.all(
    processes.map(async ({ child }) => {
      const [line] = await child.waitForOutput(/^\[.*\]$/m);
      assert.deepEqual(await child.exit, { code: 0, signal: null }, child.output);
      return JSON.parse(line) as StoreMode[];
    }),
  );
}

async function assertCounts(store: Store, perThread: number, threadCount: number): Promise<void> {
  const samples = parseSamples(await store.metrics());
  const counted = {
    total: sumSamples(samples, 'work_total', { kind: 'plain' }),
    cost: sumSamples(samples, 'work_cost_total'),
    open: sumSamples(samples, 'work_open'),
    size: sumSamples(samples, 'work_size_bytes_count'),
    infinity: sumSamples(samples, 'work_size_bytes_bucket', { le: '+Inf' }),
    small: sumSamples(samples, 'work_size_bytes_bucket', { le: '2' }),
    sum: sumSamples(samples, 'work_size_bytes_sum'),
  };
  const everything = perThread * threadCount;
  assert.deepEqual(counted, {
    total: everything,
    cost: everything / 6,
    open: 0,
    size: everything,
    infinity: everything,
    small: everything / 2,
    sum: everything * 2.5,
  });
}

test('increments of this process are restartable sequences that the C library registered', (t) => {
  const { mode } = makeStore(t);
  assert.deepEqual(
    { backend: mode.backend, registration: mode.registration },
    { backend: 'rseq', registration: 'libc' },
    mode.reason,
  );
});

const expectations: [RseqCondition, string, Pick<StoreMode, 'backend' | 'registration'>][] = [
  ['libc', 'as it is', { backend: 'rseq', registration: 'libc' }],
  ['self', 'whose C library does not register', { backend: 'rseq', registration: 'self' }],
  ['eperm', 'whose sandbox answers EPERM to rseq', { backend: 'atomic', registration: 'none' }],
  ['enosys', 'whose sandbox answers ENOSYS to rseq', { backend: 'atomic', registration: 'none' }],
];

for (const [condition, description, expected] of expectations) {
  const way = expected.backend === 'rseq' ? `rseq registered by ${expected.registration}` : 'the atomic fallback';
  test(`all threads of a process ${description} use ${way}, say why, and count exactly`, async (t) => {
    const store = makeStore(t);
    const increments = 60_000;
    const [modes = []] = await finishCounting([await startCounting(t, store, condition, increments)]);
    assert.equal(modes.length, 1 + threads);
    for (const { backend, registration, reason } of modes) {
      assert.deepEqual({ backend, registration }, expected, reason);
      assert.match(reason, /\w+ \w+/);
    }
    await assertCounts(store, increments, 1 + threads);
  });
}

test('processes of all kinds count exactly in one store at the same time', async (t) => {
  const store = makeStore(t);
  const increments = 120_000;
  const conditions: RseqCondition[] = ['libc', 'self', 'eperm', 'enosys', 'libc'];
  const processes = await Promise.all(conditions.map((condition) => startCounting(t, store, condition, increments)));
  const backends = store.processes.filter(({ alive }) => alive).map(({ backend }) => backend);
  assert.equal(backends.filter((backend) => backend === 'atomic').length, 2, backends.join(' '));
  await finishCounting(processes);
  await assertCounts(store, increments, conditions.length * (1 + threads));
});
