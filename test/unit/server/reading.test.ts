/** What can be read from the service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSamples, sumSamples } from '../../support/sample.js';
import { problemIn, temporaryService } from './service-app.js';

test('a scrape is text 0.0.4 with everything, the service itself included, and is not counted', async (t) => {
  const { service } = await temporaryService(t);
  await service.count('/v1/counters/jobs_total', { labels: { queue: 'mail' }, value: 3 });
  await service.get('/metrics');
  const { status, headers, body } = await service.get('/metrics');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const samples = parseSamples(body);
  assert.equal(sumSamples(samples, 'jobs_total', { queue: 'mail' }), 3);
  assert.equal(sumSamples(samples, 'http_requests_total'), 1);
  assert.equal(
    sumSamples(samples, 'http_requests_total', { method: 'POST', route: '/v1/counters/:name', status_code: '204' }),
    1,
  );
});

/** Without the creation times of series, which must be those of this moment. */
function withoutTimes<Family extends { series: { createdAt: number }[] }>(families: readonly Family[]) {
  return families.map((family) => ({
    ...family,
    series: family.series.map(({ createdAt, ...series }) => {
      assert.ok(Math.abs(createdAt - Date.now()) < 60_000, `${createdAt}`);
      return series;
    }),
  }));
}

test('GET /v1/metrics gives families with their definition and their values', async (t) => {
  const { service } = await temporaryService(t);
  await service.count('/v1/counters/jobs_total', { labels: { queue: 'mail' }, value: 3, help: 'Jobs.' });
  await service.count('/v1/gauges/level', { value: '-Inf' });
  await service.count('/v1/histograms/wait_seconds', { value: 0.5, buckets: [1] });
  const { status, headers, body } = await service.get('/v1/metrics');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^application\/json/);
  const { families } = JSON.parse(body) as { families: { name: string; series: { createdAt: number }[] }[] };
  assert.deepEqual(
    withoutTimes(families).filter(({ name }) => !name.startsWith('http_')),
    [
      {
        name: 'jobs_total',
        type: 'counter',
        help: 'Jobs.',
        unit: '',
        labelNames: ['queue'],
        series: [{ labels: { queue: 'mail' }, value: 3 }],
      },
      {
        name: 'level',
        type: 'gauge',
        help: 'Declared over HTTP.',
        unit: '',
        labelNames: [],
        series: [{ labels: {}, value: '-Inf' }],
      },
      {
        name: 'wait_seconds',
        type: 'histogram',
        help: 'Declared over HTTP.',
        unit: '',
        labelNames: [],
        series: [
          {
            labels: {},
            count: 1,
            sum: 0.5,
            buckets: [
              { le: 1, count: 1 },
              { le: '+Inf', count: 1 },
            ],
          },
        ],
      },
    ],
  );
});

test('GET /v1/metrics gives exemplars with the counter, or the bucket, that they are of', async (t) => {
  const { service, store } = await temporaryService(t);
  store.counter({ name: 'jobs_total', help: 'Jobs.', exemplars: true }).inc(2, { trace_id: 'a' });
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [1, 2], exemplars: true });
  wait.observe(0.5);
  wait.observe(1.5, { trace_id: 'b' });
  wait.observe(9, { trace_id: 'c' });
  const exemplarsOf = async (name: string) => {
    const { families } = JSON.parse((await service.get(`/v1/metrics?name=${name}`)).body) as {
      families: { series: { exemplars: { timestamp: number }[] }[] }[];
    };
    return families[0]?.series[0]?.exemplars.map(({ timestamp, ...exemplar }) => {
      assert.ok(Math.abs(timestamp - Date.now()) < 60_000, `${timestamp}`);
      return exemplar;
    });
  };
  assert.deepEqual(await exemplarsOf('jobs_total'), [{ bucket: 0, labels: { trace_id: 'a' }, value: 2 }]);
  assert.deepEqual(await exemplarsOf('wait_seconds'), [
    { bucket: 1, labels: { trace_id: 'b' }, value: 1.5 },
    { bucket: 2, labels: { trace_id: 'c' }, value: 9 },
  ]);
});

test('GET /v1/cpus gives what each CPU has counted, which adds up to the value', async (t) => {
  const { service, store } = await temporaryService(t);
  for (let i = 0; i < 10; i++) await service.count('/v1/counters/jobs_total', { labels: { queue: 'mail' } });
  const { status, body } = await service.get('/v1/cpus');
  assert.equal(status, 200);
  const { families } = JSON.parse(body) as {
    families: { name: string; type: string; series: { labels: object; cpus: number[]; atomic: number[] }[] }[];
  };
  const jobs = families.find(({ name }) => name === 'jobs_total');
  assert.equal(jobs?.type, 'counter');
  const [series] = jobs?.series ?? [];
  assert.deepEqual(series?.labels, { queue: 'mail' });
  assert.equal(series?.cpus.length, store.info.lanes);
  assert.equal(series?.atomic.length, store.info.atomicLanes);
  assert.equal(
    [...(series?.cpus ?? []), ...(series?.atomic ?? [])].reduce((sum, amount) => sum + amount, 0),
    10,
  );
  assert.ok(families.some(({ name }) => name === 'http_requests_total'));
});

test('both can be asked for one family, and say that there is none', async (t) => {
  const { service } = await temporaryService(t);
  await service.count('/v1/counters/jobs_total', {});
  for (const url of ['/v1/metrics', '/v1/cpus']) {
    const { families } = JSON.parse((await service.get(`${url}?name=jobs_total`)).body) as {
      families: { name: string }[];
    };
    assert.deepEqual(
      families.map(({ name }) => name),
      ['jobs_total'],
    );
    const missing = problemIn(await service.get(`${url}?name=jobs`));
    assert.deepEqual([missing.status, missing.code], [404, 'ERR_PCM_NOT_FOUND']);
    for (const query of ['name=', 'name=a&name=b', 'nam=jobs_total']) {
      assert.equal(problemIn(await service.get(`${url}?${query}`)).status, 400, query);
    }
  }
});

test('a path that does not exist, a method that it does not have and a malformed URL are problems', async (t) => {
  const { service } = await temporaryService(t);
  const missing = problemIn(await service.get('/nothing'));
  assert.deepEqual([missing.status, missing.code], [404, 'ERR_HTTP_NO_ROUTE']);
  assert.match(missing.detail, /\/nothing for GET/);
  for (const [method, url, allow] of [
    ['POST', '/metrics', 'GET, HEAD'],
    ['PUT', '/v1/gauges/level', 'POST'],
    ['GET', '/v1/counters/a%20b?c', 'POST'],
    ['OPTIONS', '/v1/batch', 'POST'],
  ] as const) {
    const answer = await service.app.inject({ method, url });
    const refused = problemIn({ status: answer.statusCode, headers: answer.headers, body: answer.body });
    assert.deepEqual([refused.status, refused.code, answer.headers.allow], [405, 'ERR_HTTP_METHOD', allow], url);
  }
  assert.equal(problemIn(await service.get('/v1/counters/a/b')).status, 404);
  const malformed = problemIn(await service.get('/v1/%ff'));
  assert.deepEqual([malformed.status, malformed.code], [400, 'ERR_HTTP_MALFORMED']);
  const long = problemIn(await service.post(`/v1/counters/${'a'.repeat(3000)}`, {}));
  assert.deepEqual([long.status, long.code], [414, 'ERR_HTTP_TOO_LARGE']);
});

test('health says that the process lives, readiness that the store can be used and how', async (t) => {
  const { service, store } = await temporaryService(t);
  assert.deepEqual(JSON.parse((await service.get('/healthz')).body), { status: 'ok' });
  const { status, body } = await service.get('/readyz');
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body), { status: 'ready', store: store.path, readOnly: false, mode: store.mode });
});

test('the OpenAPI document describes every route, and the schemas that requests are checked with', async (t) => {
  const { service } = await temporaryService(t);
  const { status, body } = await service.get('/openapi.json');
  assert.equal(status, 200);
  const document = JSON.parse(body) as {
    openapi: string;
    info: { version: string };
    paths: Record<
      string,
      Record<string, { parameters?: { name: string }[]; requestBody?: object; responses: Record<string, object> }>
    >;
    components: { schemas: Record<string, object> };
  };
  assert.match(document.openapi, /^3\.1/);
  assert.match(document.info.version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(
    Object.entries(document.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
      .sort(),
    [
      'delete /v1/metrics/{name}',
      'get /healthz',
      'get /metrics',
      'get /openapi.json',
      'get /readyz',
      'get /v1/cpus',
      'get /v1/metrics',
      'post /v1/batch',
      'post /v1/counters/{name}',
      'post /v1/gauges/{name}',
      'post /v1/histograms/{name}',
    ],
  );
  const parameters = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).flatMap((operation) => operation.parameters ?? []),
  );
  assert.deepEqual([...new Set(parameters.map(({ name }) => name))].sort(), ['labels', 'name', 'name[]']);
  assert.ok(document.components.schemas['Problem']);
  const families = JSON.stringify(document.paths['/v1/metrics']?.['get']?.responses['200']);
  for (const word of [
    ...['counter', 'native-histogram', 'summary', 'untyped', 'info', 'stateset'],
    ...['exponentialBuckets', 'createdAt', 'exemplars'],
  ]) {
    assert.ok(families.includes(`"${word}"`), word);
  }
  const batch = document.paths['/v1/batch']?.['post'];
  assert.match(JSON.stringify(batch?.requestBody), /"discriminator":\{"propertyName":"type"\}/);
  for (const code of ['204', '400', '409', '413', '507']) assert.ok(batch?.responses[code], code);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      const listed = ['405', '413', '414', '415', '417', '431'].filter((code) => code in responses);
      const expected = [
        '405',
        ...(method === 'get' ? [] : ['413']),
        ...(path.includes('{') ? ['414'] : []),
        ...(method === 'get' ? [] : ['415']),
        ...['417', '431'],
      ];
      assert.deepEqual(listed, expected, `${method} ${path}`);
    }
  }
});
