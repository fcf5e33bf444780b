import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

test('a counter without labels is there from the start and counts itself', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.' });
  assert.equal(numberOf(store, 'jobs_total'), 0);
  jobs.inc();
  jobs.inc(2);
  jobs.inc(undefined);
  assert.equal(numberOf(store, 'jobs_total'), 4);
  assert.equal(jobs.labels(), jobs.labels({}));
});

test('integers are exact, fractions are doubles, and the value is their sum', (t) => {
  const store = temporaryStore(t);
  const cost = store.counter({ name: 'cost_total', help: 'Cost.' });
  cost.inc(Number.MAX_SAFE_INTEGER - 1);
  cost.inc();
  assert.equal(numberOf(store, 'cost_total'), Number.MAX_SAFE_INTEGER);
  const small = store.counter({ name: 'small_total', help: 'Small.' });
  small.inc(0.25);
  small.inc(3);
  small.inc(0.5);
  assert.equal(numberOf(store, 'small_total'), 3.75);
});

test('zero, of either sign, adds nothing', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.' });
  jobs.inc(0);
  jobs.inc(-0);
  assert.equal(numberOf(store, 'jobs_total'), 0);
});

test('amounts beyond the safe integers are added as doubles', (t) => {
  const store = temporaryStore(t);
  const huge = store.counter({ name: 'huge_total', help: 'Huge.' });
  huge.inc(1e300);
  huge.inc(2 ** 60);
  assert.equal(numberOf(store, 'huge_total'), 1e300);
});

for (const [what, amount, code, message] of [
  ['NaN', Number.NaN, 'ERR_PCM_AMOUNT_NOT_FINITE', /^inc of jobs_total takes a finite number, not NaN/],
  ['infinity', Number.POSITIVE_INFINITY, 'ERR_PCM_AMOUNT_NOT_FINITE', /not Infinity; check the computation/],
  ['minus infinity', Number.NEGATIVE_INFINITY, 'ERR_PCM_AMOUNT_NOT_FINITE', /not -Infinity/],
  ['a negative integer', -1, 'ERR_PCM_AMOUNT_NEGATIVE', /takes 0 or more, not -1; use a gauge/],
  ['a negative fraction', -0.5, 'ERR_PCM_AMOUNT_NEGATIVE', /not -0.5/],
  ['a string', '1', 'ERR_PCM_AMOUNT_TYPE', /takes a number, not '1'; convert it/],
  ['null', null, 'ERR_PCM_AMOUNT_TYPE', /not null/],
  ['a bigint', 1n, 'ERR_PCM_AMOUNT_TYPE', /not 1n/],
  ['an object that would be a number', { valueOf: () => 1 }, 'ERR_PCM_AMOUNT_TYPE', /takes a number/],
  ['true', true, 'ERR_PCM_AMOUNT_TYPE', /not true/],
] as const) {
  test(`${what} is refused by a counter, and nothing is counted`, (t) => {
    const store = temporaryStore(t);
    const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'] });
    const handle = jobs.labels('q');
    handle.inc(7);
    handle.inc(0.5);
    const before = store.snapshot();
    assert.throws(() => handle.inc(amount as number), { name: 'PercpuMetricsError', code, message });
    assert.deepEqual(store.snapshot(), before);
  });
}

test('a family with labels that is counted itself says how to do it', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'] });
  assert.throws(() => (jobs as unknown as { inc(): void }).inc(), {
    code: 'ERR_PCM_LABEL_COUNT',
    message: /0 label values given, but jobs_total has 1 label: queue/,
  });
});

test('a closed store is counted in without an error and without an effect', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.' });
  store.close();
  jobs.inc();
  jobs.inc(3);
  jobs.inc(0.5);
  assert.throws(() => jobs.inc(-1), { code: 'ERR_PCM_AMOUNT_NEGATIVE' });
  assert.equal(numberOf(temporaryStore(t, { path: store.path }), 'jobs_total'), 0);
});

test('room that is reserved for a fraction is there, and counts nothing', (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const cost = store.counter({ name: 'cost_total', help: 'Cost.' });
  cost.reserve(0.5);
  assert.equal(numberOf(store, 'cost_total'), 0);
  const filler = store.counter({ name: 'filler_total', help: 'Filler.', labelNames: ['n'] });
  assert.throws(
    () => {
      for (let index = 0; index < 100_000; index += 1) filler.labels(index);
    },
    { code: 'ERR_PCM_CAPACITY' },
  );
  cost.inc(0.5);
  assert.equal(numberOf(store, 'cost_total'), 0.5);
});

test('room that is not there cannot be reserved, and integers need none', (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const full = store.counter({ name: 'full_total', help: 'Full.' });
  // Integers take the second half as well, before there is any fraction.
  const many = store.counter({ name: 'many_total', help: 'Many.', labelNames: ['number'] });
  for (let number = 0; number < 600; number += 1) many.labels(number);
  full.reserve(3);
  assert.throws(() => full.reserve(0.5), { code: 'ERR_PCM_CAPACITY', message: /cannot create a cell of full_total/ });
  full.inc(3);
  assert.equal(numberOf(store, 'full_total'), 3);
});
