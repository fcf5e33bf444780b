import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Aggregation, type Gauge, openStore, type Store } from 'percpu-metrics';
import { inspectStore } from '#src/cli/inspection.js';
import { temporaryStore } from '../../support/temporary-store.js';

const MADE_OF_SEVERAL = ['sum', 'min', 'max', 'average'] as const;

/** A gauge of each kind that is made of several values, all with the same value. */
function setAll(store: Store, value: number): void {
  for (const aggregation of MADE_OF_SEVERAL) gaugeOf(store, aggregation).labels('mail').set(value);
}

function gaugeOf(store: Store, aggregation: Aggregation): Gauge<['queue']> {
  return store.gauge({ name: `waiting_${aggregation}`, help: 'Jobs.', labelNames: ['queue'], aggregation });
}

/** A process that has set the same gauges, and does no more. */
async function processWith(t: TestContext, path: string, value: number): Promise<{ kill(): Promise<void> }> {
  const script = `
    import { openStore } from 'percpu-metrics';
    const store = openStore({ path: process.argv[1] });
    for (const aggregation of ['sum', 'min', 'max', 'average', 'last', 'process']) {
      const options = { name: 'waiting_' + aggregation, help: 'Jobs.', labelNames: ['queue'], aggregation };
      store.gauge(options).labels('mail').set(Number(process.argv[2]));
    }
    console.log('ready');
    setInterval(() => {}, 1000);
  `;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script, path, String(value)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return {
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

function valuesOf(store: Store, aggregation: Aggregation) {
  const family = store.snapshot().find(({ name }) => name === `waiting_${aggregation}`);
  return family?.series.map((series) => ('value' in series ? series.value : undefined));
}

const allOf = (store: Store) => MADE_OF_SEVERAL.map((aggregation) => valuesOf(store, aggregation));

test('each format shows one value made of those of living processes, also in a sidecar', async (t) => {
  const store = temporaryStore(t);
  setAll(store, 2);
  const sidecar = openStore({ path: store.path, readOnly: true });
  t.after(() => sidecar.close());
  const first = await processWith(t, store.path, 7.5);
  const second = await processWith(t, store.path, -1);
  assert.deepEqual(allOf(sidecar), [[8.5], [-1], [7.5], [8.5 / 3]]);
  for (const syntax of ['text', 'openmetrics'] as const) {
    const text = String(await sidecar.render({ syntax }));
    assert.deepEqual(text.match(/^waiting_(sum|min|max)\{.*$/gm), [
      'waiting_sum{queue="mail"} 8.5',
      'waiting_min{queue="mail"} -1',
      'waiting_max{queue="mail"} 7.5',
    ]);
  }
  const protobuf = Buffer.from(await sidecar.render({ syntax: 'protobuf' }));
  assert.equal(protobuf.toString('latin1').split('waiting_sum').length, 2);
  const double = Buffer.alloc(8);
  double.writeDoubleLE(8.5);
  assert.equal(protobuf.indexOf(double) > 0, true);
  const sum = inspectStore(sidecar).families.find(({ name }) => name === 'waiting_sum');
  assert.equal(JSON.stringify(sum).split('"mail"').length - 1, 1, JSON.stringify(sum));
  assert.deepEqual((await gaugeOf(store, 'sum').get()).values, [{ labels: { queue: 'mail' }, value: 8.5 }]);
  await first.kill();
  assert.deepEqual(allOf(sidecar), [[1], [-1], [2], [0.5]]);
  assert.match(String(await sidecar.render()), /^waiting_sum\{queue="mail"\} 1$/m);
  await second.kill();
  assert.deepEqual(allOf(sidecar), [[2], [2], [2], [2]]);
});

test('"last" is the value that was set last, also by a process that has gone, and "process" each by itself', async (t) => {
  const store = temporaryStore(t);
  for (const aggregation of ['last', 'process'] as const) gaugeOf(store, aggregation).labels('mail').set(2);
  const child = await processWith(t, store.path, 7.5);
  assert.deepEqual(valuesOf(store, 'last'), [7.5]);
  assert.deepEqual(valuesOf(store, 'process'), [2, 7.5]);
  await child.kill();
  assert.deepEqual(valuesOf(store, 'last'), [7.5]);
  assert.deepEqual(valuesOf(store, 'process'), [2]);
  const options = { name: 'waiting_last', help: 'Jobs.', labelNames: ['queue'] } as const;
  assert.equal(store.gauge(options), gaugeOf(store, 'last'));
});

test('amounts of a process go to its own value, and handles work as those of other gauges', async (t) => {
  const store = temporaryStore(t);
  await processWith(t, store.path, 10);
  const waiting = gaugeOf(store, 'sum').labels('mail');
  waiting.inc(5);
  waiting.dec(0.5);
  assert.deepEqual(valuesOf(store, 'sum'), [14.5]);
  waiting.set(1);
  assert.deepEqual(valuesOf(store, 'sum'), [11]);
  store.batch([waiting]).record(2);
  assert.deepEqual(valuesOf(store, 'sum'), [12]);
  gaugeOf(store, 'sum').labels('other').set(3);
  assert.deepEqual(valuesOf(store, 'sum'), [12, 3]);
});

test('threads of a process share its value', async (t) => {
  const store = temporaryStore(t);
  gaugeOf(store, 'sum').labels('mail').inc(1);
  const script = `
    import('percpu-metrics').then(({ openStore }) => {
      const store = openStore({ path: require('node:worker_threads').workerData });
      store.gauge({ name: 'waiting_sum', help: 'Jobs.', labelNames: ['queue'], aggregation: 'sum' }).labels('mail').inc(2);
      store.close();
    });
  `;
  const worker = new Worker(script, { eval: true, workerData: store.path });
  await once(worker, 'exit');
  assert.deepEqual(valuesOf(store, 'sum'), [3]);
  gaugeOf(store, 'sum').labels('mail').set(4);
  assert.deepEqual(valuesOf(store, 'sum'), [4]);
});

test('a reset and a removal are of the values of all processes', async (t) => {
  const store = temporaryStore(t);
  await processWith(t, store.path, 10);
  gaugeOf(store, 'sum').reset('mail');
  assert.deepEqual(valuesOf(store, 'sum'), [0]);
  const waiting = gaugeOf(store, 'sum').labels('mail');
  waiting.set(1);
  assert.deepEqual(valuesOf(store, 'sum'), [1]);
  gaugeOf(store, 'sum').remove('mail');
  assert.deepEqual(valuesOf(store, 'sum'), []);
  gaugeOf(store, 'max').remove('mail');
  assert.deepEqual(valuesOf(store, 'max'), []);
  waiting.set(2);
  assert.deepEqual(valuesOf(store, 'sum'), [2]);
});

test('the aggregation is part of the definition', (t) => {
  const store = temporaryStore(t);
  gaugeOf(store, 'sum');
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  assert.equal(other.snapshot()[0]?.aggregation, 'sum');
  for (const aggregation of ['max', 'last', 'process'] as const) {
    assert.throws(
      () => other.gauge({ name: 'waiting_sum', help: 'Jobs.', labelNames: ['queue'], aggregation }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_PCM_DEFINITION_CONFLICT');
        assert.match(error.message, /has a gauge waiting_sum\{queue\} with aggregation sum, help/);
        if (aggregation === 'max') assert.match(error.message, /as a gauge .* with aggregation max, help/);
        return true;
      },
    );
  }
});

test('what is no aggregation is refused', (t) => {
  const store = temporaryStore(t);
  const options = { name: 'a', help: 'A.' };
  for (const aggregation of ['omit', '', null, 1]) {
    assert.throws(() => store.gauge({ ...options, aggregation: aggregation as never }), {
      code: 'ERR_PCM_OPTION',
      message: /^aggregation of a must be one of sum, min, max, average, last, process, not /,
    });
  }
  for (const [aggregation, perProcess] of [
    ['sum', true],
    ['last', 'api'],
    ['process', false],
  ] as const) {
    assert.throws(() => store.gauge({ ...options, aggregation, perProcess }), {
      code: 'ERR_PCM_OPTION',
      message: /contradicts perProcess/,
    });
  }
  for (const type of ['counter', 'histogram', 'untyped', 'summary'] as const) {
    assert.throws(() => store[type]({ ...options, aggregation: 'sum' } as never), { code: 'ERR_PCM_OPTION' });
  }
  store.gauge({ ...options, aggregation: 'process', perProcess: 'api' }).set(1);
  assert.deepEqual(store.snapshot()[0]?.series, [{ labels: { process: 'api' }, value: 1 }]);
});
