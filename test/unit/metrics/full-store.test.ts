/** What becomes of amounts in a store without a free cell, where families have a limit. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { OVERFLOW_VALUE, type Store } from 'percpu-metrics';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';
import { warningCodesOf } from '../../support/warnings-of.js';

const overflow = { x: OVERFLOW_VALUE };
const limited = { help: 'A.', labelNames: ['x'], maxSeries: 1e6 } as const;

/** Takes all cells that are left, of both kinds. */
function fill(store: Store): void {
  const filler = store.gauge({ name: 'filler', help: 'F.', labelNames: ['n'] });
  for (const amount of [0.5, 1]) {
    assert.throws(
      () => {
        for (let n = 0; n < 2000; n += 1) filler.labels(n).reserve(amount);
      },
      { code: 'ERR_PCM_CAPACITY', message: /create a cell/ },
    );
  }
}

function smallStore(t: TestContext): Store {
  return temporaryStore(t, { capacity: 1024 });
}

for (const exemplars of [false, true]) {
  test(`fractions for which a counter has no room go to its overflow series, exemplars: ${exemplars}`, async (t) => {
    const store = smallStore(t);
    const paths = store.counter({ name: 'a_total', ...limited, exemplars });
    const old = paths.labels('old');
    old.inc(2);
    fill(store);
    const warnings = await warningCodesOf(() => {
      old.inc(0.25);
      old.inc();
      paths.labels('new').inc(0.5);
      paths.labels('new').inc(4);
      store.batch([old, paths.labels('new')]).record(0.125, 1);
    });
    assert.equal(numberOf(store, 'a_total', { x: 'old' }), 3);
    assert.equal(numberOf(store, 'a_total', overflow), 5.875);
    assert.deepEqual(warnings, ['ERR_PCM_CAPACITY'], 'once');
  });
}

test('what is added to a gauge that has no room goes to its overflow series, and what is set is kept', async (t) => {
  const store = smallStore(t);
  const jobs = store.gauge({ name: 'jobs', ...limited });
  const untyped = store.untyped({ name: 'rest', ...limited });
  const [old, other] = [jobs.labels('old'), untyped.labels('old')];
  fill(store);
  const warnings = await warningCodesOf(() => {
    old.inc(5);
    old.dec();
    old.inc(0.5);
    jobs.labels('new').inc();
    jobs.labels('new').dec(0.25);
    other.inc(7);
  });
  assert.equal(numberOf(store, 'jobs', overflow), 5.25);
  assert.equal(numberOf(store, 'rest', overflow), 7);
  old.set(3);
  assert.equal(numberOf(store, 'jobs', { x: 'old' }), 3);
  assert.deepEqual(warnings, ['ERR_PCM_CAPACITY', 'ERR_PCM_CAPACITY'], 'once per family');
});

test('an aggregated gauge of a process has room for what overflows', (t) => {
  const store = smallStore(t);
  const jobs = store.gauge({ name: 'jobs', ...limited, aggregation: 'sum' });
  fill(store);
  jobs.labels('new').inc(2);
  jobs.labels('newer').inc(0.5);
  assert.equal(numberOf(store, 'jobs', overflow), 2.5);
});

test('observations for which there is no room go to the overflow series, sum and buckets', (t) => {
  const store = smallStore(t);
  const families = [
    store.histogram({ name: 'a', ...limited, buckets: [1, 2] }),
    store.nativeHistogram({ name: 'b', ...limited, schema: 0, range: [0.5, 4] }),
    store.summary({ name: 'c', ...limited, range: [0.5, 4], quantiles: [0.5] }),
  ];
  fill(store);
  for (const family of families) {
    family.labels('new').observe(0.75);
    family.labels('newer').observe(1.5);
    store.batch([family.labels('newest')]).record(1.5);
  }
  for (const name of ['a', 'b', 'c']) {
    const series = store.snapshot().find((family) => family.name === name)?.series ?? [];
    assert.deepEqual(
      series.map(({ labels, ...value }) => 'count' in value && [labels['x'], value.count, value.sum]),
      [[OVERFLOW_VALUE, 3, 3.75]],
      name,
    );
  }
});

test('a handle whose series was removed has room in the overflow series, which was removed as well', (t) => {
  const store = smallStore(t);
  const paths = store.counter({ name: 'a_total', ...limited });
  const old = paths.labels('old');
  old.inc();
  paths.removeAll();
  paths.labels('another').inc();
  fill(store);
  old.inc(0.5);
  paths.labels('new').inc(0.25);
  assert.equal(numberOf(store, 'a_total', overflow), 0.75);
});

test('without a limit an amount that has no room is dropped with a warning', async (t) => {
  const store = smallStore(t);
  const paths = store.counter({ name: 'a_total', help: 'A.', labelNames: ['x'] });
  const old = paths.labels('old');
  fill(store);
  const warnings = await warningCodesOf(() => {
    old.inc(0.5);
    store.batch([old]).record(0.5);
  });
  assert.deepEqual(warnings, ['ERR_PCM_CAPACITY']);
  assert.equal(numberOf(store, 'a_total', { x: 'old' }), 0);
  assert.throws(() => paths.labels('new'), { code: 'ERR_PCM_CAPACITY' });
});

test('hundreds of families with a limit fit into the smallest store, and one too many is refused', (t) => {
  const store = smallStore(t);
  const families = Array.from({ length: 400 }, (_, n) => store.counter({ name: `a${n}_total`, ...limited }));
  fill(store);
  for (const family of families) family.labels('new').inc(0.5);
  for (let n = 0; n < 400; n += 1) assert.equal(numberOf(store, `a${n}_total`, overflow), 0.5);
  assert.throws(() => store.counter({ name: 'last_total', ...limited }), { code: 'ERR_PCM_CAPACITY' });
  assert.equal(store.find('last_total'), undefined);
});
