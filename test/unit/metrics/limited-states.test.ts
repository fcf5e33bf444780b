/** Limits of state sets, which are whole or not there, and of infos, for which none can stand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OVERFLOW_VALUE, openStore, type Store } from 'percpu-metrics';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';
import { warningCodesOf } from '../../support/warnings-of.js';

const states = ['up', 'down', 'gone'] as const;
const phaseOptions = { name: 'phase', help: 'Phase.', states, labelNames: ['pod'] } as const;

/** The label values of a family's series, in front of the state, each once with how many series have it. */
function seriesBy(store: Store, name: string, label: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { labels } of store.snapshot().find((family) => family.name === name)?.series ?? []) {
    const value = labels[label] ?? '';
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

async function dropped(store: Store): Promise<number> {
  return (await store.activity()).refusals;
}

test('beyond its limit of sets a state set has one more, which is in the state that was set last', async (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ ...phaseOptions, maxSeries: 2 });
  const warnings = await warningCodesOf(() => {
    for (const pod of ['a', 'b', 'c', 'd']) phase.labels(pod).set('up');
    phase.labels('d').set('down');
  });
  assert.deepEqual(seriesBy(store, 'phase', 'pod'), { a: 3, b: 3, [OVERFLOW_VALUE]: 3 });
  for (const pod of ['a', 'b']) assert.equal(numberOf(store, 'phase', { pod, phase: 'up' }), 1);
  for (const state of states) {
    assert.equal(numberOf(store, 'phase', { pod: OVERFLOW_VALUE, phase: state }), state === 'down' ? 1 : 0);
  }
  assert.deepEqual(warnings, ['ERR_PCM_SERIES_LIMIT'], 'once');
  assert.equal(await dropped(store), 3);
});

test('a set is whole or not there where the limit of the store leaves room for some of its states', (t) => {
  const store = temporaryStore(t, { maxSeries: 7 });
  const phase = store.stateSet(phaseOptions);
  phase.labels('a').set('up');
  const { catalogBytes } = store.info;
  for (const pod of ['b', 'c', 'd']) phase.labels(pod).set('up');
  assert.deepEqual(seriesBy(store, 'phase', 'pod'), { a: 3, [OVERFLOW_VALUE]: 3 });
  // Nor was one begun, which would have to be removed again.
  assert.equal(store.info.catalogBytes, catalogBytes);
});

test('a set is whole or not there where the store is full', (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const phase = store.stateSet({ ...phaseOptions, maxSeries: 1e6 });
  const sets = 10_000;
  for (let pod = 0; pod < sets; pod += 1) phase.labels(`${pod}`).set('down');
  const counts = seriesBy(store, 'phase', 'pod');
  const made = Object.keys(counts).length;
  assert.ok(made > 100 && made < sets, `${made}`);
  assert.deepEqual(new Set(Object.values(counts)), new Set([3]));
  assert.equal(numberOf(store, 'phase', { pod: OVERFLOW_VALUE, phase: 'down' }), 1);
});

test('a removed set comes back whole as the last one within the limit, and else is the overflow set', (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ ...phaseOptions, maxSeries: 2 });
  const [a, b] = [phase.labels('a'), phase.labels('b')];
  phase.remove('b');
  b.set('gone');
  assert.deepEqual(seriesBy(store, 'phase', 'pod'), { a: 3, b: 3, [OVERFLOW_VALUE]: 3 });
  assert.equal(numberOf(store, 'phase', { pod: 'b', phase: 'gone' }), 1);
  phase.remove('b');
  phase.labels('c').set('up');
  b.set('down');
  a.set('up');
  assert.deepEqual(seriesBy(store, 'phase', 'pod'), { a: 3, c: 3, [OVERFLOW_VALUE]: 3 });
  assert.equal(numberOf(store, 'phase', { pod: OVERFLOW_VALUE, phase: 'down' }), 1);
  phase.removeAll();
  phase.labels('d').set('up');
  assert.deepEqual(seriesBy(store, 'phase', 'pod'), { d: 3, [OVERFLOW_VALUE]: 3 });
});

test('a removed set does not come back by half where the limit of the store leaves room for some of its states', (t) => {
  const store = temporaryStore(t, { maxSeries: 8 });
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['x'] });
  const phase = store.stateSet(phaseOptions);
  const a = phase.labels('a');
  phase.remove('a');
  for (const x of [1, 2]) jobs.labels(x).inc();
  a.set('gone');
  assert.deepEqual(seriesBy(store, 'phase', 'pod'), { [OVERFLOW_VALUE]: 3 });
  assert.equal(numberOf(store, 'phase', { pod: OVERFLOW_VALUE, phase: 'gone' }), 1);
});

test('a state set without labels is in no limit', (t) => {
  const store = temporaryStore(t, { maxSeries: 1 });
  store.stateSet({ name: 'phase', help: 'Phase.', states }).set('up');
  assert.equal(numberOf(store, 'phase', { phase: 'up' }), 1);
});

test('facts beyond the limit of an info are not stated, counted and reported once', async (t) => {
  const store = temporaryStore(t);
  const options = { name: 'build_info', help: 'Build.', maxSeries: 2 };
  const warnings = await warningCodesOf(() => {
    for (const version of ['1', '2', '3', '4']) store.infoMetric({ ...options, labels: { version } });
  });
  assert.deepEqual(seriesBy(store, 'build_info', 'version'), { 1: 1, 2: 1 });
  assert.deepEqual(warnings, ['ERR_PCM_SERIES_LIMIT']);
  assert.equal(await dropped(store), 2);
});

test('new facts take the place of the old ones within a limit, also of one', async (t) => {
  const store = temporaryStore(t);
  const info = store.infoMetric({ name: 'leader_info', help: 'Leader.', labels: { id: 'a' }, maxSeries: 1 });
  info.set({ id: 'b' });
  assert.throws(() => info.set({ id: Symbol('c') as unknown as string }), { code: 'ERR_PCM_LABEL_VALUE' });
  assert.deepEqual(seriesBy(store, 'leader_info', 'id'), { b: 1 });
  assert.equal(await dropped(store), 0);
});

test('the limit of a store holds for infos as well, and a full one throws where there is none', (t) => {
  const store = temporaryStore(t, { maxSeries: 1, capacity: 1024 });
  for (const version of ['1', '2']) store.infoMetric({ name: 'a_info', help: 'A.', labels: { version } });
  assert.deepEqual(seriesBy(store, 'a_info', 'version'), { 1: 1 });
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  assert.throws(
    () => {
      for (let n = 0; n < 1e6; n += 1) other.infoMetric({ name: 'a_info', help: 'A.', labels: { version: `x${n}` } });
    },
    { code: 'ERR_PCM_CAPACITY' },
  );
});
