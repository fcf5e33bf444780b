import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import { Registry } from 'prom-client';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

const failures = 'percpu_metrics_collect_failures_total';

function failed(store: Store, collector: string, reason: string): number {
  return numberOf(store, failures, { collector, reason });
}

/** The line of a sample in a scrape. */
async function lineOf(store: Store, name: string): Promise<string | undefined> {
  return (await store.metrics()).split('\n').find((line) => line.startsWith(`${name} `));
}

test('collect of a family runs before each scrape, with the family as its argument and as this', async (t) => {
  const store = temporaryStore(t);
  let calls = 0;
  store.gauge({
    name: 'looks',
    help: 'Looks.',
    collect(family) {
      assert.equal(this, family);
      calls += 1;
      this.set(calls);
    },
  });
  assert.equal(await lineOf(store, 'looks'), 'looks 1');
  assert.equal(await lineOf(store, 'looks'), 'looks 2');
  assert.equal(numberOf(store, 'looks'), 2);
  await store.collect();
  assert.equal(numberOf(store, 'looks'), 3);
  assert.deepEqual([failed(store, 'looks', 'error'), failed(store, 'looks', 'timeout')], [0, 0]);
});

test('a scrape waits for an asynchronous collector, and scrapes at the same time share one run', async (t) => {
  const store = temporaryStore(t);
  const one = store.gauge({ name: 'one', help: 'One.' });
  const two = store.histogram({ name: 'two', help: 'Two.', labelNames: ['a'] });
  let calls = 0;
  const end = store.onCollect(
    'both',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      calls += 1;
      one.set(calls);
      two.labels('x').observe(calls);
    },
    60_000,
  );
  const lines = await Promise.all([lineOf(store, 'one'), lineOf(store, 'one'), lineOf(store, 'one')]);
  assert.deepEqual(lines, ['one 1', 'one 1', 'one 1']);
  assert.equal(await lineOf(store, 'one'), 'one 2');
  end();
  assert.equal(await lineOf(store, 'one'), 'one 2');
});

test('collectors run for a registry of prom-client', async (t) => {
  const store = temporaryStore(t);
  const looks = store.gauge({ name: 'looks', help: 'Looks.', collect: (family) => family.inc() });
  const registry = new Registry();
  registry.registerMetric(looks as never);
  assert.match(await registry.metrics(), /^looks 1$/m);
  assert.match(await registry.metrics(), /^looks 2$/m);
});

test('collectors that fail, at once or later, do not fail the scrape and are counted', async (t) => {
  const store = temporaryStore(t);
  store.gauge({ name: 'sync', help: 'S.', collect: () => assert.fail('no value') });
  store.gauge({ name: 'async', help: 'A.', collect: async () => assert.fail('no value later') });
  store.gauge({ name: 'good', help: 'G.', collect: (family) => family.inc() });
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.message);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  for (let n = 1; n <= 3; n += 1) assert.equal(await lineOf(store, 'good'), `good ${n}`);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([failed(store, 'sync', 'error'), failed(store, 'async', 'error')], [3, 3]);
  assert.deepEqual([failed(store, 'good', 'error'), failed(store, 'good', 'timeout')], [0, 0]);
  assert.equal(warnings.filter((message) => /the collector sync failed: .*no value/s.test(message)).length, 1);
  assert.equal(warnings.filter((message) => /the collector async failed/.test(message)).length, 1);
});

test('a collector that hangs is waited for as long as it may, and not called again before it has ended', async (t) => {
  const store = temporaryStore(t);
  let calls = 0;
  let release: () => void = () => {};
  store.gauge({
    name: 'hung',
    help: 'H.',
    collectTimeout: 10,
    collect: (family) => {
      calls += 1;
      return new Promise((resolve) => {
        release = () => {
          family.set(calls);
          resolve();
        };
      });
    },
  });
  assert.equal(await lineOf(store, 'hung'), 'hung 0');
  assert.equal(await lineOf(store, 'hung'), 'hung 0');
  assert.deepEqual([calls, failed(store, 'hung', 'timeout'), failed(store, 'hung', 'error')], [1, 2, 0]);
  release();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await lineOf(store, 'hung'), 'hung 1');
  assert.equal(calls, 2);
  release();
});

test('one that fails after its time is counted for both, and no rejection is left over', async (t) => {
  const store = temporaryStore(t);
  let fail: (error: Error) => void = () => {};
  store.onCollect(
    'slow',
    () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      }),
    5,
  );
  await store.collect();
  fail(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([failed(store, 'slow', 'timeout'), failed(store, 'slow', 'error')], [1, 1]);
});

test('a family that is declared anew has its last collector', async (t) => {
  const store = temporaryStore(t);
  const first = store.gauge({ name: 'a', help: 'A.', collect: (family) => family.set(1) });
  const second = store.gauge({ name: 'a', help: 'A.', collect: (family) => family.set(2) });
  assert.equal(first, second);
  assert.equal(await lineOf(store, 'a'), 'a 2');
  store.gauge({ name: 'a', help: 'A.' }).set(3);
  assert.equal(await lineOf(store, 'a'), 'a 2');
});

test('nothing is collected in a closed store, nor counted in one that is only read', async (t) => {
  const store = temporaryStore(t);
  store.counter({ name: 'a_total', help: 'A.' }).inc();
  const reader = openStore({ path: store.path, readOnly: true });
  t.after(() => reader.close());
  reader.onCollect('reader', () => assert.fail('no'));
  assert.equal(await lineOf(reader, 'a_total'), 'a_total 1');
  assert.equal(reader.find(failures), undefined);
  let calls = 0;
  store.onCollect('writer', () => {
    calls += 1;
  });
  store.close();
  await store.collect();
  assert.equal(calls, 0);
});

for (const [what, add, message] of [
  [
    'no function',
    (store: Store) => store.gauge({ name: 'a', help: 'A.', collect: 3 as never }),
    /collect of a must be a function, not 3/,
  ],
  ['no name', (store: Store) => store.onCollect('', () => {}), /a text as its name, not ''/],
  ['no function for the store', (store: Store) => store.onCollect('a', undefined as never), /collect of a must be/],
  ['a time limit of 0', (store: Store) => store.onCollect('a', () => {}, 0), /1 to 60000 milliseconds, not 0/],
  [
    'a time limit that is no number',
    (store: Store) => store.gauge({ name: 'a', help: 'A.', collectTimeout: '1' as never }),
    /collector a must be 1 to/,
  ],
] as const) {
  test(`a collector with ${what} is refused, and nothing is declared`, (t) => {
    const store = temporaryStore(t);
    assert.throws(() => add(store), { name: 'PercpuMetricsError', code: 'ERR_PCM_OPTION', message });
    assert.deepEqual(store.snapshot(), []);
  });
}

test('a collector that scrapes gets the values that there are, and the others are called once', async (t) => {
  const store = temporaryStore(t);
  const calls = { before: 0, after: 0, bad: 0 };
  store.gauge({ name: 'before', help: 'B.', collect: async (family) => family.set(++calls.before) });
  let seen = '';
  store.gauge({
    name: 'reading',
    help: 'R.',
    async collect(family) {
      seen = await store.metrics();
      family.set(1);
    },
  });
  store.gauge({ name: 'after', help: 'A.', collect: async (family) => family.set(++calls.after) });
  store.gauge({
    name: 'bad',
    help: 'B.',
    collect() {
      calls.bad += 1;
      throw new Error('no');
    },
  });
  await store.collect();
  assert.deepEqual(calls, { before: 1, after: 1, bad: 1 });
  assert.match(seen, /^before 1$/m);
  assert.equal(numberOf(store, 'reading'), 1);
  assert.equal(failed(store, 'bad', 'error'), 1);
  for (const name of ['before', 'reading', 'after', 'bad']) assert.equal(failed(store, name, 'timeout'), 0, name);
  await store.collect();
  assert.deepEqual(calls, { before: 2, after: 2, bad: 2 });
});

for (const [what, read] of [
  ['scrapes the store', (store: Store) => store.metrics()],
  ['has the collectors run', (store: Store) => store.collect().then(() => store.metrics())],
  ['scrapes a registry that the store is in', (_: Store, registry: Registry) => registry.metrics()],
] as const) {
  test(`a collector that ${what} after it has waited does not wait for itself`, async (t) => {
    const store = temporaryStore(t);
    const registry = new Registry();
    const calls = { other: 0, reading: 0 };
    const other = store.gauge({ name: 'other', help: 'O.', collect: async (family) => family.set(++calls.other) });
    registry.registerMetric(other as never);
    let seen = '';
    store.onCollect(
      'reading',
      async () => {
        calls.reading += 1;
        await new Promise((resolve) => setImmediate(resolve));
        seen = await read(store, registry);
      },
      10_000,
    );
    for (const round of [1, 2]) {
      await Promise.all([store.collect(), store.collect()]);
      assert.deepEqual(calls, { other: round, reading: round });
      assert.match(seen, new RegExp(`^other ${round}$`, 'm'));
    }
    for (const name of ['other', 'reading']) assert.equal(failed(store, name, 'timeout'), 0, name);
  });
}

test('what a collector has left behind has the collectors run, also while another one hangs', async (t) => {
  const store = temporaryStore(t);
  let calls = 0;
  let later: Promise<string> | undefined;
  let start: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  store.onCollect('leaving', () => {
    later ??= started.then(() => store.metrics());
  });
  store.onCollect('hanging', () => new Promise(() => {}), 1);
  store.gauge({ name: 'looks', help: 'L.', collect: (family) => family.set(++calls) });
  await store.collect();
  start();
  assert.match((await later) ?? '', /^looks 2$/m);
});

test('Node.js keeps no account of promises once the collectors have run, or have had their time', () => {
  // While it does, each continuation has a number of its own: until Node.js 24, where nothing has to be kept.
  const program = `
    import { executionAsyncId } from 'node:async_hooks';
    import { openStore } from 'percpu-metrics';
    const store = openStore({ capacity: 1024 });
    const number = () => Promise.resolve().then(executionAsyncId);
    let during;
    store.onCollect('a', async () => {
      during = await number();
    });
    await store.collect();
    console.log(during, await number());
    store.onCollect('a', () => new Promise(() => {}), 1);
    await store.collect();
    console.log(await number());
    store.unlink();`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  assert.match(stdout, Number.parseInt(process.versions.node, 10) < 24 ? /^[1-9]\d* 0\n0\n$/ : /^0 0\n0\n$/);
});
