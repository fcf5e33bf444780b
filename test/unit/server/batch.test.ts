/** Many measurements in one request: all of them or none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OVERFLOW_VALUE } from 'percpu-metrics';
import { temporaryService, valuesOf } from './service-app.js';

const counter = (name: string, value = 1, labels = {}) => ({ type: 'counter', name, value, labels });

test('all items are applied, in their order', async (t) => {
  const { service, store } = await temporaryService(t);
  await service.count('/v1/batch', {
    items: [
      counter('jobs_total', 2, { queue: 'mail' }),
      counter('jobs_total', 3, { queue: 'mail' }),
      { type: 'counter', name: 'bare_total' },
      { type: 'gauge', name: 'level', value: 10 },
      { type: 'gauge', name: 'level', op: 'inc', value: 2.5 },
      { type: 'gauge', name: 'level', op: 'dec' },
      { type: 'gauge', name: 'odd', value: '+Inf' },
      { type: 'histogram', name: 'wait_seconds', value: 0.5, buckets: [1], help: 'Wait.' },
      { type: 'histogram', name: 'wait_seconds', value: 2 },
    ],
  });
  assert.deepEqual(valuesOf(store), {
    'jobs_total{"queue":"mail"}': 5,
    'bare_total{}': 1,
    'level{}': 11.5,
    'odd{}': Number.POSITIVE_INFINITY,
    'wait_seconds{}': 2,
  });
  assert.equal(store.find('wait_seconds')?.help, 'Wait.');
});

test('one wrong item is named by its index, whatever is wrong, and nothing of the batch is applied', async (t) => {
  const { service, store } = await temporaryService(t);
  await service.count('/v1/batch', {
    items: [counter('known_total', 1, { a: 'x' }), { type: 'histogram', name: 'h', value: 1, buckets: [1] }],
  });
  const before = valuesOf(store);
  const wrong: [unknown, number, string][] = [
    [counter('known_total', -1, { a: 'x' }), 400, 'ERR_HTTP_VALIDATION'],
    [{ ...counter('known_total'), extra: true }, 400, 'ERR_HTTP_VALIDATION'],
    [{ name: 'known_total' }, 400, 'ERR_HTTP_VALIDATION'],
    [{ type: 'summary', name: 'x', value: 1 }, 400, 'ERR_HTTP_VALIDATION'],
    [{ type: 'counter' }, 400, 'ERR_HTTP_VALIDATION'],
    [7, 400, 'ERR_HTTP_VALIDATION'],
    [counter(''), 400, 'ERR_HTTP_VALIDATION'],
    [{ type: 'gauge', name: 'new' }, 400, 'ERR_HTTP_VALIDATION'],
    [{ type: 'gauge', name: 'new', op: 'dec', value: 'NaN' }, 400, 'ERR_HTTP_VALIDATION'],
    [counter('new_total', 1, { __a: 'x' }), 400, 'ERR_PCM_LABEL_NAME'],
    [counter('known_total', 1, { a: '\ud800' }), 400, 'ERR_PCM_LABEL_VALUE'],
    [counter('new_total', 1, { a: 'x\udc00' }), 400, 'ERR_PCM_LABEL_VALUE'],
    [{ type: 'histogram', name: 'new', value: 1, buckets: [1, 1] }, 400, 'ERR_PCM_BUCKETS'],
    [{ type: 'gauge', name: 'known_total', value: 1, labels: { a: 'x' } }, 409, 'ERR_PCM_TYPE_CONFLICT'],
    [counter('known_total', 1, { b: 'x' }), 409, 'ERR_PCM_DEFINITION_CONFLICT'],
    [{ type: 'histogram', name: 'h', value: 1, buckets: [2] }, 409, 'ERR_PCM_DEFINITION_CONFLICT'],
    [counter('h_sum'), 409, 'ERR_PCM_DEFINITION_CONFLICT'],
    [counter('known_created'), 409, 'ERR_PCM_DEFINITION_CONFLICT'],
    [counter('http_requests_total'), 409, 'ERR_HTTP_RESERVED_NAME'],
  ];
  for (const [item, status, code] of wrong) {
    const items = [counter('known_total', 5, { a: 'x' }), counter('fresh_total'), item, counter('later_total')];
    const problem = await service.refuse('/v1/batch', { items });
    assert.deepEqual([problem.status, problem.code, problem.index], [status, code, 2], JSON.stringify(item));
    assert.deepEqual(valuesOf(store), before);
    for (const name of ['fresh_total', 'new', 'new_total']) {
      assert.equal(store.find(name), undefined, 'not even a family is declared');
    }
  }
});

test('items that contradict one another are found before anything is declared', async (t) => {
  const { service, store } = await temporaryService(t);
  const pairs: [object, object, string][] = [
    [counter('x'), { type: 'gauge', name: 'x', value: 1 }, 'ERR_PCM_TYPE_CONFLICT'],
    [counter('x', 1, { a: '' }), counter('x', 1, { b: '' }), 'ERR_PCM_DEFINITION_CONFLICT'],
    [
      { type: 'histogram', name: 'x', value: 1, buckets: [1] },
      { type: 'histogram', name: 'x', value: 1, buckets: [2] },
      'ERR_PCM_DEFINITION_CONFLICT',
    ],
    [{ type: 'histogram', name: 'x', value: 1 }, counter('x_count'), 'ERR_PCM_DEFINITION_CONFLICT'],
    [counter('x_bucket'), { type: 'histogram', name: 'x', value: 1 }, 'ERR_PCM_DEFINITION_CONFLICT'],
  ];
  for (const [first, second, code] of pairs) {
    const problem = await service.refuse('/v1/batch', { items: [first, second] });
    assert.deepEqual([problem.status, problem.code, problem.index], [409, code, 1]);
    assert.deepEqual(valuesOf(store), {});
    assert.deepEqual(
      [store.find('x'), store.find('x_count'), store.find('x_bucket')],
      [undefined, undefined, undefined],
    );
  }
});

test('a batch that the store has no room for applies nothing, fractions and gauges included', async (t) => {
  const { service, store } = await temporaryService(t, { capacity: 1024 });
  await service.count('/v1/counters/known_total', { value: 1 });
  const filler = (value: number) => {
    const items: object[] = [counter('known_total', value)];
    for (let id = 0; id < 900; id++) items.push({ type: 'gauge', name: 'g', op: 'inc', value, labels: { id } });
    return items;
  };
  for (const value of [2, 0.5]) {
    const problem = await service.refuse('/v1/batch', { items: filler(value) });
    assert.deepEqual([problem.status, problem.code], [507, 'ERR_PCM_CAPACITY']);
    assert.ok((problem.index ?? 0) > 0);
    const values = valuesOf(store);
    assert.equal(values['known_total{}'], 1);
    assert.deepEqual(values, { 'known_total{}': 1 });
  }
});

test('a batch that is refused makes no series of a family without labels', async (t) => {
  const { service, store } = await temporaryService(t, { capacity: 1024 });
  const items: object[] = [counter('bare_total'), { type: 'gauge', name: 'level', op: 'inc', value: 0.5 }];
  items.push({ type: 'histogram', name: 'wait_seconds', value: 1, buckets: [1] });
  for (let id = 0; id < 900; id++) items.push({ type: 'gauge', name: 'g', op: 'inc', value: 0.5, labels: { id } });
  for (let round = 0; round < 2; round++) {
    const problem = await service.refuse('/v1/batch', { items });
    assert.deepEqual([problem.status, problem.code], [507, 'ERR_PCM_CAPACITY']);
    assert.deepEqual(valuesOf(store), {});
  }
  await service.count('/v1/batch', { items: items.slice(0, 3) });
  assert.deepEqual(valuesOf(store), { 'bare_total{}': 1, 'level{}': 0.5, 'wait_seconds{}': 1 });
});

test('a batch that is refused makes no series of families with limits either', async (t) => {
  const { service, store } = await temporaryService(t, { capacity: 1024, maxSeries: 5000 });
  const items: object[] = [];
  const level = (name: string, labels = {}) => ({ type: 'gauge', name, op: 'inc', value: 0.5, labels });
  for (let id = 0; id < 90; id++) items.push(level('g', { id }));
  for (let id = 0; id < 900; id++) items.push(level(`bare${id}`));
  const problem = await service.refuse('/v1/batch', { items });
  assert.deepEqual([problem.status, problem.code], [507, 'ERR_PCM_CAPACITY']);
  assert.ok((problem.index ?? 0) > 400, `${problem.index}`);
  // What is beyond a limit is counted in this one, so that it is there from the start.
  assert.deepEqual(valuesOf(store), { [`g${JSON.stringify({ id: OVERFLOW_VALUE })}`]: 0 });
});

test('what has limits leaves its room to the rest of a batch', async (t) => {
  const { service, store } = await temporaryService(t, { capacity: 1024, maxSeries: 5000 });
  const items: object[] = [];
  for (let id = 0; id < 900; id++) items.push({ type: 'gauge', name: 'g', op: 'inc', value: 0.5, labels: { id } });
  await service.count('/v1/batch', { items: [...items, { type: 'gauge', name: 'level', op: 'inc', value: 0.5 }] });
  const { 'level{}': level, ...others } = valuesOf(store);
  assert.equal(level, 0.5);
  assert.equal(
    Object.values(others).reduce((sum, value) => sum + value, 0),
    450,
  );
});

test('items of a batch that are beyond a limit count in the overflow series', async (t) => {
  const { service, store } = await temporaryService(t, { maxSeries: 10 });
  const items = Array.from({ length: 50 }, (_, id) => counter('jobs_total', 2, { id }));
  await service.count('/v1/batch', { items });
  await service.count('/v1/batch', { items });
  const values = Object.values(valuesOf(store));
  assert.ok(values.length > 1 && values.length <= 10, JSON.stringify(values));
  assert.equal(
    values.reduce((sum, value) => sum + value, 0),
    200,
  );
});

test('items of a batch whose cells have no room count in the overflow series, and leave no series at 0', async (t) => {
  for (const value of [0.5, 1]) {
    const { service, store } = await temporaryService(t, { capacity: 1024, maxSeries: 5000 });
    const items = Array.from({ length: 900 }, (_, id) => ({
      type: 'gauge',
      name: 'g',
      op: 'inc',
      value,
      labels: { id },
    }));
    await service.count('/v1/batch', { items });
    const { [`g{"id":"${OVERFLOW_VALUE}"}`]: overflow = 0, ...others } = valuesOf(store);
    const counts = Object.values(others);
    assert.ok(counts.length > 0 && counts.length < 900, `${counts.length} series`);
    assert.ok(
      counts.every((count) => count === value),
      'none without what was counted in it',
    );
    assert.equal(overflow, (900 - counts.length) * value);
  }
});

test('a batch brings an overflow series that was removed back before it makes others', async (t) => {
  const { service, store } = await temporaryService(t, { capacity: 1024, maxSeries: 5000 });
  const observations = (first: number) =>
    Array.from({ length: 600 }, (_, id) => ({
      type: 'histogram',
      name: 'wait_seconds',
      value: 1,
      labels: { id: first + id },
      buckets: [1],
    }));
  const total = () => Object.values(valuesOf(store)).reduce((sum, value) => sum + value, 0);
  await service.count('/v1/batch', { items: observations(0) });
  store.removeSeries('wait_seconds', { id: OVERFLOW_VALUE });
  const before = total();
  assert.ok(before > 0 && before < 600, `${before}`);
  await service.count('/v1/batch', { items: observations(1000) });
  assert.equal(total(), before + 600);
});

test('a batch has 1 to 1000 items', async (t) => {
  const { service, store } = await temporaryService(t);
  const items = (count: number) => Array.from({ length: count }, () => ({ type: 'counter', name: 'a' }));
  for (const body of [{ items: [] }, { items: items(1001) }, {}, { items: {} }, [], { items: items(1), more: 1 }]) {
    const problem = await service.refuse('/v1/batch', body);
    assert.deepEqual([problem.status, problem.code, problem.index], [400, 'ERR_HTTP_VALIDATION', undefined]);
  }
  await service.count('/v1/batch', { items: items(1000) });
  assert.deepEqual(valuesOf(store), { 'a{}': 1000 });
});
