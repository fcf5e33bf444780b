/** Handles whose series are removed, and where they have their label values from then. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { OVERFLOW_VALUE, openStore, type Store, type StoreOptions } from 'percpu-metrics';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';
import { warningCodesOf } from '../../support/warnings-of.js';

const family = { name: 'c_total', help: 'C.', labelNames: ['x', 'y'] } as const;

/** Two attachments to a store: the second one removes what the first one holds. */
function twoStores(t: TestContext, options: StoreOptions = {}): [Store, Store] {
  const store = temporaryStore(t, options);
  const other = openStore({ path: store.path, ...options });
  t.after(() => other.close());
  return [store, other];
}

/** Lets a store take in what others have removed. */
function follow(store: Store): void {
  store.counter({ name: 'follow_total', help: 'F.', labelNames: ['x'] }).labels(Math.random());
}

function labelsOf(store: Store, name: string): Readonly<Record<string, string>>[] {
  return (store.snapshot().find((one) => one.name === name)?.series ?? []).map(({ labels }) => labels);
}

const TEXTS = ['', 'plain', 'a\0b', '"quoted"\\\n', 'Größe 😀', '__proto__', OVERFLOW_VALUE, 'x'.repeat(65_535)];

for (const defaultLabels of [{}, { zone: 'z', host: '' }]) {
  const what = JSON.stringify(defaultLabels);
  test(`handles of removed series come back with the label values that they had, default labels: ${what}`, (t) => {
    const [store, other] = twoStores(t, { defaultLabels });
    const counter = store.counter(family);
    const states = store.stateSet({ name: 's', help: 'S.', labelNames: ['x'], states: ['on', 'off'] });
    const handles = TEXTS.flatMap((x) => TEXTS.map((y) => counter.labels(x, y)));
    const sets = TEXTS.map((x) => states.labels(x));
    const count = () => {
      handles.forEach((handle, index) => void handle.inc(index + 1));
      for (const set of sets) set.set('off');
    };
    count();
    const before = store.snapshot();
    other.counter(family).removeAll();
    other.removeSeries('s');
    follow(store);
    assert.deepEqual([labelsOf(store, 'c_total'), labelsOf(store, 's')], [[], []]);
    count();
    const after = store.snapshot().filter(({ name }) => name !== 'follow_total');
    // Records are used again, so that the order may be another one.
    const sorted = (all: typeof before) => all.map(({ series }) => series.map((one) => JSON.stringify(one)).sort());
    assert.deepEqual(sorted(after), sorted(before));
  });
}

test('so do those that learn of more removals than are told one by one', (t) => {
  const [store, other] = twoStores(t);
  const counter = store.counter(family);
  const handles = Array.from({ length: 5000 }, (_, index) => counter.labels(index, 'y'));
  other.counter(family).removeAll();
  other.counter(family).labels('new', 'y').inc(7);
  follow(store);
  handles.forEach((handle, index) => void handle.inc(index));
  assert.ok(counter.labels(1, 'y') !== handles[1], 'the family has forgotten the handle');
  const values = store.snapshot()[0]?.series.map((one) => [one.labels['x'], 'value' in one && one.value]) ?? [];
  assert.equal(values.length, 5001);
  for (const [x, value] of values) assert.equal(value, x === 'new' ? 7 : Number(x));
});

test('a handle for which the overflow series has stood in comes back with its own label values', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ ...family, maxSeries: 1 });
  const first = counter.labels('1', 'y');
  first.inc();
  counter.removeAll();
  counter.labels('2', 'y').inc();
  first.inc(5);
  assert.equal(numberOf(store, 'c_total', { x: OVERFLOW_VALUE }), 5);
  counter.removeAll();
  first.inc(3);
  assert.equal(numberOf(store, 'c_total', { x: '1', y: 'y' }), 3);
});

test('halves of surrogate pairs, of which two would be one series, are an error that shows them', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter(family);
  counter.labels('\u{1f600}', '').inc();
  const error = { code: 'ERR_PCM_LABEL_VALUE', message: /label x of c_total '\\uD83D' has half of a surrogate pair/i };
  assert.throws(() => counter.labels('\ud83d', ''), error);
  assert.throws(() => counter.labels({ x: '\ud83d', y: '' }), error);
  assert.throws(() => counter.remove('\ud83d', ''), error);
  assert.throws(() => counter.labels('', 'a\udc00b'), { code: 'ERR_PCM_LABEL_VALUE' });
  const perProcess = { name: 'g', help: 'Level.', perProcess: '\ud83d' };
  assert.throws(() => store.gauge(perProcess), { code: 'ERR_PCM_LABEL_VALUE' });
  assert.throws(() => openStore({ path: store.path, defaultLabels: { zone: '\udc00' } }), {
    code: 'ERR_PCM_LABEL_VALUE',
  });
  assert.deepEqual(
    store.snapshot().flatMap(({ series }) => series.map(({ labels }) => labels)),
    [{ x: '\u{1f600}', y: '' }],
  );
});

/** Where the number of labels is in a series' record, seen from its first value; see native/core/layout.h. */
const COUNT_OF_LABELS = 64 - (80 + 2);

const DAMAGES: readonly [string, string, (path: string) => void][] = [
  [
    'contradicts itself',
    'ERR_PCM_CORRUPT',
    (path) => {
      const file = openSync(path, 'r+');
      writeSync(file, Buffer.from([200]), 0, 1, readFileSync(path).indexOf('needle') + COUNT_OF_LABELS);
      closeSync(file);
    },
  ],
  ['was truncated', 'ERR_PCM_BROKEN', (path) => truncateSync(path, 0)],
];

for (const [what, code, damage] of DAMAGES) {
  test(`where a store that ${what} no longer tells the labels of a removed series, amounts are dropped with a warning`, async (t) => {
    const [store, other] = twoStores(t);
    const counter = store.counter({ name: 'c_total', help: 'C.', labelNames: ['x'] });
    // A truncated store, whose number of removals is 0, is one that another number has been taken in of before.
    counter.labels('first').inc();
    counter.removeAll();
    const handle = counter.labels('needle');
    handle.inc();
    other.removeSeries('c_total');
    damage(store.path);
    const codes = await warningCodesOf(() => {
      try {
        counter.labels('next');
      } catch {
        // Whether a store that is damaged refuses another series is not the question here: it has let go before.
      }
      for (const amount of [1, 2, 0.5]) handle.inc(amount);
      assert.throws(() => handle.reserve(), { name: 'PercpuMetricsError', code });
      handle.reset();
    });
    assert.deepEqual([...new Set(codes)], [code]);
  });
}
