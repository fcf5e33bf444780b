/** Clients that are many, slow, gone or lost, and a port that is taken. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Child } from '../support/child.js';
import { parseSamples, type Sample, sumSamples } from '../support/sample.js';
import { Service, serveCommand } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../unit/fastify/observed-app.js';

const CONNECTIONS = 2000;
const AT_A_TIME = 100;

async function open(t: TestContext, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function startService(t: TestContext, ...args: readonly string[]): Promise<Service> {
  return Service.start(t, '--store', join(temporaryDirectory(t), 'store'), ...args);
}

/** A scrape, tried again while the scrapes of other clients take all places, which is answered with 503. */
async function scrapeWhenFree(service: Service): Promise<Sample[]> {
  const end = performance.now() + 60_000;
  for (;;) {
    const answer = await fetch(`${service.url}/metrics`);
    const text = await answer.text();
    if (answer.status === 200) return parseSamples(text);
    assert.equal(answer.status, 503, text);
    assert.ok(performance.now() < end, 'there is a place for a scrape again');
    await setTimeout(20);
  }
}

const COUNT = '{"labels":{"of":"clients"}}';
const REQUEST =
  'POST /v1/counters/asked_total HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${COUNT.length}\r\n\r\n${COUNT}`;

async function answerOf(socket: Socket): Promise<string> {
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  await until(() => answer.includes('\r\n\r\n') || socket.destroyed);
  return answer;
}

test(`${CONNECTIONS} connections at once are all answered, and every request is counted`, async (t) => {
  const service = await startService(t);
  const sockets: Socket[] = [];
  while (sockets.length < CONNECTIONS) {
    sockets.push(...(await Promise.all(Array.from({ length: AT_A_TIME }, () => open(t, service.url)))));
  }
  const answers = await Promise.all(
    sockets.map((socket) => {
      socket.write(REQUEST);
      return answerOf(socket);
    }),
  );
  const refused = answers.filter((answer) => !answer.startsWith('HTTP/1.1 204 '));
  assert.deepEqual(refused.slice(0, 3), []);
  const samples = await service.scrape();
  assert.equal(sumSamples(samples, 'asked_total'), CONNECTIONS);
  for (const socket of sockets) socket.destroy();
});

test('clients that are slow keep nobody waiting, and those that give up are in flight no more', async (t) => {
  const service = await startService(t);
  // A head without an end, a body without an end, and a scrape that nobody reads.
  const slow = await Promise.all(Array.from({ length: 300 }, () => open(t, service.url)));
  for (const [index, socket] of slow.entries()) {
    if (index % 3 === 0) socket.write(REQUEST.slice(0, 40));
    else if (index % 3 === 1) socket.write(REQUEST.slice(0, -5));
    else socket.pause().write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
  }
  const end = performance.now() + 120_000;
  const inFlight = async () => sumSamples(await scrapeWhenFree(service), 'http_requests_in_flight');
  while ((await inFlight()) < 100) assert.ok(performance.now() < end, 'the bodies are awaited');
  const socket = await open(t, service.url);
  socket.write(REQUEST);
  assert.match(await answerOf(socket), /^HTTP\/1\.1 204 /);
  for (const one of slow) one.destroy();
  while ((await inFlight()) > 0) assert.ok(performance.now() < end, 'they are in flight no more');
  const samples = await scrapeWhenFree(service);
  assert.equal(sumSamples(samples, 'asked_total'), 1, 'a body that is not complete counts nothing');
  assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
});

/** Scrapes that are served at a time, until their last byte has left. */
const SCRAPES = 40;
const SCRAPE = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';

/**
 * Clients that ask and read nothing, so many that the service itself says that all its places for scrapes are taken. What
 * the kernel takes of a body is off the service's hands: each asks until there is no room for more.
 */
async function takeAllPlaces(t: TestContext, url: string): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: SCRAPES }, () => open(t, url)));
  const end = performance.now() + 60_000;
  for (;;) {
    for (const socket of sockets) socket.pause().write(SCRAPE);
    const answer = await fetch(`${url}/metrics`);
    const text = await answer.text();
    if (answer.status === 503) {
      assert.match(text, /ERR_PCM_TOO_MANY_SCRAPES/);
      return sockets;
    }
    assert.equal(answer.status, 200, text);
    assert.ok(performance.now() < end, 'all places for scrapes are taken');
  }
}

test('scrapes that are given up while they are served cost nothing but themselves', async (t) => {
  const service = await startService(t);
  // A scrape of 1 MB, more than the kernel takes of many of them for clients that do not read.
  const count = async (ids: readonly number[]) => {
    const items = ids.map((id) => ({
      type: 'counter',
      name: 'many_total',
      labels: { id: `${id}`.padStart(1000, '_') },
    }));
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ items }) };
    assert.equal((await fetch(`${service.url}/v1/batch`, init)).status, 204);
  };
  const ids = Array.from({ length: 1000 }, (_, id) => id);
  await count(ids.slice(0, 500));
  await count(ids.slice(500));
  for (let round = 0; round < 5; round += 1) {
    for (const socket of await takeAllPlaces(t, service.url)) socket.destroy();
    assert.equal(sumSamples(await scrapeWhenFree(service), 'many_total'), 1000);
  }
  assert.ok(service.child.running);
});

test('a port that is taken ends the command with code 3 and a line that says what to do', async (t) => {
  const server = createServer();
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const port = String((server.address() as { port: number }).port);
  for (const args of [[], ['--workers', '2']]) {
    const path = join(temporaryDirectory(t), 'store');
    const command = [process.execPath, serveCommand, 'serve', '--store', path, '--port', port, ...args];
    const child = await Child.start(t, command, { env: { HOST: '127.0.0.1' } });
    await child.waitForOutput(/the port is in use; choose another one with --port or PORT \(EADDRINUSE\)/);
    assert.equal((await child.exit).code, 3);
  }
});

test('paths and methods that do not exist make one series per status and standard method, however many', async (t) => {
  const service = await startService(t);
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'PROPFIND', 'LOCK', 'MKCOL', 'REPORT'];
  const ask = async (from: number, to: number): Promise<void> => {
    for (let id = from; id < to; id += 1) {
      const path = [`/nothing/${id}`, `/v1/${id}`, `/v1/counters/a/${id}`, `/${'x'.repeat(id)}?a=${id}`][id % 4];
      const answer = await fetch(`${service.url}${path}`, { method: methods[id % methods.length] as string });
      await answer.arrayBuffer();
      assert.equal(answer.status, 404, path);
    }
  };
  /**
   * Name and labels of each sample of a request, and the names of the rest: which CPUs have counted, and what kinds of
   * collections the process has had, changes now and then. Those of the process come and go with them.
   */
  const seriesOf = (samples: readonly Sample[]) => [
    ...new Set(
      samples
        .filter(({ name }) => !/^(?:process|nodejs)_/.test(name))
        .map(({ name, labels }) => (name.startsWith('percpu_metrics_') ? name : JSON.stringify([name, labels])))
        .sort(),
    ),
  ];
  await ask(0, 100);
  // The second one has what the first one has counted of itself.
  await service.scrape();
  const before = seriesOf(await service.scrape());
  await ask(100, 300);
  const samples = await service.scrape();
  assert.deepEqual(seriesOf(samples), before);
  const routed = samples.filter(({ labels }) => labels['route'] !== undefined);
  const valuesOf = (name: string, label: string) =>
    new Set(routed.filter((sample) => sample.name.startsWith(name)).map(({ labels }) => labels[label]));
  const allowed = new Set(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', '_OTHER']);
  for (const family of ['http_requests_total', 'http_request_duration_seconds']) {
    // Sets of values: what a race may add, such as a request of another status, makes no new route or method.
    assert.deepEqual(valuesOf(family, 'route'), new Set(['__unknown__']));
    assert.deepEqual(valuesOf(family, 'method'), allowed);
  }
});
