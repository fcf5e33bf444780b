import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { CONTENT_TYPE, type MetricOptions, openStore } from 'percpu-metrics';
import { expectedBackend } from '../../support/expected-mode.js';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

const requests = { name: 'requests_total', help: 'Requests.', labelNames: ['method', 'status'] } as const;

test('a series is one handle, however its labels are given', (t) => {
  const store = temporaryStore(t);
  const family = store.counter(requests);
  const handle = family.labels('GET', 200);
  assert.equal(family.labels('GET', '200'), handle);
  assert.equal(family.labels({ status: 200, method: 'GET' }), handle);
  assert.notEqual(family.labels('GET', 201), handle);
  handle.inc();
  assert.equal(numberOf(store, 'requests_total', { method: 'GET', status: '200' }), 1);
});

test('label values that look alike when they are joined are series of their own', (t) => {
  const store = temporaryStore(t);
  const family = store.counter(requests);
  const sets = [
    ['a', 'b:c'],
    ['a:b', 'c'],
    ['', 'a'],
    ['a', ''],
    ['1:a', ''],
    ['a,b', 'c'],
    ['a', 'b,c'],
    ['a\0b', 'c'],
    ['a', 'b\0c'],
  ] as const;
  sets.forEach(([method, status], index) => {
    family.labels(method, status).inc(index + 1);
  });
  sets.forEach(([method, status], index) => {
    assert.equal(numberOf(store, 'requests_total', { method, status }), index + 1);
  });
  assert.equal(store.snapshot()[0]?.series.length, sets.length);
});

test('labels that are wrong create no series', (t) => {
  const store = temporaryStore(t);
  const labels = store.counter(requests).labels as (...given: unknown[]) => unknown;
  const family = store.counter(requests);
  for (const [given, code] of [
    [['GET'], 'ERR_PCM_LABEL_COUNT'],
    [['GET', 200, 1], 'ERR_PCM_LABEL_COUNT'],
    [[{ method: 'GET' }], 'ERR_PCM_LABEL_COUNT'],
    [[{ method: 'GET', code: 200 }], 'ERR_PCM_LABEL_NAME'],
    [['GET', undefined], 'ERR_PCM_LABEL_VALUE'],
    [['GET', {}], 'ERR_PCM_LABEL_VALUE'],
  ] as const) {
    assert.throws(() => labels.apply(family, [...given]), { name: 'PercpuMetricsError', code });
  }
  assert.deepEqual(store.snapshot()[0]?.series, []);
});

test('definitions that are wrong create no family', (t) => {
  const store = temporaryStore(t);
  const help = 'Help.';
  assert.throws(() => store.counter({ name: 'a\ud800', help }), { code: 'ERR_PCM_METRIC_NAME' });
  assert.throws(() => store.counter({ name: 'a', help, labelNames: ['__x'] }), { code: 'ERR_PCM_LABEL_NAME' });
  assert.throws(() => store.histogram({ name: 'a', help, buckets: [2, 1] }), { code: 'ERR_PCM_BUCKETS' });
  assert.throws(() => store.gauge({ name: 'a', help: '' }), { code: 'ERR_PCM_OPTION' });
  assert.deepEqual(store.snapshot(), []);
});

test('the same definition gives the same family, in one store and in another that is opened on the file', (t) => {
  const store = temporaryStore(t);
  const family = store.counter(requests);
  assert.equal(store.counter({ ...requests, labelNames: ['method', 'status'] }), family);
  const other = temporaryStore(t, { path: store.path });
  other.counter(requests).labels('GET', 200).inc(2);
  family.labels('GET', 200).inc(3);
  assert.equal(numberOf(other, 'requests_total'), 5);
  assert.equal(store.snapshot().length, 1);
});

test('another definition of the same name is an error that shows both, and nothing has changed', (t) => {
  const store = temporaryStore(t);
  store.counter(requests).labels('GET', 200).inc();
  const before = store.snapshot();
  assert.throws(() => store.gauge({ name: 'requests_total', help: 'Requests.' }), {
    code: 'ERR_PCM_TYPE_CONFLICT',
    message: /has a counter requests_total\{method, status\} .* declared as a gauge requests_total with/,
  });
  const others: readonly [MetricOptions<readonly string[]>, RegExp][] = [
    [{ ...requests, help: 'Other.' }, /help "Requests\."; .* help "Other\."/],
    [{ ...requests, labelNames: ['status', 'method'] }, /\{method, status\}.*\{status, method\}/],
    [{ ...requests, unit: 'requests' }, /unit "requests"/],
  ];
  for (const [other, shown] of others) {
    assert.throws(() => store.counter(other), { code: 'ERR_PCM_DEFINITION_CONFLICT', message: shown });
  }
  assert.deepEqual(store.snapshot(), before);
  assert.equal(store.counter(requests), store.counter(requests));
});

test('other buckets are another definition', (t) => {
  const store = temporaryStore(t);
  store.histogram({ name: 'wait', help: 'Wait.', buckets: [1, 2] });
  assert.throws(() => store.histogram({ name: 'wait', help: 'Wait.', buckets: [1, 3] }), {
    code: 'ERR_PCM_DEFINITION_CONFLICT',
    message: /buckets 1 2, .* buckets 1 3/,
  });
});

test('a name that a histogram has for its own lines is taken', (t) => {
  const store = temporaryStore(t);
  store.histogram({ name: 'wait', help: 'Wait.', buckets: [1] });
  for (const name of ['wait_bucket', 'wait_sum', 'wait_count']) {
    assert.throws(() => store.counter({ name, help: 'X.' }), { code: 'ERR_PCM_DEFINITION_CONFLICT' });
  }
  store.gauge({ name: 'size_sum', help: 'X.' });
  assert.throws(() => store.histogram({ name: 'size', help: 'X.' }), { code: 'ERR_PCM_DEFINITION_CONFLICT' });
  store.gauge({ name: 'plain', help: 'X.' });
  store.gauge({ name: 'plain_count', help: 'X.' });
  assert.deepEqual(
    store.snapshot().map(({ name }) => name),
    ['wait', 'size_sum', 'plain', 'plain_count'],
  );
});

test('a name that OpenMetrics has for the creation of a series is taken', (t) => {
  const store = temporaryStore(t);
  const taken = { code: 'ERR_PCM_DEFINITION_CONFLICT', message: /the store has a .* cannot also be declared/ };
  store.counter({ name: 'jobs_total', help: 'X.' });
  store.summary({ name: 'took', help: 'X.' });
  for (const name of ['jobs_created', 'took_created']) assert.throws(() => store.gauge({ name, help: 'X.' }), taken);
  for (const name of ['a_created', 'b_created', 'c_created']) store.gauge({ name, help: 'X.' });
  assert.throws(() => store.counter({ name: 'a_total', help: 'X.' }), taken);
  assert.throws(() => store.nativeHistogram({ name: 'b', help: 'X.' }), taken);
  // Neither has such a line.
  store.counter({ name: 'c', help: 'X.' });
  store.gauge({ name: 'b_total', help: 'X.' });
});

test('a scrape is Prometheus text, as string and as bytes', async (t) => {
  const store = temporaryStore(t);
  store.counter(requests).labels('GET', '"\n\\').inc(3);
  const text = await store.metrics();
  assert.equal(
    text,
    '# HELP requests_total Requests.\n# TYPE requests_total counter\n' +
      'requests_total{method="GET",status="\\"\\n\\\\"} 3\n',
  );
  assert.equal((await store.render()).toString(), text);
  assert.equal(store.contentType, CONTENT_TYPE);
});

test('what each CPU holds adds up to what was counted', (t) => {
  const store = temporaryStore(t);
  store.counter(requests).labels('GET', 200).inc(5);
  const lanes = store.perCpu('requests_total');
  assert.equal(lanes.length, 1);
  const [series] = lanes;
  assert.deepEqual(series?.labels, { method: 'GET', status: '200' });
  const sum = [...(series?.cpus ?? []), ...(series?.atomic ?? [])].reduce((one, other) => one + other, 0);
  assert.equal(sum, 5);
  assert.deepEqual(store.perCpu().get('requests_total'), lanes);
  assert.throws(() => store.perCpu('none'), { code: 'ERR_PCM_NOT_FOUND', message: /no family "none"/ });
});

test('a store knows its mode, its file and its processes', (t) => {
  const store = temporaryStore(t, { capacity: 4096 });
  assert.equal(store.mode.backend, expectedBackend);
  assert.equal(store.mode.registration === 'none', expectedBackend === 'atomic');
  assert.ok(store.mode.reason.length > 10);
  assert.equal(store.info.capacity, 4096);
  assert.equal(store.info.readOnly, false);
  const [process_] = store.processes;
  assert.equal(process_?.pid, process.pid);
  assert.equal(process_?.alive, true);
});

test('a closed store says so to whoever declares, binds or reads', async (t) => {
  const store = temporaryStore(t);
  const family = store.counter(requests);
  const known = family.labels('GET', 200);
  store.close();
  store.close();
  const closed = { code: 'ERR_PCM_CLOSED', message: /is closed; open it again/ };
  assert.equal(family.labels('GET', 200), known);
  assert.throws(() => family.labels('GET', 500), closed);
  assert.throws(() => store.counter(requests), closed);
  assert.throws(() => store.gauge({ name: 'other', help: 'Other.' }), closed);
  assert.throws(() => store.snapshot(), closed);
  assert.throws(() => store.perCpu('requests_total'), closed);
  assert.throws(() => store.mode, closed);
  await assert.rejects(store.metrics(), closed);
  await assert.rejects(store.render(), closed);
  await assert.rejects(family.get(), closed);
});

test('a using declaration closes the store, and its file stays', (t) => {
  const path = temporaryStore(t).path;
  let kept: { inc(): void };
  {
    using store = openStore({ path });
    kept = store.counter({ name: 'a_total', help: 'A.' });
    kept.inc();
  }
  kept.inc();
  assert.ok(existsSync(path));
  assert.equal(numberOf(temporaryStore(t, { path }), 'a_total'), 1);
});

test('a store that is unlinked goes on until it is closed', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'a_total', help: 'A.' });
  store.unlink();
  assert.equal(existsSync(store.path), false);
  counter.inc();
  assert.equal(numberOf(store, 'a_total'), 1);
});

test('a definition can be looked up by its name, whoever declared it', (t) => {
  const store = temporaryStore(t);
  assert.equal(store.find('requests_total'), undefined);
  temporaryStore(t, { path: store.path }).counter(requests);
  assert.deepEqual(store.find('requests_total'), {
    type: 'counter',
    name: 'requests_total',
    help: 'Requests.',
    unit: '',
    labelNames: ['method', 'status'],
    buckets: [],
  });
});
