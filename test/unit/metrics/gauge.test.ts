import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

test('a gauge goes up and down, by integers and by fractions', (t) => {
  const store = temporaryStore(t);
  const open = store.gauge({ name: 'open', help: 'Open.' });
  assert.equal(numberOf(store, 'open'), 0);
  open.inc();
  open.inc(5);
  open.dec();
  open.dec(2);
  assert.equal(numberOf(store, 'open'), 3);
  open.inc(-10);
  assert.equal(numberOf(store, 'open'), -7);
  open.inc(0.5);
  open.dec(0.25);
  assert.equal(numberOf(store, 'open'), -6.75);
});

test('a read after set gives exactly what was set, whatever was added before', (t) => {
  const store = temporaryStore(t);
  const open = store.gauge({ name: 'open', help: 'Open.' });
  for (const value of [42, 0.1, -1e-300, 2 ** 60, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3]) {
    open.inc(7);
    open.inc(0.3);
    open.set(value);
    assert.equal(numberOf(store, 'open'), value);
  }
  open.inc(2);
  assert.equal(numberOf(store, 'open'), 5);
});

test('a gauge that is only set costs no cells', (t) => {
  const store = temporaryStore(t);
  const before = store.info.cellsUsed;
  const open = store.gauge({ name: 'open', help: 'Open.' });
  open.set(1);
  assert.equal(store.info.cellsUsed, before);
  open.inc();
  assert.ok(store.info.cellsUsed > before);
  assert.equal(numberOf(store, 'open'), 2);
});

test('the current time is set in seconds', (t) => {
  const store = temporaryStore(t);
  const last = store.gauge({ name: 'last_run', help: 'Last run.' });
  const before = Date.now() / 1000;
  last.setToCurrentTime();
  const value = numberOf(store, 'last_run');
  assert.ok(value >= before && value <= Date.now() / 1000, `${value}`);
});

test('a timer sets the seconds that it returns', (t) => {
  const store = temporaryStore(t);
  const duration = store.gauge({ name: 'run_seconds', help: 'Run.', labelNames: ['job'] });
  const seconds = duration.labels('nightly').startTimer()();
  assert.equal(numberOf(store, 'run_seconds'), seconds);
});

for (const [method, amount, code, message] of [
  ['inc', Number.NaN, 'ERR_PCM_AMOUNT_NOT_FINITE', /^inc of open takes a finite number, not NaN/],
  ['dec', Number.POSITIVE_INFINITY, 'ERR_PCM_AMOUNT_NOT_FINITE', /^dec of open .* not Infinity/],
  ['inc', '1', 'ERR_PCM_AMOUNT_TYPE', /^inc of open takes a number, not '1'/],
  ['dec', null, 'ERR_PCM_AMOUNT_TYPE', /^dec of open takes a number, not null/],
  ['set', '1', 'ERR_PCM_AMOUNT_TYPE', /^set of open takes a number, not '1'/],
  ['set', undefined, 'ERR_PCM_AMOUNT_TYPE', /^set of open takes a number, not undefined/],
] as const) {
  test(`${method} of ${String(amount)} (${typeof amount}) is refused by a gauge, and nothing is changed`, (t) => {
    const store = temporaryStore(t);
    const open = store.gauge({ name: 'open', help: 'Open.' });
    open.set(5);
    assert.throws(() => open[method](amount as number), { name: 'PercpuMetricsError', code, message });
    assert.equal(numberOf(store, 'open'), 5);
  });
}

test('a closed store has gauges that do nothing, bound to cells or not', (t) => {
  const store = temporaryStore(t);
  const open = store.gauge({ name: 'open', help: 'Open.', labelNames: ['kind'] });
  const [used, unused] = [open.labels('used'), open.labels('unused')];
  used.inc();
  store.close();
  for (const gauge of [used, unused]) {
    gauge.inc();
    gauge.dec(2);
    gauge.inc(0.5);
    gauge.set(9);
    gauge.setToCurrentTime();
    gauge.startTimer()();
  }
  const again = temporaryStore(t, { path: store.path });
  assert.equal(numberOf(again, 'open', { kind: 'used' }), 1);
  assert.equal(numberOf(again, 'open', { kind: 'unused' }), 0);
});

test('a gauge that finds no room for its first inc drops it with a warning, and can still be set', async (t) => {
  const store = temporaryStore(t, { capacity: 512 });
  const counters = store.counter({ name: 'filler_total', help: 'Filler.', labelNames: ['n'] });
  const open = store.gauge({ name: 'open', help: 'Open.' });
  assert.throws(
    () => {
      for (let index = 0; index < 100_000; index += 1) counters.labels(index);
    },
    { code: 'ERR_PCM_CAPACITY' },
  );
  const warned = new Promise<Error & { code?: string }>((resolve) => process.once('warning', resolve));
  open.inc();
  open.inc(0.5);
  open.set(4);
  assert.equal(numberOf(store, 'open'), 4);
  assert.equal((await warned).code, 'ERR_PCM_CAPACITY');
});
