/** Looking into a store that others write to. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { temporaryStore } from '../support/temporary-store.js';

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const command = [process.execPath, main, 'inspect'];

test('a store in use is shown as tables, with the processes that write to it', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--workers', '2', '--store', path);
  await fetch(`${service.url}/v1/counters/jobs_total`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"labels":{"queue":"mail"},"value":3}',
  });
  const child = await Child.start(t, [...command, path]);
  assert.deepEqual(await child.exit, { code: 0, signal: null });
  await child.waitForOutput(/^jobs_total\{queue="mail"\} +counter +3 +\d+ +\d+ +\d+$/m);
  for (const pid of [service.child.pid, ...service.workers()]) {
    assert.match(child.output, new RegExp(`^ *${pid} +yes +rseq +\\w+`, 'm'));
  }
});

test('as JSON it is one line, which a program can read', async (t) => {
  const store = temporaryStore(t);
  store.gauge({ name: 'level', help: 'Level.' }).set(Number.NaN);
  const child = await Child.start(t, [...command, store.path, '--json']);
  assert.equal((await child.exit).code, 0);
  const [line] = await child.waitForOutput(/^.+\n$/);
  const { path, families, processes } = JSON.parse(line) as {
    path: string;
    families: { name: string; series: { value: unknown }[] }[];
    processes: { pid: number }[];
  };
  assert.equal(path, store.path);
  assert.deepEqual(families[0]?.series[0]?.value, 'NaN');
  assert.deepEqual(
    processes.map(({ pid }) => pid),
    [process.pid],
  );
});

test('a file that is no store, and none, are one line and an exit code', async (t) => {
  const missing = join(temporaryDirectory(t), 'missing');
  for (const [code, ...args] of [
    [4, process.execPath],
    [5, missing],
    [5, '/nowhere', '--watch'],
  ] as const) {
    const child = await Child.start(t, [...command, ...args]);
    assert.deepEqual(await child.exit, { code, signal: null });
    await child.waitForOutput(/^percpu-metrics: cannot open the store: [^\n]+\n$/);
  }
});

test('watching shows what changes until SIGINT, and follows a store that is replaced', async (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'jobs_total', help: 'Jobs.' });
  const child = await Child.start(t, [...command, store.path, '--watch', '0.1', '--json']);
  await child.waitForOutput(/"value":0,/);
  counter.inc(7);
  await child.waitForOutput(/"value":7,/);
  const lines = child.output.trim().split('\n');
  assert.ok(lines.length >= 2 && lines.every((line) => line.startsWith('{')));
  store.unlink();
  using second = (await import('percpu-metrics')).openStore({ path: store.path });
  second.counter({ name: 'other_total', help: 'Other.' }).inc();
  await child.waitForOutput(/other_total/);
  child.kill('SIGINT');
  assert.deepEqual(await child.exit, { code: 0, signal: null });
});

test('a reader of its output that has seen enough does not make it fail', async (t) => {
  const store = temporaryStore(t);
  const family = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['id'] });
  for (let id = 0; id < 5000; id++) family.labels(id).inc();
  const shell = ['bash', '-c', 'set -o pipefail; "$0" "$@" | head -1', ...command, store.path];
  const child = await Child.start(t, shell);
  assert.deepEqual(await child.exit, { code: 0, signal: null });
  await sleep(20);
  assert.match(child.output, /^store +\S+\n$/);
});
