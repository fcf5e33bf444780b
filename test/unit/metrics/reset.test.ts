import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { Segment } from '#src/store/segment.js';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

test('a family brings all of its series back to 0, for all who have the store open', (t) => {
  const store = temporaryStore(t);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const options = { name: 'a_total', help: 'A.', labelNames: ['x'] } as const;
  const counter = store.counter(options);
  counter.labels('1').inc(3);
  counter.labels('2').inc(0.5);
  other.counter(options).labels('1').inc(4);
  const untouched = store.counter({ name: 'b_total', help: 'B.' });
  untouched.inc();
  counter.reset();
  assert.deepEqual(
    other.snapshot().map(({ series }) => series.map((one) => 'value' in one && one.value)),
    [[0, 0], [1]],
  );
  counter.labels('1').inc(2);
  other.counter(options).labels('1').inc();
  assert.equal(numberOf(other, 'a_total', { x: '1' }), 3);
});

test('one series is reset by its labels or its handle, and none is made', (t) => {
  const store = temporaryStore(t, { defaultLabels: { zone: 'z' } });
  const gauge = store.gauge({ name: 'g', help: 'G.', labelNames: ['x', 'y'] });
  for (const x of ['1', '2', '3']) gauge.labels(x, 'a').inc(5);
  gauge.reset('1', 'a');
  gauge.reset({ y: 'a', x: '2' });
  gauge.reset('4', 'a');
  const values = () => store.snapshot()[0]?.series.map((one) => 'value' in one && one.value);
  assert.deepEqual(values(), [0, 0, 5]);
  gauge.labels('3', 'a').reset();
  gauge.labels('2', 'a').set(1.5);
  assert.deepEqual(values(), [0, 1.5, 0]);
  assert.throws(() => (gauge.reset as (...values: string[]) => void)('1'), { code: 'ERR_PCM_LABEL_COUNT' });
});

test('what is observed loses buckets and sum', (t) => {
  const store = temporaryStore(t);
  const name = { help: 'H.', labelNames: ['x'] } as const;
  const histogram = store.histogram({ name: 'h', buckets: [1, 2], ...name });
  const native = store.nativeHistogram({ name: 'n', ...name });
  const summary = store.summary({ name: 's', ...name });
  const counts = () =>
    store.snapshot().map(({ series }) => series.map((one) => 'count' in one && [one.count, one.sum]));
  for (const family of [histogram, native, summary]) for (const x of ['1', '2', '3']) family.labels(x).observe(1.5);
  for (const family of [histogram, native, summary]) {
    family.labels('1').reset();
    family.reset('2');
    family.labels('2').observe(1);
  }
  const expected = [
    [0, 0],
    [1, 1],
    [1, 1.5],
  ];
  assert.deepEqual(counts(), [expected, expected, expected]);
});

test('a state set is in no state then, and an info stays 1', (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ name: 'phase', help: 'P.', labelNames: ['x'], states: ['up', 'down'] });
  const info = store.infoMetric({ name: 'build_info', help: 'B.', labels: { version: '1' } });
  for (const x of ['1', '2', '3']) phase.labels(x).set('up');
  phase.reset('1');
  phase.labels('2').reset();
  info.reset();
  const up = ['1', '2', '3'].map((x) => numberOf(store, 'phase', { x, phase: 'up' }));
  assert.deepEqual(up, [0, 0, 1]);
  assert.equal(numberOf(store, 'build_info'), 1);
});

test('a store that may not be changed refuses it', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'a_total', help: 'A.' });
  counter.inc(3);
  const reader = Segment.open({ path: store.path, readOnly: true });
  assert.throws(() => reader.reset(1, 'a_total'), { code: 'ERR_PCM_READ_ONLY' });
  reader.close();
  assert.throws(() => reader.reset(1, 'a_total'), { code: 'ERR_PCM_CLOSED' });
  assert.equal(numberOf(store, 'a_total'), 3);
  store.close();
  assert.throws(() => counter.reset(), { code: 'ERR_PCM_CLOSED' });
});
