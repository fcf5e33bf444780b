import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { addon, type FamilyDefinition, type NativeStore } from '#src/binding.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const definition: FamilyDefinition = {
  type: 'counter',
  name: 'work_total',
  help: 'Work.',
  unit: '',
  labelNames: ['kind'],
  buckets: [],
};

function openTemporary(t: TestContext): NativeStore {
  const store = addon.open({ path: join(temporaryDirectory(t), 'store.pcm'), ephemeral: true });
  t.after(() => store.close());
  return store;
}

function bindCounter(store: NativeStore): number {
  return store.cell(store.bind(store.declare(definition), ['a']));
}

function counted(store: NativeStore): number {
  const series = store.snapshot()[0]?.series[0];
  assert.ok(series !== undefined && 'value' in series);
  return series.value;
}

/** Collects garbage, finalizers included, which run in turns of their own. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 5; round += 1) {
    collect();
    await nextTurn();
  }
}

function isMapped(path: string): boolean {
  return readFileSync('/proc/self/maps', 'utf8').includes(path);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

test('after close the cold methods throw ERR_PCM_CLOSED and the hot functions do nothing', (t) => {
  const store = openTemporary(t);
  const cell = bindCounter(store);
  const { hot } = store;
  store.close();
  store.close();
  assert.throws(() => store.info(), { code: 'ERR_PCM_CLOSED' });
  assert.throws(() => store.bind(1, []), { code: 'ERR_PCM_CLOSED' });
  assert.throws(() => store.snapshot(), { code: 'ERR_PCM_CLOSED' });
  assert.throws(() => store.render(), { code: 'ERR_PCM_CLOSED' });
  hot.increment(cell);
  hot.add(cell, 1);
  hot.set(1, 1);
  hot.observe(0, 1);
  hot.leave(cell, cell, 0, hot.enter(cell));
  hot.increment('x' as unknown as number);
  assert.match(store.path, /store\.pcm$/);
});

test('hot functions ignore numbers that name nothing and refuse what is no number', (t) => {
  const store = openTemporary(t);
  const cell = bindCounter(store);
  const { hot } = store;
  hot.increment(cell);
  for (const nothing of [-1, 2 ** 32 - 1, 1e9]) {
    hot.increment(nothing);
    hot.add(nothing, 1);
    hot.observe(nothing, 1);
    hot.leave(nothing, nothing, nothing, hot.enter(nothing));
  }
  for (const wrong of [undefined, null, '1', {}, 1n, Symbol('s')] as unknown as number[]) {
    assert.throws(() => hot.increment(wrong), { name: 'TypeError', code: 'ERR_PCM_ARGUMENT' });
    assert.throws(() => hot.add(cell, wrong), { name: 'TypeError', code: 'ERR_PCM_ARGUMENT' });
    assert.throws(() => hot.set(1, wrong), { name: 'TypeError', code: 'ERR_PCM_ARGUMENT' });
    assert.throws(() => hot.observe(0, wrong), { name: 'TypeError', code: 'ERR_PCM_ARGUMENT' });
    assert.throws(() => hot.enter(wrong), { name: 'TypeError', code: 'ERR_PCM_ARGUMENT' });
    assert.throws(() => hot.leave(cell, cell, 0, wrong), { name: 'TypeError', code: 'ERR_PCM_ARGUMENT' });
  }
  assert.equal(counted(store), 1);
});

test('methods refuse a receiver that is no store, and the class cannot be called by hand', (t) => {
  const store = openTemporary(t);
  assert.throws(() => store.info.call({} as NativeStore), TypeError);
  const NativeStoreClass = store.constructor as new () => NativeStore;
  assert.throws(() => new NativeStoreClass(), TypeError);
});

test('a failed system call shows in code, errno and syscallMessage', (t) => {
  const path = join(temporaryDirectory(t), 'missing', 'store.pcm');
  assert.throws(() => addon.open({ path }), {
    code: 'ERR_PCM_NOT_FOUND',
    errno: 2,
    syscallMessage: 'No such file or directory',
  });
});

test('renders that are under way survive close, which then closes', async (t) => {
  const store = openTemporary(t);
  store.hot.add(bindCounter(store), 7);
  const renders = Array.from({ length: 8 }, () => store.render());
  store.close();
  for (const bytes of await Promise.all(renders)) assert.match(textOf(bytes), /^work_total\{kind="a"\} 7$/m);
  assert.equal(existsSync(store.path), false);
  assert.equal(isMapped(store.path), false);
});

test('strings of any length are taken over whole, whichever characters they have', (t) => {
  const store = openTemporary(t);
  const family = store.declare(definition);
  for (const character of ['a', 'ä', '\u20ac', '\u{1f600}', '\0'])
    for (const ahead of ['', 'x', 'xx', 'xxx'])
      for (const bytes of [0, 240, 248, 252, 256, 260, 1024, 65528]) {
        const value = ahead + character.repeat(bytes / Buffer.byteLength(character));
        assert.deepEqual(store.labelValues(store.bind(family, [value])), [value], `${ahead}${character} ${bytes}`);
      }
  const ends = Array.from({ length: 20 }, (_, index) => 'z'.repeat(245 + index));
  for (const value of ends) assert.deepEqual(store.labelValues(store.bind(family, [value])), [value]);
});

test('one histogram has one index, however often it is bound', (t) => {
  const store = openTemporary(t);
  const family = store.declare({ ...definition, type: 'histogram', name: 'work_seconds', buckets: [1] });
  const indices = ['a', 'b', 'a'].map((kind) => store.bindHistogram(store.bind(family, [kind])));
  assert.equal(indices[0], indices[2]);
  assert.notEqual(indices[0], indices[1]);
});

test('hot functions keep their store after it was collected, and the last of them lets it go', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'store.pcm');
  const take = (): { increment: (cell: number) => void; cell: number } => {
    const store = addon.open({ path, ephemeral: true });
    return { increment: store.hot.increment, cell: bindCounter(store) };
  };
  let taken: ReturnType<typeof take> | undefined = take();
  await collectGarbage();
  taken.increment(taken.cell);
  const reader = addon.open({ path });
  assert.equal(counted(reader), 1);
  reader.close();
  assert.equal(isMapped(path), true);
  taken = undefined;
  await collectGarbage();
  assert.equal(isMapped(path), false);
  assert.equal(existsSync(path), false);
});

test('a store can be opened and closed a thousand times', async (t) => {
  const path = join(temporaryDirectory(t), 'store.pcm');
  for (let round = 0; round < 1000; round += 1) {
    const store = addon.open({ path });
    store.hot.increment(bindCounter(store));
    if (round % 100 === 0) await store.render();
    store.close();
  }
  const store = addon.open({ path });
  t.after(() => store.close());
  assert.equal(counted(store), 1000);
  assert.equal(store.processes().filter(({ alive }) => alive).length, 1);
});

/** What a thread does, for ever, until it is terminated. */
const activities = {
  incrementing: 'for (;;) store.hot.increment(cell);',
  reading: 'for (;;) { store.snapshot(); store.lanes("work_total"); try { store.bind(0, []); } catch {} }',
  opening: 'for (;;) { const again = addon.open({ path }); again.hot.increment(cell); again.close(); }',
  rendering: 'const render = () => store.render().then(render); for (let i = 0; i < 8; i += 1) render();',
};

for (const [activity, body] of Object.entries(activities)) {
  test(`a thread that is terminated while ${activity} closes its store and takes nothing with it`, async (t) => {
    const store = openTemporary(t);
    const cell = bindCounter(store);
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { binding, path, cell } = workerData;
      import(binding).then(({ addon }) => {
        const store = addon.open({ path });
        parentPort.postMessage('open');
        ${body}
      });`;
    for (let round = 0; round < 5; round += 1) {
      const workerData = { binding: import.meta.resolve('#src/binding.js'), path: store.path, cell };
      const worker = new Worker(code, { eval: true, workerData });
      t.after(() => worker.terminate());
      await once(worker, 'message');
      await new Promise((resolve) => setTimeout(resolve, 5 * round));
      await worker.terminate();
    }
    const before = counted(store);
    store.hot.increment(cell);
    assert.equal(counted(store), before + 1);
    assert.equal(textOf(await store.render()).includes(`work_total{kind="a"} ${before + 1}\n`), true);
    store.close();
    assert.equal(isMapped(store.path), false);
  });
}
