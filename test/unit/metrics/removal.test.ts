import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import { Activity, Outcome } from '#src/metrics/activity.js';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

/** The values of all series by their first label, of what is observed count and sum. */
function values(store: Store): Record<string, number | [number, number]>[] {
  return store
    .snapshot()
    .map(({ series }) =>
      Object.fromEntries(
        series.map((one) => [
          Object.values(one.labels)[0] ?? '',
          'value' in one ? one.value : ([one.count, one.sum] as [number, number]),
        ]),
      ),
    );
}

test('a series is removed by its labels, and comes back from 0 by whichever handle counts', (t) => {
  const store = temporaryStore(t, { defaultLabels: { zone: 'z' } });
  const counter = store.counter({ name: 'a_total', help: 'A.', labelNames: ['x', 'y'] });
  const old = counter.labels('1', 'a');
  old.inc(5);
  counter.labels('2', 'a').inc(3);
  counter.remove('1', 'a');
  counter.remove('9', 'a');
  assert.deepEqual(values(store), [{ 2: 3 }]);
  const next = counter.labels('1', 'a');
  next.inc(2);
  old.inc();
  old.inc(1.5);
  old.inc(4);
  assert.deepEqual(values(store), [{ 1: 8.5, 2: 3 }]);
  counter.remove({ y: 'a', x: '1' });
  assert.deepEqual(values(store), [{ 2: 3 }]);
  old.inc(0.5);
  assert.deepEqual(values(store), [{ 1: 0.5, 2: 3 }]);
  assert.equal(counter.labels('2', 'a'), counter.labels('2', 'a'));
  assert.throws(() => (counter.remove as (...given: string[]) => void)('1'), { code: 'ERR_PCM_LABEL_COUNT' });
});

test('all series of a family are removed, and all kinds of handles count on', (t) => {
  const store = temporaryStore(t);
  const labelled = { help: 'H.', labelNames: ['x'] } as const;
  const counter = store.counter({ name: 'c_total', ...labelled });
  const gauge = store.gauge({ name: 'g', ...labelled });
  const histogram = store.histogram({ name: 'h', buckets: [1, 2], ...labelled });
  const summary = store.summary({ name: 's', ...labelled });
  const handles = [counter, gauge, histogram, summary].map((family) => family.labels('1'));
  const [c, g, h, s] = [counter.labels('1'), gauge.labels('1'), histogram.labels('1'), summary.labels('1')];
  for (let round = 1; round <= 3; round += 1) {
    c.inc();
    c.inc(round);
    g.inc();
    g.dec(3);
    h.observe(round);
    s.observe(round);
    assert.deepEqual(values(store), [{ 1: 1 + round }, { 1: -2 }, { 1: [1, round] }, { 1: [1, round] }]);
    for (const family of [counter, gauge, histogram, summary]) family.removeAll();
    assert.deepEqual(values(store), [{}, {}, {}, {}]);
  }
  for (const handle of handles) handle.reset();
  assert.deepEqual(values(store), [{}, {}, {}, {}], 'a reset makes no series');
  g.set(2.5);
  gauge.removeAll();
  g.setOrThrow(3);
  gauge.removeAll();
  g.reserve();
  gauge.labels('1').inc();
  c.reserve(0.5);
  assert.deepEqual(values(store).slice(0, 2), [{ 1: 0 }, { 1: 1 }]);
});

test('families without labels, infos and state sets are removed and come back', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'c_total', help: 'C.' });
  const info = () => store.infoMetric({ name: 'i_info', help: 'I.', labels: { version: '1' } });
  const states = store.stateSet({ name: 's', help: 'S.', states: ['on', 'off'] });
  counter.inc(4);
  counter.remove();
  info().remove({ version: '1' });
  states.set('on');
  states.remove();
  assert.deepEqual(values(store), [{}, {}, {}]);
  counter.inc();
  info();
  states.toggle('off', true);
  assert.deepEqual(values(store), [{ '': 1 }, { on: 0, off: 1 }, { 1: 1 }]);
});

test('a family does not keep the handle of a removed series', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'c_total', help: 'C.', labelNames: ['x'] });
  const states = store.stateSet({ name: 's', help: 'S.', labelNames: ['x'], states: ['on', 'off'] });
  for (const family of [counter, states]) {
    const old = family.labels('1');
    assert.equal(family.labels('1'), old);
    family.remove('1');
    assert.notEqual(family.labels('1'), old);
  }
});

test('what others remove is noticed at the next series that is bound, and nothing is mixed up', (t) => {
  const store = temporaryStore(t);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const options = { name: 'a_total', help: 'A.', labelNames: ['x'] } as const;
  const [here, there] = [store.counter(options), other.counter(options)];
  const old = here.labels('1');
  old.inc(5);
  there.remove('1');
  old.inc(7);
  assert.deepEqual(values(store), [{}]);
  // Not in the cell of the old one, as this store has not let go of it yet.
  there.labels('2').inc(100);
  old.inc(7);
  here.labels('3').inc(1);
  old.inc(2);
  assert.deepEqual(values(store), [{ 1: 2, 2: 100, 3: 1 }]);
  there.remove('3');
  here.labels('3').inc(0.5);
  here.labels('3').inc(0.5);
  assert.equal(numberOf(store, 'a_total', { x: '3' }), 0.5, 'the first fraction is lost and tells of the removal');
});

test('what must not be lost is stored although somebody else has just removed the series', (t) => {
  const store = temporaryStore(t);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const gauge = store.gauge({ name: 'g', help: 'G.' });
  gauge.set(1);
  other.gauge({ name: 'g', help: 'G.' }).removeAll();
  gauge.labels().reset();
  gauge.setOrThrow(2);
  assert.deepEqual(values(store), [{ '': 2 }]);
});

test('the clock tells of removals where nothing else does', async (t) => {
  const store = temporaryStore(t);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const counter = store.counter({ name: 'a_total', help: 'A.' });
  counter.inc();
  other.counter({ name: 'a_total', help: 'A.' }).removeAll();
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline && values(store)[0]?.[''] === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    counter.inc();
  }
  assert.deepEqual(values(store), [{ '': 1 }]);
});

test('batches and activities count in series that were removed before', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'c_total', help: 'C.' });
  const gauge = store.gauge({ name: 'g', help: 'G.' });
  const histogram = store.histogram({ name: 'h', help: 'H.', buckets: [1] });
  const running = store.gauge({ name: 'running', help: 'Running.' });
  const batch = store.batch([counter, gauge, histogram]);
  const activity = new Activity(running.labels());
  const outcome = Outcome.of(counter.labels(), histogram.labels());
  const all = [counter, gauge, histogram, running];
  batch.record(1, 1, 1);
  for (const family of all) family.removeAll();
  batch.record(2, 3, 0.25);
  assert.deepEqual(values(store), [{ '': 2 }, { '': 3 }, { '': [1, 0.25] }, {}]);
  for (const family of all) family.removeAll();
  batch.record(0.5, 3, 0.25);
  for (const family of all) family.removeAll();
  const began = activity.begin();
  assert.equal(numberOf(store, 'running'), 1);
  activity.end(outcome, began);
  assert.equal(numberOf(store, 'c_total'), 1);
  assert.equal(numberOf(store, 'running'), 0);
  for (const family of all) family.removeAll();
  activity.end(outcome, activity.begin());
  assert.equal(numberOf(store, 'c_total'), 1);
});

test('exemplars are kept of the series that comes back', async (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'c_total', help: 'C.', exemplars: true });
  const histogram = store.histogram({ name: 'h', help: 'H.', buckets: [1], exemplars: true });
  counter.inc(1, { trace_id: 'old' });
  histogram.observe(1, { trace_id: 'old' });
  for (const family of [counter, histogram]) family.removeAll();
  counter.inc(2, { trace_id: 'one' });
  histogram.observe(0.5, { trace_id: 'two' });
  const text = await store.metrics({ syntax: 'openmetrics' });
  assert.deepEqual(text.match(/# \{.*?\} \S+/g), ['# {trace_id="one"} 2', '# {trace_id="two"} 0.5']);
});

test('a removal makes room below maxSeries, and a handle without room counts in the overflow series', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'a_total', help: 'A.', labelNames: ['x'], maxSeries: 2 });
  const first = counter.labels('1');
  first.inc();
  counter.labels('2').inc();
  counter.labels('3').inc();
  assert.deepEqual(values(store), [{ 1: 1, 2: 1, __overflow__: 1 }]);
  counter.remove('1');
  counter.labels('4').inc();
  first.inc();
  assert.deepEqual(values(store), [{ 2: 1, 4: 1, __overflow__: 2 }]);
  counter.removeAll();
  counter.labels('5').inc();
  counter.labels('6').inc();
  counter.labels('7').inc();
  assert.deepEqual(values(store), [{ 5: 1, 6: 1, __overflow__: 1 }]);
});

test('handles of removed series do nothing once the store is closed', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'a_total', help: 'A.', labelNames: ['x'] });
  const old = counter.labels('1');
  counter.removeAll();
  store.close();
  old.inc();
  old.inc(2);
  old.inc(0.5);
  assert.throws(() => counter.remove('1'), { code: 'ERR_PCM_CLOSED' });
  assert.throws(() => counter.removeAll(), { code: 'ERR_PCM_CLOSED' });
});

test('200,000 series come and go in 2,048 cells, while handles of removed ones are kept and used', (t) => {
  const store = temporaryStore(t, { capacity: 2048 });
  const counter = store.counter({ name: 'c_total', help: 'C.', labelNames: ['x'] });
  const histogram = store.histogram({ name: 'h', help: 'H.', labelNames: ['x'], buckets: [1, 2] });
  const kept = counter.labels('kept');
  const seen = histogram.labels('kept');
  let wrong = 0;
  for (let round = 0; round < 1000; round += 1) {
    kept.inc(round);
    seen.observe(1);
    for (let index = 0; index < 190; index += 1) counter.labels(`${round}.${index}`).inc(index);
    for (let index = 0; index < 10; index += 1) histogram.labels(`${round}.${index}`).observe(index);
    if (round % 10 === 0) {
      const [counted, observed] = values(store);
      if (counted?.['kept'] !== round || String(observed?.['kept']) !== '1,1') wrong += 1;
      for (let index = 0; index < 190; index += 1) if (counted?.[`${round}.${index}`] !== index) wrong += 1;
      for (let index = 0; index < 10; index += 1) {
        if (String(observed?.[`${round}.${index}`]) !== `1,${index}`) wrong += 1;
      }
      if (Object.keys(counted ?? {}).length !== 191 || Object.keys(observed ?? {}).length !== 11) wrong += 1;
    }
    counter.removeAll();
    histogram.removeAll();
  }
  assert.equal(wrong, 0);
  assert.equal(store.info.cellsUsed < 2048 && store.info.catalogBytes < 200_000, true, JSON.stringify(store.info));
});
