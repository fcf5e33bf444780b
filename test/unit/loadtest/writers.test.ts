/** Writers of the contention scenario: each is on its CPU, none begins before the others, and their rate is that of all. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Group } from '../../../loadtest/contention/group.js';
import { rateOf } from '../../../loadtest/contention/rate.js';
import {
  now,
  WRITER_VARIABLE,
  type WriterAnswer,
  type WriterData,
  type WriterOrder,
  type WriterRun,
} from '../../../loadtest/contention/writer.js';
import { allowedCpus, parseCpuList } from '../../../loadtest/pinning.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const script = fileURLToPath(new URL('../../../loadtest/contention/writer.js', import.meta.url));
const cpus = allowedCpus();
const missing = spawnSync('taskset', ['--version']).error;
const skip = missing && 'taskset (util-linux) is not installed';

interface Writer {
  child: ChildProcess;
  cpu: number;
  ready: WriterAnswer;
}

async function startWriter(t: TestContext, cpu: number): Promise<Writer> {
  const data: WriterData = { design: 'plain lane', storePath: '', memory: null, thread: 0, cpu };
  const child = fork(script, { env: { ...process.env, [WRITER_VARIABLE]: JSON.stringify(data) } });
  t.after(() => child.disconnect());
  const [ready] = (await once(child, 'message')) as [WriterAnswer];
  return { child, cpu, ready };
}

async function ask({ child }: Writer, order: WriterOrder): Promise<WriterAnswer> {
  const answer = once(child, 'message') as Promise<[WriterAnswer]>;
  child.send(order);
  return (await answer)[0];
}

/** The CPUs that the main thread of a process may use, or one of its threads. */
function cpusOf(task: string): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1];
  return parseCpuList(list ?? '');
}

test('a writer is on the CPU that it was given', { skip }, async (t) => {
  for (const cpu of cpus.slice(0, 2)) {
    const writer = await startWriter(t, cpu);
    assert.deepEqual(writer.ready, { pinned: true });
    assert.deepEqual(cpusOf(`/proc/${writer.child.pid}`), [cpu]);
  }
});

test('the writers of a group are spread over the CPUs in turns', { skip }, async (t) => {
  const group = await Group.start(
    'plain lane',
    `${temporaryDirectory(t)}/store`,
    'threads',
    2 * cpus.length,
    new AbortController().signal,
  );
  t.after(() => group.end());
  assert.equal(group.pinned, true);
  const pinned = readdirSync(`/proc/${group.pid}/task`)
    .map((thread) => cpusOf(`/proc/${group.pid}/task/${thread}`))
    .filter((allowed) => allowed.length === 1)
    .map(([cpu]) => cpu)
    .sort();
  // The threads that a writer starts later are where it is.
  for (const cpu of cpus) assert.ok(pinned.filter((one) => one === cpu).length >= 2, `${cpu} of ${pinned}`);
  assert.ok((await group.run(2 * cpus.length, 5, 0)) > 0);
  const { calls, counted } = await group.finish();
  assert.equal(counted, calls);
});

test('no writer begins before the moment that all were told, or ends early', async (t) => {
  const writers = [await startWriter(t, cpus[0] ?? 0), await startWriter(t, cpus.at(-1) ?? 0)];
  assert.deepEqual(await Promise.all(writers.map((writer) => ask(writer, 'come'))), ['here', 'here']);
  const task = { begin: now() + 50, milliseconds: 10, work: 0 };
  for (const run of (await Promise.all(writers.map((writer) => ask(writer, task)))) as WriterRun[]) {
    assert.ok(run.began >= task.begin, `${run.began} before ${task.begin}`);
    assert.ok(run.ended >= task.begin + task.milliseconds, `${run.ended}`);
    assert.equal(run.calls, run.allCalls);
  }
});

test('the rate of writers is all that they did, from the first beginning to the last end', () => {
  const early = { calls: 3000, began: 100, ended: 110 };
  const late = { calls: 1000, began: 115, ended: 120 };
  assert.equal(rateOf([early, late]), 200_000);
  assert.equal(rateOf([early]), 300_000);
});
