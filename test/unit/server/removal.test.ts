/** Removing series over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { AttachedStore } from 'percpu-metrics/server';
import { type Answer, problemIn, type ServiceApp, serviceApp, temporaryService, valuesOf } from './service-app.js';

/** Asks with labels as JSON, or with a query as it is. */
async function remove({ app }: ServiceApp, name: string, query?: object | string): Promise<Answer> {
  const labels = typeof query === 'object' ? `labels=${encodeURIComponent(JSON.stringify(query))}` : (query ?? '');
  const url = `/v1/metrics/${name}?${labels}`;
  const { statusCode, headers, body } = await app.inject({ method: 'DELETE', url });
  return { status: statusCode, headers, body };
}

async function removed(service: ServiceApp, name: string, labels?: object): Promise<void> {
  const { status, body } = await remove(service, name, labels);
  assert.deepEqual([status, body], [204, ''], name);
}

test('a series is removed by its labels, and comes back from 0', async (t) => {
  const { service, store } = await temporaryService(t);
  const url = '/v1/counters/jobs_total';
  for (const queue of ['mail', 'sms']) await service.count(url, { labels: { queue, ünï: 'a b' }, value: 5 });
  await removed(service, 'jobs_total', { queue: 'mail', ünï: 'a b' });
  assert.deepEqual(valuesOf(store), { 'jobs_total{"queue":"sms","ünï":"a b"}': 5 });
  await removed(service, 'jobs_total', { queue: 'mail', ünï: 'a b' });
  await service.count(url, { labels: { queue: 'mail', ünï: 'a b' }, value: 2 });
  assert.equal(valuesOf(store)['jobs_total{"queue":"mail","ünï":"a b"}'], 2);
});

test('without labels all series are removed, and the family stays', async (t) => {
  const { service, store } = await temporaryService(t);
  for (const queue of ['mail', 'sms']) await service.count('/v1/gauges/depth', { labels: { queue }, value: 5 });
  await service.count('/v1/gauges/level', { value: 5 });
  await removed(service, 'depth');
  await removed(service, 'level', {});
  assert.deepEqual(valuesOf(store), {});
  assert.equal(store.find('depth')?.type, 'gauge');
  assert.equal((await service.refuse('/v1/counters/depth', { labels: { queue: 'mail' } })).status, 409);
});

test('what another process has declared is removed too, whatever its type', async (t) => {
  const { service, store } = await temporaryService(t);
  using other = openStore({ path: store.path, defaultLabels: { app: 'x' } });
  const native = other.nativeHistogram({ name: 'native_seconds', help: 'N.', labelNames: ['a'], schema: 5 });
  native.labels('1').observe(1);
  native.labels('2').observe(1);
  other.summary({ name: 'summary_seconds', help: 'S.', quantiles: [0.5] }).observe(1);
  other
    .stateSet({ name: 'state', help: 'S.', states: ['on', 'off'] })
    .labels()
    .set('on');
  await removed(service, 'native_seconds', { app: 'x', a: 1 });
  await removed(service, 'summary_seconds');
  await removed(service, 'state', { state: 'off', app: 'x' });
  assert.deepEqual(valuesOf(store), { 'native_seconds{"a":"2","app":"x"}': 1, 'state{"state":"on","app":"x"}': 1 });
});

test('what is counted after a removal by another process is there', async (t) => {
  const { service, store } = await temporaryService(t);
  const url = '/v1/counters/jobs_total';
  await service.count(url, { labels: { queue: 'mail' }, value: 5 });
  using other = openStore({ path: store.path });
  other.removeSeries('jobs_total', { queue: 'mail' });
  await service.count(url, { labels: { queue: 'mail' } });
  assert.deepEqual(valuesOf(store), { 'jobs_total{"queue":"mail"}': 1 });
});

test('what cannot be removed is refused with the reason, and nothing is gone', async (t) => {
  const { service, store } = await temporaryService(t);
  await service.count('/v1/counters/jobs_total', { labels: { queue: 'mail', zone: '1' } });
  const all = { queue: 'mail', zone: 1 };
  const cases: [string, object | string, number, string, RegExp][] = [
    ['nothing_total', '', 404, 'ERR_PCM_NOT_FOUND', /there is no family "nothing_total"/],
    [
      'jobs_total',
      { queue: 'mail' },
      400,
      'ERR_PCM_LABEL_COUNT',
      /zone has no value; jobs_total has 2 labels: queue, zone/,
    ],
    ['jobs_total', {}, 400, 'ERR_PCM_LABEL_COUNT', /queue has no value/],
    ['jobs_total', { ...all, a: 1 }, 400, 'ERR_PCM_LABEL_NAME', /'a' is no label/],
    [
      'jobs_total',
      { ...all, zone: [1] },
      400,
      'ERR_HTTP_VALIDATION',
      /querystring\/labels\/zone must be string,number/,
    ],
    ['jobs_total', { ...all, queue: 'x'.repeat(1025) }, 400, 'ERR_HTTP_VALIDATION', /querystring\/labels\/queue/],
    ['jobs_total', [], 400, 'ERR_HTTP_VALIDATION', /querystring\/labels must be object/],
    ['jobs_total', 'labels=', 400, 'ERR_HTTP_JSON', /labels is not JSON/],
    ['jobs_total', 'labels={}&labels={}', 400, 'ERR_HTTP_JSON', /labels is not JSON/],
    ['jobs_total', 'queue=mail', 400, 'ERR_HTTP_VALIDATION', /no field "queue"/],
    ['http_requests_total', '', 409, 'ERR_HTTP_RESERVED_NAME', /the service's own/],
  ];
  for (const [name, query, status, code, detail] of cases) {
    const problem = problemIn(await remove(service, name, query));
    assert.deepEqual([problem.status, problem.code], [status, code], `${name} ${JSON.stringify(query)}`);
    assert.match(problem.detail, detail);
  }
  assert.deepEqual(valuesOf(store), { 'jobs_total{"queue":"mail","zone":"1"}': 1 });
  assert.ok(store.snapshot().some(({ name, series }) => name === 'http_requests_total' && series.length > 0));
});

test('a store that is only read keeps its series', async (t) => {
  const { service, store } = await temporaryService(t);
  await service.count('/v1/counters/jobs_total', {});
  const source = new AttachedStore(store.path);
  t.after(() => source.close());
  const problem = problemIn(await remove(await serviceApp(t, source), 'jobs_total'));
  assert.deepEqual([problem.status, problem.code], [403, 'ERR_PCM_READ_ONLY']);
  assert.deepEqual(valuesOf(store), { 'jobs_total{}': 1 });
});
