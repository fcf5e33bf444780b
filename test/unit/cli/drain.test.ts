/** The end of a listening app. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fastify from 'fastify';
import { drain } from '#src/cli/drain.js';

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

async function slowApp(t: TestContext) {
  const events = new EventEmitter();
  const app = fastify({ return503OnClosing: false });
  app.get('/quick', async () => 'quick');
  app.get('/slow', async () => {
    events.emit('begun');
    await once(events, 'finish');
    return 'slow';
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => {
    events.emit('finish');
    return app.close();
  });
  const port = (app.server.address() as AddressInfo).port;
  const connection = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { app, events, connection };
}

test('requests in flight are answered, and connections that wait for another request are closed', async (t) => {
  const { app, events, connection } = await slowApp(t);
  const idle = await connection();
  idle.write(request('/quick'));
  await once(idle, 'data');
  const busy = await connection();
  const begun = once(events, 'begun');
  busy.write(request('/slow'));
  await begun;
  const ended = drain(app, 10_000);
  await once(idle.resume(), 'close');
  let done = false;
  void ended.then(() => {
    done = true;
  });
  assert.equal(done, false);
  events.emit('finish');
  const [answer] = await once(busy, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 200 [\s\S]*slow$/);
  assert.equal(await ended, true);
  await assert.rejects(connection(), { code: 'ECONNREFUSED' });
});

test('a connection that becomes idle while it drains is closed, and not kept for its next request', async (t) => {
  const { app, events, connection } = await slowApp(t);
  const busy = await connection();
  const begun = once(events, 'begun');
  busy.write(request('/slow'));
  await begun;
  const ended = drain(app, 10_000);
  events.emit('finish');
  await once(busy.resume(), 'close');
  assert.equal(await ended, true);
});

test('whoever is still busy when the time is over is cut off', async (t) => {
  const { app, events, connection } = await slowApp(t);
  const busy = await connection();
  const begun = once(events, 'begun');
  busy.write(request('/slow'));
  await begun;
  const [complete] = await Promise.all([drain(app, 50), once(busy.resume(), 'close')]);
  assert.equal(complete, false);
});
