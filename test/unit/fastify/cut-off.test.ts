/** Requests that lose their connection where their response does not hear of it. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { temporaryStore } from '../../support/temporary-store.js';
import { connectTo, durationsOf, inFlightOf, requestsOf, temporaryApp, until } from './observed-app.js';

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** A hook before the plugin's that holds requests of `/late` until it is told to let them go. */
function gate() {
  const events = new EventEmitter().setMaxListeners(100);
  let waiting = 0;
  return {
    hook: async (incoming: { readonly url: string }) => {
      if (incoming.url !== '/late') return;
      waiting += 1;
      await once(events, 'open');
    },
    open: () => void events.emit('open'),
    holds: (count: number) => until(() => waiting === count),
  };
}

for (const count of [1, 3]) {
  test(`${count} whose client is gone before the hook is reached are counted as 499, and not in flight`, async (t) => {
    const store = temporaryStore(t);
    const app = temporaryApp(t);
    const { hook, open, holds } = gate();
    app.addHook('onRequest', hook);
    await app.register(percpuMetrics, { store });
    app.get('/late', async () => 'too late');
    await app.listen({ host: '127.0.0.1', port: 0 });
    const closed = new Promise((resolve) => app.server.once('connection', (served) => served.once('close', resolve)));
    const socket = await connectTo(t, app);
    socket.write(request('/late').repeat(count));
    await holds(count);
    socket.destroy();
    await closed;
    open();
    await until(() => requestsOf(store)['GET /late 499'] === count && inFlightOf(store) === 0);
    assert.deepEqual(durationsOf(store), { 'GET /late 499': count });
  });
}

test('streams of HTTP/2 that are cancelled are counted as 499, before the hook and behind it', async (t) => {
  const store = temporaryStore(t);
  // Whoever has an open session is cut off at the end, instead of being waited for a minute and more.
  const app = fastify({ http2: true, forceCloseConnections: true });
  t.after(() => app.close());
  const { hook, open, holds } = gate();
  app.addHook('onRequest', hook);
  await app.register(percpuMetrics, { store });
  const handler = new EventEmitter();
  app.get('/late', async () => 'too late');
  app.get('/quick', async () => 'quick');
  app.get('/slow', async () => {
    handler.emit('begun');
    await once(handler, 'finish');
    return 'too late';
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const session = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
  t.after(() => session.destroy());
  const get = (path: string) =>
    session
      .request({ ':path': path })
      .on('error', () => {})
      .resume();

  await once(get('/quick'), 'end');
  const begun = once(handler, 'begun');
  const slow = get('/slow');
  await begun;
  slow.close(constants.NGHTTP2_CANCEL);
  await until(() => requestsOf(store)['GET /slow 499'] === 1);
  handler.emit('finish');

  const gone = new Promise((resolve) => app.server.once('stream', (stream) => stream.once('close', resolve)));
  const late = get('/late');
  await holds(1);
  late.close(constants.NGHTTP2_CANCEL);
  await gone;
  open();
  await until(() => requestsOf(store)['GET /late 499'] === 1 && inFlightOf(store) === 0);
  assert.deepEqual(requestsOf(store), { 'GET /quick 200': 1, 'GET /slow 499': 1, 'GET /late 499': 1 });
});

test('a hijacked reply whose socket was taken from it is in flight until the socket is closed', async (t) => {
  const store = temporaryStore(t);
  const app = temporaryApp(t);
  await app.register(percpuMetrics, { store });
  app.get('/taken', (incoming, reply) => {
    reply.hijack();
    const { socket } = incoming.raw;
    reply.raw.detachSocket(socket);
    socket.write('mine');
  });
  const socket = await connectTo(t, app);
  socket.write(request('/taken'));
  await once(socket, 'data');
  assert.equal(inFlightOf(store), 1);
  socket.destroy();
  await until(() => inFlightOf(store) === 0);
  assert.deepEqual(requestsOf(store), {});
});

test('what a server cuts off at its end is counted before whoever closes the store can do so', async (t) => {
  const store = temporaryStore(t);
  const watcher = openStore({ path: store.path, readOnly: true });
  t.after(() => watcher.close());
  const app = fastify({ forceCloseConnections: true });
  await app.register(percpuMetrics, { store });
  app.addHook('onClose', async () => store.close());
  let begun = 0;
  app.get('/endless', () => {
    begun += 1;
    return new Promise(() => {});
  });
  for (const socket of [await connectTo(t, app), await connectTo(t, app)]) {
    socket.on('error', () => {});
    socket.write(request('/endless').repeat(2));
  }
  await until(() => begun === 4);
  assert.equal(inFlightOf(watcher), 4);
  await app.close();
  assert.deepEqual(requestsOf(watcher), { 'GET /endless 499': 4 });
  // It was of the store object that is closed.
  assert.throws(() => inFlightOf(watcher), /no such series/);
});
