import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openStore } from 'percpu-metrics';
import { temporaryStore } from '../../support/temporary-store.js';

const OWNED = { name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'], perProcess: true } as const;
const own = String(process.pid);

/** Waits until something holds, for a minute at most. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 6000 && !holds(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(holds());
}

/** A process that has counted in series of its own, in each kind of family, and does no more. */
async function owner(
  t: TestContext,
  path: string,
  perProcess: boolean | string = true,
): Promise<{ kill(): Promise<void> }> {
  const script = `
    import { openStore } from 'percpu-metrics';
    const store = openStore({ path: process.argv[1] });
    const options = { help: 'Jobs.', labelNames: ['queue'], perProcess: JSON.parse(process.argv[2]) };
    store.counter({ name: 'jobs_total', ...options }).labels('mail').inc(5);
    store.gauge({ name: 'waiting', ...options }).labels('mail').set(7.5);
    store.histogram({ name: 'took_seconds', ...options }).labels('mail').observe(1);
    store.nativeHistogram({ name: 'native_seconds', ...options }).labels('mail').observe(1);
    console.log('ready');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path, JSON.stringify(perProcess)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return {
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('a family of each process has a label for it behind all others', (t) => {
  const store = temporaryStore(t, { defaultLabels: { zone: 'a' } });
  const jobs = store.counter(OWNED);
  jobs.labels('mail').inc(2);
  assert.deepEqual(jobs.labelNames, ['queue']);
  assert.deepEqual(store.snapshot()[0]?.labelNames, ['queue', 'zone', 'process']);
  assert.deepEqual(store.snapshot()[0]?.series, [{ labels: { queue: 'mail', zone: 'a', process: own }, value: 2 }]);
  const named = store.gauge({ name: 'busy', help: 'Busy.', perProcess: 'api' });
  named.set(1);
  assert.deepEqual(store.snapshot()[1]?.series, [{ labels: { zone: 'a', process: 'api' }, value: 1 }]);
});

test('all that a killed process owned vanishes from every format at once, also in a sidecar', async (t) => {
  const store = temporaryStore(t);
  store
    .counter({ ...OWNED, perProcess: 'this-one' })
    .labels('mail')
    .inc(2);
  const sidecar = openStore({ path: store.path, readOnly: true });
  t.after(() => sidecar.close());
  const child = await owner(t, store.path, 'the-other');
  const read = async () => {
    const bodies = (['text', 'openmetrics', 'protobuf'] as const).map((syntax) => sidecar.render({ syntax }));
    return [...(await Promise.all(bodies)), JSON.stringify(sidecar.snapshot())].map(String);
  };
  for (const body of await read()) assert.ok(body.includes('the-other') && body.includes('this-one'), body);
  await child.kill();
  for (const body of await read()) assert.ok(!body.includes('the-other') && body.includes('this-one'), body);
});

test('cells of a dead owner are used again', async (t) => {
  const store = temporaryStore(t);
  store.counter(OWNED).labels('mail').inc(2);
  const child = await owner(t, store.path);
  const used = store.info.cellsUsed;
  await child.kill();
  await until(() => {
    // What is created collects what is over, some records at a time.
    store
      .counter({ name: 'other_total', help: 'Other.', labelNames: ['a'] })
      .labels('a')
      .inc();
    store.removeSeries('other_total', { a: 'a' });
    return store.info.cellsUsed < used - 10;
  });
  assert.deepEqual(
    store
      .snapshot()
      .find(({ name }) => name === 'jobs_total')
      ?.series.map(({ labels }) => labels['process']),
    [own],
  );
});

test('a process begins anew with what a dead one of its name has left', async (t) => {
  const store = temporaryStore(t);
  const child = await owner(t, store.path, 'api');
  await child.kill();
  store
    .counter({ ...OWNED, perProcess: 'api' })
    .labels('mail')
    .inc(1);
  assert.deepEqual(store.snapshot()[0]?.series, [{ labels: { queue: 'mail', process: 'api' }, value: 1 }]);
});

test('who shares the series of a living process goes on with one of its own when that ends', async (t) => {
  const store = temporaryStore(t);
  const child = await owner(t, store.path, 'api');
  const mail = store.counter({ ...OWNED, perProcess: 'api' }).labels('mail');
  mail.inc(1);
  const value = () => store.snapshot()[0]?.series.map((series) => 'value' in series && series.value);
  assert.deepEqual(value(), [6]);
  await child.kill();
  assert.deepEqual(value(), []);
  await until(() => {
    mail.inc(1);
    return value()?.length === 1;
  });
});

test('a worker thread has series of its own, which are there as long as its process', async (t) => {
  const store = temporaryStore(t);
  store.counter(OWNED).labels('mail').inc(2);
  const script = `
    const { workerData } = require('node:worker_threads');
    import('percpu-metrics').then(({ openStore }) => {
      openStore({ path: workerData.path }).counter(workerData.options).labels('mail').inc(3);
    });
  `;
  const worker = new Worker(script, { eval: true, workerData: { path: store.path, options: OWNED } });
  const name = `${own}/${worker.threadId}`;
  await once(worker, 'exit');
  assert.deepEqual(store.snapshot()[0]?.series, [
    { labels: { queue: 'mail', process: own }, value: 2 },
    { labels: { queue: 'mail', process: name }, value: 3 },
  ]);
});

test('what cannot be of each process is refused', (t) => {
  const store = temporaryStore(t);
  for (const perProcess of ['', 1, null]) {
    assert.throws(() => store.counter({ ...OWNED, perProcess: perProcess as never }), { code: 'ERR_PCM_OPTION' });
  }
  assert.throws(() => store.counter({ ...OWNED, labelNames: ['process'] }), {
    code: 'ERR_PCM_LABEL_NAME',
    message: /leave it out of labelNames/,
  });
  assert.throws(() => store.infoMetric({ name: 'a_info', help: 'A.', labels: {}, perProcess: true } as never), {
    code: 'ERR_PCM_OPTION',
  });
  store.counter(OWNED);
  assert.throws(() => store.counter({ ...OWNED, perProcess: 'api' }), {
    code: 'ERR_PCM_OPTION',
    message: /use one name in a process/,
  });
  assert.throws(() => store.counter({ ...OWNED, labelNames: ['queue', 'process'], perProcess: false }), {
    code: 'ERR_PCM_DEFINITION_CONFLICT',
    message: /series of each process/,
  });
});
