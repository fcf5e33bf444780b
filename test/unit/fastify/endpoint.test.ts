/** The scrape endpoint and the registries that are appended to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics, { type PromRegistry } from 'percpu-metrics/fastify';
import { Counter, Registry } from 'prom-client';
import { parseSamples, sumSamples } from '../../support/sample.js';
import { temporaryStore } from '../../support/temporary-store.js';
import { durationsOf, inFlightOf, observedApp, requestsOf, temporaryApp } from './observed-app.js';

test('a scrape is text 0.0.4, has a HEAD, and is not counted', async (t) => {
  const { app, store } = await observedApp(t, { storeMetrics: false }); // the time that a scrape takes varies in length
  app.get('/a', async () => 'a');
  await app.inject('/a');
  const scrape = await app.inject('/metrics');
  assert.equal(scrape.statusCode, 200);
  assert.equal(scrape.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const samples = parseSamples(scrape.body);
  assert.equal(sumSamples(samples, 'http_requests_total', { method: 'GET', route: '/a', status_code: '200' }), 1);
  assert.equal(sumSamples(samples, 'http_request_duration_seconds_count'), 1);
  assert.equal(sumSamples(samples, 'http_requests_in_flight'), 0);
  const head = await app.inject({ method: 'HEAD', url: '/metrics' });
  assert.equal(head.statusCode, 200);
  assert.equal(head.headers['content-length'], String(Buffer.byteLength(scrape.body)));
  assert.equal(head.body, '');
  assert.deepEqual(requestsOf(store), { 'GET /a 200': 1 });
});

test('there is a HEAD where the app makes none by itself', async (t) => {
  const app = temporaryApp(t, { exposeHeadRoutes: false });
  await app.register(percpuMetrics, { store: temporaryStore(t) });
  assert.equal((await app.inject({ method: 'HEAD', url: '/metrics' })).statusCode, 200);
});

test('the endpoint can be elsewhere, or nowhere', async (t) => {
  const elsewhere = await observedApp(t, { endpoint: '/internal/scrape' });
  assert.equal((await elsewhere.app.inject('/internal/scrape')).statusCode, 200);
  assert.equal((await elsewhere.app.inject('/metrics')).statusCode, 404);
  const nowhere = await observedApp(t, { endpoint: false });
  assert.equal((await nowhere.app.inject('/metrics')).statusCode, 404);
});

test('registries of prom-client follow the store in the same text', async (t) => {
  const registries = [new Registry(), new Registry(), new Registry()];
  registries.forEach((registry, index) => {
    if (index === 1) return;
    new Counter({ name: `other_${index}_total`, help: 'Other.', registers: [registry] }).inc(index + 1);
  });
  const { app } = await observedApp(t, { registries });
  app.get('/a', async () => 'a');
  await app.inject('/a');
  const { body } = await app.inject('/metrics');
  const samples = parseSamples(body);
  assert.equal(sumSamples(samples, 'http_requests_total'), 1);
  assert.equal(sumSamples(samples, 'other_0_total'), 1);
  assert.equal(sumSamples(samples, 'other_2_total'), 3);
  assert.ok(body.endsWith('\n'));
});

/** An app whose warnings are kept. */
function warningApp(lines: string[]) {
  return fastify({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } });
}

test('a registry that throws, hangs or renders something else is left out with a warning', async (t) => {
  const openMetrics = { metrics: () => '# EOF\n', contentType: Registry.OPENMETRICS_CONTENT_TYPE };
  let asked = 0;
  const registries: PromRegistry[] = [
    { metrics: async () => Promise.reject(new Error('broken registry')) },
    {
      metrics: () => {
        throw new Error('thrown at once');
      },
    },
    {
      metrics: () => {
        asked += 1;
        return new Promise(() => {});
      },
    },
    openMetrics,
    { metrics: () => 42 as never },
    { metrics: async () => 'fine_total 1' },
  ];
  const lines: string[] = [];
  const app = warningApp(lines);
  t.after(() => app.close());
  await app.register(percpuMetrics, { store: temporaryStore(t), registries, registryTimeout: 50 });
  for (let scrape = 1; scrape <= 2; scrape++) {
    const { statusCode, body } = await app.inject('/metrics');
    assert.equal(statusCode, 200);
    assert.equal(sumSamples(parseSamples(body), 'fine_total'), 1);
    assert.equal(lines.length, 5 * scrape);
  }
  assert.equal(asked, 1, 'a registry that hangs is not asked again');
  for (const reason of [
    /broken registry/,
    /thrown at once/,
    /did not answer within 50 ms/,
    /OpenMetrics/,
    /rendered no string/,
    /earlier scrape/,
  ]) {
    assert.ok(
      lines.some((line) => reason.test(line)),
      String(reason),
    );
  }
});

test('options that are wrong keep the app from starting, with a code and the value', async (t) => {
  const store = temporaryStore(t);
  const cases: [object, RegExp][] = [
    [{}, /option store of the plugin must be what openStore\(\) gives, not undefined/],
    [{ store: {} }, /store of the plugin must be/],
    [{ store, endpoint: 'metrics' }, /endpoint of the plugin must be a path .* not 'metrics'/],
    [{ store, endpoint: true }, /endpoint of the plugin must be/],
    [{ store, registries: {} }, /registries of the plugin must be an array/],
    [{ store, registries: [{}] }, /registries of the plugin must be/],
    [{ store, registryTimeout: 0 }, /registryTimeout of the plugin must be .* not 0/],
    [{ store, registryTimeout: '5' }, /registryTimeout of the plugin must be .* not '5'/],
    [{ store, prefix: null }, /prefix of the plugin must be .* not null/],
    [{ store, prefix: 'a-' }, /prefix of the plugin must be .* not 'a-'/],
    [{ store, buckets: 5 }, /buckets of the plugin must be .* not 5/],
    [{ store, end_point: '/x' }, /unknown option 'end_point'; the plugin has store, endpoint,/],
  ];
  for (const [options, message] of cases) {
    const app = temporaryApp(t);
    await assert.rejects(async () => app.register(percpuMetrics, options as never), {
      name: 'PercpuMetricsError',
      code: 'ERR_PCM_OPTION',
      message,
    });
  }
});

test('families that the store has with another definition keep the app from starting', async (t) => {
  const store = temporaryStore(t);
  store.counter({ name: 'http_requests_total', help: 'Mine.' });
  await assert.rejects(async () => temporaryApp(t).register(percpuMetrics, { store }), {
    code: 'ERR_PCM_DEFINITION_CONFLICT',
    message: /help "Mine\."/,
  });
});

test('buckets of the duration can be chosen', async (t) => {
  const { store } = await observedApp(t, { buckets: [0.1, 1] });
  assert.deepEqual(store.find('http_request_duration_seconds')?.buckets, [0.1, 1]);
});

test('a store that is attached read-only is served and not written', async (t) => {
  const store = temporaryStore(t);
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(7);
  const reader = openStore({ path: store.path, readOnly: true });
  t.after(() => reader.close());
  const app = temporaryApp(t);
  await app.register(percpuMetrics, { store: reader });
  app.get('/a', async () => 'a');
  assert.equal((await app.inject('/a')).statusCode, 200);
  const samples = parseSamples((await app.inject('/metrics')).body);
  assert.deepEqual(
    samples.filter(({ name }) => !name.startsWith('percpu_metrics_')),
    [{ name: 'jobs_total', labels: {}, value: 7 }],
  );
});

test('requests are answered where the store has no room for their series, and the log says so', async (t) => {
  const lines: string[] = [];
  const app = warningApp(lines);
  t.after(() => app.close());
  // Room for some forty statuses.
  const store = temporaryStore(t, { capacity: 1024 });
  await app.register(percpuMetrics, { store });
  app.get('/:status', async (request, reply) => {
    return reply.code(Number((request.params as { status: string }).status)).send('x');
  });
  for (let round = 0; round < 2; round++) {
    for (let status = 200; status < 300; status++) {
      assert.equal((await app.inject(`/${status}`)).statusCode, status);
    }
  }
  const counted = Object.values(requestsOf(store));
  assert.ok(counted.length > 10 && counted.length < 100, `${counted.length} statuses are counted`);
  assert.ok(counted.every((count) => count === 2));
  assert.deepEqual(durationsOf(store), requestsOf(store));
  assert.ok(lines.length > 0 && lines.length < 20, `${lines.length} warnings for more than 100 requests`);
  assert.match(lines[0] ?? '', /ERR_PCM_CAPACITY/);
  assert.equal(inFlightOf(store), 0);
});
