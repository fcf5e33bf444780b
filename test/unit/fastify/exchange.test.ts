/** When a request is counted, and as what, when things do not go as usual. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { connectTo, durationsOf, inFlightOf, observedApp, requestsOf, until } from './observed-app.js';

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test('the status is that which leaves, whatever a late hook makes of it', async (t) => {
  const { app, store } = await observedApp(t);
  app.addHook('onSend', async (_request, reply) => void reply.code(304));
  app.get('/', async () => 'body');
  assert.equal((await app.inject('/')).statusCode, 304);
  assert.deepEqual(requestsOf(store), { 'GET / 304': 1 });
});

test('errors are counted once, with the status of the answer', async (t) => {
  const { app, store } = await observedApp(t);
  app.get('/throws', async () => {
    throw new Error('oops');
  });
  app.get('/teapot', async () => {
    throw Object.assign(new Error('short and stout'), { statusCode: 418 });
  });
  app.get('/header', async (_request, reply) => reply.header('x-bad', 'a\nb').send('x'));
  app.get('/stream', async () => Readable.from([], { read() {} }).destroy(new Error('no data')));
  app.addHook('onSend', async (incoming) => {
    if (incoming.url === '/hook') throw new Error('late');
  });
  app.get('/hook', async () => 'x');
  for (const url of ['/throws', '/teapot', '/header', '/stream', '/hook']) await app.inject(url);
  const expected = {
    'GET /throws 500': 1,
    'GET /teapot 418': 1,
    'GET /header 500': 1,
    'GET /stream 500': 1,
    'GET /hook 500': 1,
  };
  assert.deepEqual(requestsOf(store), expected);
  assert.deepEqual(durationsOf(store), expected);
  assert.equal(inFlightOf(store), 0);
});

test('a stream is in flight until its last byte, and its duration is that of all of it', async (t) => {
  const { app, store } = await observedApp(t);
  const body = new Readable({ read() {} });
  app.get('/stream', async () => body);
  const socket = await connectTo(t, app);
  socket.write(request('/stream'));
  body.push('first');
  await once(socket, 'data');
  assert.deepEqual(requestsOf(store), {});
  assert.equal(inFlightOf(store), 1);
  const answeredAt = performance.now();
  await sleep(60);
  body.push(null);
  await until(() => inFlightOf(store) === 0);
  assert.deepEqual(requestsOf(store), { 'GET /stream 200': 1 });
  const took = (performance.now() - answeredAt) / 1000;
  const family = store.snapshot().find(({ name }) => name === 'http_request_duration_seconds');
  const [series] = family?.series ?? [];
  assert.ok(series && 'sum' in series && series.count === 1);
  assert.ok(series.sum >= 0.05 && series.sum < took + 10, `${series.sum} s`);
});

test('a request that the client gives up is in flight no more, and counted as 499', async (t) => {
  const { app, store } = await observedApp(t);
  const events = new EventEmitter();
  app.get('/slow', async () => {
    events.emit('begun');
    await once(events, 'finish');
    return 'too late';
  });
  const socket = await connectTo(t, app);
  const begun = once(events, 'begun');
  socket.write(request('/slow'));
  await begun;
  assert.equal(inFlightOf(store), 1);
  socket.destroy();
  await until(() => inFlightOf(store) === 0);
  events.emit('finish');
  await sleep(20);
  assert.deepEqual(requestsOf(store), { 'GET /slow 499': 1 });
  assert.deepEqual(durationsOf(store), { 'GET /slow 499': 1 });
  assert.equal(inFlightOf(store), 0);
});

test('a client that gives up within the response is counted with the status that it saw', async (t) => {
  const { app, store } = await observedApp(t);
  const body = new Readable({ read() {} });
  app.get('/stream', async () => body);
  const socket = await connectTo(t, app);
  socket.write(request('/stream'));
  body.push('first');
  await once(socket, 'data');
  socket.destroy();
  await until(() => inFlightOf(store) === 0);
  assert.deepEqual(requestsOf(store), { 'GET /stream 200': 1 });
  assert.deepEqual(durationsOf(store), { 'GET /stream 200': 1 });
});

test('pipelined requests that wait for their turn are in flight no more when the connection is closed', async (t) => {
  const { app, store } = await observedApp(t);
  const events = new EventEmitter();
  let begun = 0;
  app.get('/slow', async () => {
    begun += 1;
    await once(events, 'finish');
    return 'too late';
  });
  const socket = await connectTo(t, app);
  socket.write(request('/slow').repeat(3));
  await until(() => begun === 3);
  assert.equal(inFlightOf(store), 3);
  socket.destroy();
  await until(() => inFlightOf(store) === 0);
  events.emit('finish');
  await sleep(20);
  assert.equal(inFlightOf(store), 0);
  assert.deepEqual(requestsOf(store), { 'GET /slow 499': 3 });
});

test('a response that ends after its request was given up ends no other request', async (t) => {
  const { app, store } = await observedApp(t);
  const replies: FastifyReply[] = [];
  app.get('/slow', (_request, reply) => {
    replies.push(reply);
  });
  const gone = await connectTo(t, app);
  gone.write(request('/slow').repeat(2));
  await until(() => replies.length === 2);
  gone.destroy();
  await until(() => inFlightOf(store) === 0);
  const socket = await connectTo(t, app);
  socket.write(request('/slow').repeat(2));
  await until(() => replies.length === 4);
  for (const { raw } of replies.slice(0, 2)) raw.emit('close');
  const seen = { inFlight: inFlightOf(store), requests: requestsOf(store) };
  // Answered before anything can fail: the app waits for them when it closes.
  for (const reply of replies.slice(2)) reply.send('answer');
  assert.deepEqual(seen, { inFlight: 2, requests: { 'GET /slow 499': 2 } });
  await until(() => inFlightOf(store) === 0);
  assert.deepEqual(requestsOf(store), { 'GET /slow 499': 2, 'GET /slow 200': 2 });
});

test('pipelined requests that are answered leave nothing behind on their connection', async (t) => {
  const { app, store } = await observedApp(t);
  app.get('/quick', async () => 'quick');
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const socket = await connectTo(t, app);
  let server: Socket | undefined;
  app.server.on('request', (incoming) => {
    server = incoming.socket;
  });
  socket.on('data', () => {});
  socket.write(request('/quick').repeat(20));
  await until(() => requestsOf(store)['GET /quick 200'] === 20 && inFlightOf(store) === 0);
  assert.deepEqual(warnings, []);
  const before = server?.listenerCount('close') ?? Number.NaN;
  socket.write(request('/quick').repeat(20));
  await until(() => requestsOf(store)['GET /quick 200'] === 40 && inFlightOf(store) === 0);
  assert.equal(server?.listenerCount('close'), before);
});

test('a hijacked reply is counted when it writes a head, and left alone when it does not', async (t) => {
  const { app, store } = await observedApp(t);
  app.get('/head', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(202, 'Taken', { 'x-a': 'b' }).end('mine');
  });
  app.get('/socket', (incoming, reply) => {
    reply.hijack();
    incoming.raw.socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  });
  const answer = await app.inject('/head');
  assert.equal(answer.statusMessage, 'Taken');
  assert.equal(answer.headers['x-a'], 'b');
  const socket = await connectTo(t, app);
  socket.resume().write(request('/socket'));
  await once(socket, 'close');
  await until(() => inFlightOf(store) === 0);
  assert.deepEqual(requestsOf(store), { 'GET /head 202': 1 });
});
