import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Activity, Outcome } from '#src/metrics/activity.js';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

test('what begins and ends is in the gauge meanwhile, and then in the counter and the histogram', async (t) => {
  const store = temporaryStore(t);
  const running = store.gauge({ name: 'running', help: 'Running.' });
  const ended = store.counter({ name: 'ended_total', help: 'Ended.', labelNames: ['how'] });
  const took = store.histogram({ name: 'took_seconds', help: 'Took.', labelNames: ['how'], buckets: [0.04, 60] });
  const activity = new Activity(running.labels());
  const well = Outcome.of(ended.labels('well'), took.labels('well'));
  const before = performance.now();
  const [first, second, third] = [activity.begin(), activity.begin(), activity.begin()];
  assert.equal(numberOf(store, 'running'), 3);
  activity.end(Outcome.none, third);
  assert.equal(numberOf(store, 'running'), 2);
  assert.equal(numberOf(store, 'ended_total', { how: 'well' }), 0);
  await sleep(60);
  activity.end(well, first);
  activity.end(well, second);
  const seconds = (performance.now() - before) / 1000;
  assert.equal(numberOf(store, 'running'), 0);
  assert.equal(numberOf(store, 'ended_total', { how: 'well' }), 2);
  const [series] = store.snapshot().find(({ name }) => name === 'took_seconds')?.series ?? [];
  assert.ok(series && 'buckets' in series);
  assert.deepEqual(
    series.buckets.map(({ count }) => count),
    [0, 2, 2],
  );
  assert.ok(series.sum > 0.1 && series.sum <= 2 * seconds, `${series.sum} s in ${seconds} s`);
});

test('a store that is closed meanwhile is left alone', (t) => {
  const store = temporaryStore(t);
  const activity = new Activity(store.gauge({ name: 'running', help: 'Running.' }).labels());
  const ended = store.counter({ name: 'ended_total', help: 'Ended.', exemplars: true }).labels();
  const took = store.histogram({ name: 'took_seconds', help: 'Took.', exemplars: true }).labels();
  const outcome = Outcome.of(ended, took);
  const began = activity.begin();
  store.close();
  activity.end(Outcome.none, began);
  activity.end(Outcome.none, activity.begin());
  activity.end(outcome, began, { trace_id: 'x' });
  activity.end(outcome, activity.begin(), { trace_id: 'x' });
});

test('an activity needs handles of a store', () => {
  const strange = { inc() {}, dec() {}, observe() {} } as never;
  assert.throws(() => new Activity(strange), TypeError);
  assert.throws(() => Outcome.of(strange, strange), TypeError);
});
