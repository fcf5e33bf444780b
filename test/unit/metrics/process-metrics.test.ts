import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { collectProcessMetrics, type ProcessMetricsOptions, type Store } from 'percpu-metrics';
import { collectDefaultMetrics as promDefaults, Registry } from 'prom-client';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

function collecting(t: TestContext, options?: ProcessMetricsOptions): { store: Store; stop: () => void } {
  const store = temporaryStore(t);
  const stop = collectProcessMetrics(store, options);
  t.after(stop);
  return { store, stop };
}

/** How many active resources, handles or requests there are by type; types that are not there any more are left out. */
function active(store: Store, kind: string): Map<string, number> {
  const family = store.snapshot().find(({ name }) => name === `nodejs_active_${kind}`);
  return new Map(
    (family?.series ?? []).flatMap((series): [string, number][] =>
      'value' in series && series.value > 0 ? [[series.labels['type'] ?? '', series.value]] : [],
    ),
  );
}

/** Waits until something holds, for a minute at most. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 6000 && !holds(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(holds());
}

test('the families are those that prom-client has, by name, type and labels', async (t) => {
  const { store } = collecting(t);
  const registry = new Registry();
  promDefaults({ register: registry });
  const ours = new Map(store.snapshot().map((family) => [family.name, family]));
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    assert.equal(ours.get(name)?.type, String(type), name);
    assert.equal(ours.get(name)?.labelNames.at(-1), 'process');
  }
  registry.clear();
});

test('the values are those of this process', async (t) => {
  const process_ = String(process.pid);
  const { store } = collecting(t, { interval: 100 });
  const value = (name: string, labels: Record<string, string> = {}) =>
    numberOf(store, name, { process: process_, ...labels });
  await until(() => value('process_open_fds') > 0 && value('nodejs_eventloop_lag_p99_seconds') >= 0);
  assert.ok(value('process_resident_memory_bytes') > 10e6);
  assert.ok(value('process_virtual_memory_bytes') > value('process_resident_memory_bytes'));
  assert.ok(value('process_max_fds') >= value('process_open_fds'));
  assert.ok(value('nodejs_heap_size_total_bytes') > 1e6);
  assert.ok(value('nodejs_heap_space_size_total_bytes', { space: 'old' }) > 0);
  assert.ok(Math.abs(value('process_start_time_seconds') + process.uptime() - Date.now() / 1000) < 60);
  assert.ok(value('nodejs_eventloop_utilization') <= 1);
  const [major, minor, patch] = process.versions.node.split('.') as [string, string, string];
  assert.equal(value('nodejs_version_info', { version: process.version, major, minor, patch }), 1);
});

test('what keeps the event loop alive is told by handles and requests', async (t) => {
  const { store } = collecting(t, { process: 'one', interval: 100 });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const pipe = join(temporaryDirectory(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Waits for a writer.
  const reading = open(pipe, 'r');
  try {
    // What is collected is read from files as well, and on a busy machine still is when the resources are looked at.
    const counts = () => [active(store, 'handles').get('TCPServerWrap'), active(store, 'requests').get('FSReqPromise')];
    await until(() => counts().every((count) => count === 1));
    const together = new Map([...active(store, 'handles'), ...active(store, 'requests')]);
    const sum = (counts: Iterable<number>) => [...counts].reduce((one, other) => one + other, 0);
    const total = (kind: string) => numberOf(store, `nodejs_active_${kind}_total`, { process: 'one' });
    const all = active(store, 'resources');
    assert.ok(all.has('Timeout') && !together.has('Timeout'), JSON.stringify([...together]));
    for (const [type, count] of together) assert.equal(all.get(type), count);
    for (const kind of ['resources', 'handles', 'requests']) {
      assert.equal(total(kind), sum(active(store, kind).values()));
    }
    assert.equal(total('handles') + total('requests'), sum(together.values()));
  } finally {
    // Comes whatever has failed, or the reader would keep this process.
    const writing = await open(pipe, 'w');
    await (await reading).close();
    await writing.close();
  }
  await until(() => !active(store, 'requests').has('FSReqPromise'));
});

test('CPU time goes on, and is that of the kernel', async (t) => {
  const { store } = collecting(t, { process: 'one', interval: 100 });
  const total = () => numberOf(store, 'process_cpu_seconds_total', { process: 'one' });
  const before = total();
  await until(() => {
    for (let i = 0; i < 1e6; i += 1) Math.sqrt(i);
    return total() > before + 0.05;
  });
  const { user, system } = process.cpuUsage();
  assert.ok(total() <= (user + system) / 1e6);
});

test('the delay of a blocked event loop is seen', async (t) => {
  const { store } = collecting(t, { process: 'one', interval: 100 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  let highest = 0;
  await until(() => {
    const end = performance.now() + 150;
    while (performance.now() < end);
    highest = Math.max(highest, numberOf(store, 'nodejs_eventloop_lag_max_seconds', { process: 'one' }));
    return highest >= 0.1;
  });
});

test('nothing changes once it is stopped', async (t) => {
  const { store, stop } = collecting(t, { process: 'one', interval: 100 });
  await until(() => numberOf(store, 'process_open_fds', { process: 'one' }) > 0);
  stop();
  // What was under way may end.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = numberOf(store, 'process_cpu_seconds_total', { process: 'one' });
  for (let i = 0; i < 1e7; i += 1) Math.sqrt(i);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(numberOf(store, 'process_cpu_seconds_total', { process: 'one' }), before);
});

test('a wrong option is refused, and so is a store without room', (t) => {
  const store = temporaryStore(t);
  for (const options of [{ interval: 99 }, { interval: '5000' }, { process: '' }, { proces: 'x' }]) {
    assert.throws(() => collectProcessMetrics(store, options as never), { code: 'ERR_PCM_OPTION' });
  }
  store.close();
  assert.throws(() => collectProcessMetrics(store), { code: 'ERR_PCM_CLOSED' });
});

test('what a process has collected vanishes when it is killed', async (t) => {
  const { store } = collecting(t, { interval: 100 });
  const script = `
    import { collectProcessMetrics, openStore } from 'percpu-metrics';
    const store = openStore({ path: process.argv[1] });
    collectProcessMetrics(store, { interval: 100 });
    store.counter({ name: 'kept_total', help: 'Kept.', labelNames: ['process'] }).labels(process.pid).inc();
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, store.path], { stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  const has = (name: string, pid: number | undefined) =>
    store
      .snapshot()
      .some((family) => family.name === name && family.series.some((one) => one.labels['process'] === String(pid)));
  await until(() => has('nodejs_heap_space_size_used_bytes', child.pid) && has('kept_total', child.pid));
  child.kill('SIGKILL');
  await until(() => !has('nodejs_version_info', child.pid));
  await until(() => !has('nodejs_heap_space_size_used_bytes', child.pid));
  assert.ok(has('kept_total', child.pid), 'the series of other families stay');
  assert.ok(has('nodejs_version_info', process.pid), 'so do those of the living');
});

test('who begins again to collect counts nothing twice', (t) => {
  const store = temporaryStore(t);
  t.after(collectProcessMetrics(store));
  t.after(collectProcessMetrics(store));
  const { user, system } = process.cpuUsage();
  assert.ok(numberOf(store, 'process_cpu_seconds_total', { process: String(process.pid) }) <= (user + system) / 1e6);
});

test('collecting ends with the store', async (t) => {
  const made = t.mock.method(globalThis, 'setInterval');
  const cleared = t.mock.method(globalThis, 'clearInterval');
  const { store } = collecting(t, { interval: 123 });
  const timer = made.mock.calls.find(({ arguments: [, interval] }) => interval === 123)?.result;
  assert.ok(timer);
  store.close();
  await until(() => cleared.mock.calls.some(({ arguments: [ended] }) => ended === timer));
});

test('a worker thread keeps what is its own, and not what is of the process', async (t) => {
  const { store } = collecting(t, { interval: 100 });
  const script = `
    const { workerData } = require('node:worker_threads');
    import('percpu-metrics').then(({ collectProcessMetrics, openStore }) => {
      collectProcessMetrics(openStore({ path: workerData }));
    });
  `;
  const worker = new Worker(script, { eval: true, workerData: store.path });
  await once(worker, 'exit');
  const families = store
    .snapshot()
    .filter(({ series }) => series.some(({ labels }) => labels['process']?.includes('/')));
  assert.ok(families.length > 10);
  assert.deepEqual(
    families.map(({ name }) => name).filter((name) => !name.startsWith('nodejs_')),
    [],
  );
});
