/** Which route a request is counted for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import percpuMetrics from 'percpu-metrics/fastify';
import type { RequestFamilies } from '#src/fastify/request-families.js';
import { Routes } from '#src/fastify/routes.js';
import { temporaryStore } from '../../support/temporary-store.js';
import { durationsOf, inFlightOf, observedApp, requestsOf, temporaryApp } from './observed-app.js';

test('requests are counted by method, route pattern and status, and so are their durations', async (t) => {
  const { app, store } = await observedApp(t);
  app.get('/users/:id', async (request, reply) => {
    if ((request.params as { id: string }).id === '0') return reply.code(404).send();
    return { ok: true };
  });
  app.post('/users', async (_request, reply) => reply.code(201).send({}));
  for (const url of ['/users/1', '/users/2?verbose=1', '/users/0']) await app.inject(url);
  await app.inject({ method: 'POST', url: '/users' });
  const expected = { 'GET /users/:id 200': 2, 'GET /users/:id 404': 1, 'POST /users 201': 1 };
  assert.deepEqual(requestsOf(store), expected);
  assert.deepEqual(durationsOf(store), expected);
  assert.equal(inFlightOf(store), 0);
});

test('requests without a route are one group, whose methods are the standard ones and one for all others', async (t) => {
  const { app, store } = await observedApp(t);
  app.get('/known', async () => 'known');
  for (const url of ['/a', '/b', '/wp-admin.php', '/known/more']) assert.equal((await app.inject(url)).statusCode, 404);
  await app.inject({ method: 'POST', url: '/known' });
  for (const method of ['PROPFIND', 'LOCK', 'MKCOL']) await app.inject({ method: method as 'GET', url: '/a' });
  assert.deepEqual(requestsOf(store), {
    'GET __unknown__ 404': 4,
    'POST __unknown__ 404': 1,
    '_OTHER __unknown__ 404': 3,
  });
});

test('a not-found handler that answers is counted with its status, for the group of unknown routes', async (t) => {
  const { app, store } = await observedApp(t);
  app.setNotFoundHandler(async (_request, reply) => reply.code(200).send('index'));
  await app.register(
    async (scope) => {
      scope.setNotFoundHandler(async (_request, reply) => reply.code(410).send('gone'));
      scope.get('/found', async (_request, reply) => reply.callNotFound());
    },
    { prefix: '/scope' },
  );
  await app.inject('/anything');
  await app.inject('/scope/anything');
  await app.inject('/scope/found');
  assert.deepEqual(requestsOf(store), {
    'GET __unknown__ 200': 1,
    'GET __unknown__ 410': 1,
    'GET /scope/found 410': 1,
  });
});

test('a route with several methods, and the HEAD of a GET, are counted by the method of the request', async (t) => {
  const { app, store } = await observedApp(t);
  app.route({ method: ['PUT', 'PATCH'], url: '/many', handler: async () => 'many' });
  app.get('/one', async () => 'one');
  await app.inject({ method: 'PUT', url: '/many' });
  await app.inject({ method: 'PATCH', url: '/many' });
  await app.inject({ method: 'HEAD', url: '/one' });
  assert.deepEqual(requestsOf(store), { 'PUT /many 200': 1, 'PATCH /many 200': 1, 'HEAD /one 200': 1 });
});

test('prefixes are part of the route, in contexts of any depth', async (t) => {
  const { app, store } = await observedApp(t);
  await app.register(
    async (outer) => {
      outer.get('/', async () => 'outer');
      await outer.register(async (inner) => void inner.get('/:id', async () => 'inner'), { prefix: '/inner' });
    },
    { prefix: '/outer' },
  );
  for (const url of ['/outer', '/outer/', '/outer/inner/7']) await app.inject(url);
  const counted = requestsOf(store);
  assert.equal(counted['GET /outer/inner/:id 200'], 1);
  assert.equal((counted['GET /outer 200'] ?? 0) + (counted['GET /outer/ 200'] ?? 0), 2);
});

test('routes that are registered before the plugin are counted as well', async (t) => {
  const app = temporaryApp(t);
  const store = temporaryStore(t);
  app.get('/before/:id', async () => 'before');
  app.route({ method: ['GET', 'POST'], url: '/both', handler: async () => 'both' });
  await app.register(async (scope) => void scope.get('/child', async () => 'child'), { prefix: '/scope' });
  await app.register(percpuMetrics, { store });
  for (const url of ['/before/1', '/before/2', '/both', '/scope/child']) await app.inject(url);
  await app.inject({ method: 'POST', url: '/both' });
  assert.deepEqual(requestsOf(store), {
    'GET /before/:id 200': 2,
    'GET /both 200': 1,
    'POST /both 200': 1,
    'GET /scope/child 200': 1,
  });
});

test('a request that a hook of the app rejects is counted for its route', async (t) => {
  const { app, store } = await observedApp(t);
  app.addHook('onRequest', async (_request, reply) => reply.code(401).send('who are you?'));
  app.get('/private', async () => 'secret');
  await app.inject('/private');
  await app.inject('/nowhere');
  assert.deepEqual(requestsOf(store), { 'GET /private 401': 1, 'GET __unknown__ 401': 1 });
  assert.equal(inFlightOf(store), 0);
});

test('hooks that a route has already run after that of the plugin', async (t) => {
  const { app, store } = await observedApp(t);
  const seen: string[] = [];
  const hook = (name: string) => async () => void seen.push(name);
  app.get('/one', { onRequest: hook('one') }, async () => 'one');
  app.get('/two', { onRequest: [hook('a'), hook('b')] }, async () => 'two');
  await app.inject('/one');
  await app.inject('/two');
  assert.deepEqual(seen, ['one', 'a', 'b']);
  assert.deepEqual(requestsOf(store), { 'GET /one 200': 1, 'GET /two 200': 1 });
});

test('a route can be left out, whether it is registered before or after the plugin', async (t) => {
  const app = temporaryApp(t);
  const store = temporaryStore(t);
  app.get('/before', { config: { disableMetrics: true } }, async () => 'quiet');
  await app.register(percpuMetrics, { store });
  app.get('/after', { config: { disableMetrics: true } }, async () => inFlightOf(store));
  await app.inject('/before');
  assert.equal((await app.inject('/after')).body, '0');
  assert.deepEqual(requestsOf(store), {});
  assert.deepEqual(durationsOf(store), {});
  assert.equal(inFlightOf(store), 0);
});

test('one app can be observed into several stores', async (t) => {
  const app = temporaryApp(t);
  const [one, other] = [temporaryStore(t), temporaryStore(t)];
  await app.register(percpuMetrics, { store: one });
  await app.register(percpuMetrics, { store: other, endpoint: false, prefix: 'shop_' });
  app.get('/a', async () => 'a');
  await app.inject('/a');
  assert.deepEqual(requestsOf(one), { 'GET /a 200': 1 });
  assert.deepEqual(requestsOf(other, 'shop_http_requests_total'), { 'GET /a 200': 1 });
  assert.deepEqual(
    other.snapshot().map((family) => family.name),
    ['shop_http_requests_total', 'shop_http_request_duration_seconds', 'shop_http_requests_in_flight'],
  );
});

test('a request is counted for its route wherever Fastify keeps what it knows of routes', async (t) => {
  const families = { bind: () => undefined } as unknown as RequestFamilies;
  const request = (context: object, config: object, url: string) => {
    const routeOptions = { config, url };
    return Object.assign(Object.create({ routeOptions, method: 'GET' }), {
      [Symbol('fastify.context')]: context,
    }) as FastifyRequest;
  };
  await t.test('elsewhere', () => {
    const routes = new Routes(families);
    const [one, two] = [{}, {}];
    const first = routes.of(request({}, one, '/one'));
    assert.equal(routes.of(request({}, one, '/one')), first);
    assert.notEqual(routes.of(request({}, two, '/two')), first);
  });
  await t.test('under the symbol, but as something else', () => {
    const routes = new Routes(families);
    const [one, two, shared] = [{}, {}, { config: {} }];
    const first = routes.of(request(shared, one, '/one'));
    assert.notEqual(routes.of(request(shared, two, '/two')), first);
    assert.equal(routes.of(request(shared, one, '/one')), first);
  });
});

test('a config that cannot be added to is of a route like any other', async (t) => {
  const { app, store } = await observedApp(t);
  const options = { config: Object.freeze({ theirs: true }) };
  // Fastify hands on the one of this handler as it is.
  app.setNotFoundHandler(options as object, (_request, reply) => void reply.code(404).send('nothing'));
  app.get('/frozen', options, async (request) => ({ ...request.routeOptions.config, own: 1 }));
  await app.inject('/nowhere');
  await app.inject('/nowhere');
  const answer = await app.inject('/frozen');
  assert.deepEqual(answer.json(), { theirs: true, url: '/frozen', method: 'GET', own: 1 });
  assert.deepEqual(requestsOf(store), { 'GET __unknown__ 404': 2, 'GET /frozen 200': 1 });
});

test('the options of a route are read when it is first seen, and not for each request', () => {
  const routes = new Routes({ bind: () => undefined } as unknown as RequestFamilies);
  const config = {};
  let reads = 0;
  const request = {
    get routeOptions() {
      reads += 1;
      return { config, url: '/known' };
    },
    method: 'GET',
    [Symbol('fastify.context')]: { config },
  } as unknown as FastifyRequest;
  const first = routes.of(request);
  const before = reads;
  assert.equal(routes.of(request), first);
  assert.equal(reads, before);
});

test('Fastify keeps the config of a route where it is looked for', async (t) => {
  const app = temporaryApp(t);
  app.get('/known', async (request) => {
    const symbol = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'fastify.context');
    const context = (request as unknown as Record<symbol, { config?: object }>)[symbol ?? Symbol('none')];
    return { same: context?.config === request.routeOptions.config };
  });
  assert.deepEqual((await app.inject('/known')).json(), { same: true });
});
