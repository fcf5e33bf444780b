import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OVERFLOW_VALUE, openStore, type Store } from 'percpu-metrics';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';
import { warningsOf } from '../../support/warnings-of.js';

function seriesOf(store: Store, name: string): number {
  return store.snapshot().find((family) => family.name === name)?.series.length ?? 0;
}

test('beyond the limit of a family amounts go to its overflow series, counted and reported once', async (t) => {
  const store = temporaryStore(t);
  const paths = store.counter({ name: 'paths_total', help: 'Paths.', labelNames: ['path', 'method'], maxSeries: 3 });
  const warnings = await warningsOf(() => {
    for (let n = 0; n < 10; n += 1) paths.labels(`/${n}`, 'GET').inc();
    for (let n = 0; n < 10; n += 1) paths.labels({ path: `/${n}`, method: 'GET' }).inc(2);
  });
  assert.equal(seriesOf(store, 'paths_total'), 4);
  for (const n of [0, 1, 2]) assert.equal(numberOf(store, 'paths_total', { path: `/${n}` }), 3);
  assert.equal(numberOf(store, 'paths_total', { path: OVERFLOW_VALUE, method: OVERFLOW_VALUE }), 7 * 3);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['ERR_PCM_SERIES_LIMIT'],
  );
  assert.match(warnings[0]?.message ?? '', /paths_total .* all "__overflow__"; look for a label/);
  assert.match((await store.metrics()).toString(), /paths_total\{path="__overflow__",method="__overflow__"\} 21/);
});

test('the limit of the store holds for all of its families, and not for those without labels', (t) => {
  const store = temporaryStore(t, { maxSeries: 4 });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', labelNames: ['a'], buckets: [1] });
  const jobs = store.gauge({ name: 'jobs', help: 'Jobs.', labelNames: ['a'] });
  for (let n = 0; n < 5; n += 1) wait.labels(n).observe(n);
  for (let n = 0; n < 5; n += 1) jobs.labels(n).inc();
  store.counter({ name: 'plain_total', help: 'Plain.' }).inc();
  store
    .stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'], labelNames: ['a'] })
    .labels('x')
    .set('up');
  assert.deepEqual(
    ['wait', 'jobs', 'plain_total', 'phase'].map((name) => seriesOf(store, name)),
    [3, 1, 1, 2],
  );
  assert.equal(numberOf(store, 'jobs', { a: OVERFLOW_VALUE }), 5);
});

test('series that are there already, of whichever process, are found beyond the limit', (t) => {
  const store = temporaryStore(t);
  const other = openStore({ path: store.path, maxSeries: 1 });
  t.after(() => other.close());
  const options = { name: 'a_total', help: 'A.', labelNames: ['n'] as const };
  const all = store.counter(options);
  for (let n = 0; n < 5; n += 1) all.labels(n).inc();
  const limited = other.counter(options);
  for (let n = 0; n < 7; n += 1) limited.labels(n).inc();
  all.labels(7).inc();
  assert.equal(seriesOf(store, 'a_total'), 7);
  for (let n = 0; n < 5; n += 1) assert.equal(numberOf(store, 'a_total', { n: String(n) }), 2);
  assert.equal(numberOf(store, 'a_total', { n: OVERFLOW_VALUE }), 2);
});

test('where there is a limit, a store that is full is none that throws', async (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const paths = store.counter({ name: 'a_total', help: 'A.', labelNames: ['path'], maxSeries: 1e6 });
  const wait = store.summary({ name: 'wait', help: 'Wait.', labelNames: ['path'], maxSeries: 1e6, range: [0.01, 1] });
  const warnings = await warningsOf(() => {
    for (let n = 0; n < 3000; n += 1) {
      paths.labels(n).inc();
      wait.labels(n).observe(0.5);
    }
  });
  const count = store
    .snapshot()
    .find(({ name }) => name === 'a_total')
    ?.series.reduce((sum, series) => sum + ('value' in series ? series.value : 0), 0);
  assert.equal(count, 3000);
  assert.ok(numberOf(store, 'a_total', { path: OVERFLOW_VALUE }) > 1000);
  assert.deepEqual(new Set(warnings.map(({ code }) => code)), new Set(['ERR_PCM_CAPACITY']));
  assert.equal(warnings.length, 2);
});

test('labels that overflow are not remembered', (t) => {
  const store = temporaryStore(t);
  const paths = store.counter({ name: 'a_total', help: 'A.', labelNames: ['path'], maxSeries: 1 });
  const overflow = paths.labels(OVERFLOW_VALUE);
  assert.notEqual(paths.labels('x'), overflow);
  assert.equal(paths.labels('y'), overflow);
  // Declared anew with another limit.
  store.counter({ name: 'a_total', help: 'A.', labelNames: ['path'], maxSeries: 2 });
  assert.notEqual(paths.labels('y'), overflow);
  assert.equal(paths.labels('z'), overflow);
  store.counter({ name: 'a_total', help: 'A.', labelNames: ['path'] });
  assert.notEqual(paths.labels('z'), overflow);
});

for (const maxSeries of [0, -1, 1.5, '3', null, 2 ** 32]) {
  test(`a limit of ${JSON.stringify(maxSeries)} is refused`, (t) => {
    const store = temporaryStore(t);
    const given = { name: 'a', help: 'A.', maxSeries: maxSeries as number };
    assert.throws(() => store.counter(given), { code: 'ERR_PCM_OPTION', message: /maxSeries of a must be an integer/ });
    assert.throws(() => openStore({ maxSeries: maxSeries as number }), {
      code: 'ERR_PCM_OPTION',
      message: /maxSeries/,
    });
    assert.deepEqual(store.snapshot(), []);
  });
}
