/** The memory that scrapes are rendered into: used again, and never while somebody still reads what is in it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';
import type { Store, TransientBytes } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { temporaryStore } from '../../support/temporary-store.js';

/** More than the kernel keeps for a client that does not read. */
const SERIES = 40_000;
const LABEL = 'x'.repeat(400);

/** A served store whose series all have the same value, and the memory of each of its renders. */
async function served(t: TestContext, app: FastifyInstance) {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue', 'text'] });
  const handles = Array.from({ length: SERIES }, (_, index) => counter.labels(index, LABEL));
  const memory: ArrayBufferLike[] = [];
  const render = store.renderTransient.bind(store);
  store.renderTransient = async (...options: Parameters<Store['renderTransient']>): Promise<TransientBytes> => {
    const rendered = await render(...options);
    memory.push(rendered.bytes.buffer);
    return rendered;
  };
  await app.register(percpuMetrics, { store });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const incrementAll = (): void => {
    for (const handle of handles) handle.inc();
  };
  return { origin: `http://127.0.0.1:${port}`, memory, incrementAll };
}

function assertAll(text: string, value: number): void {
  assert.equal(text.match(new RegExp(`^jobs_total\\{.*\\} ${value}$`, 'gm'))?.length, SERIES);
}

async function scrape(origin: string, headers: Record<string, string> = {}): Promise<string> {
  return await (await fetch(`${origin}/metrics`, { headers })).text();
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Until what follows the end of a response has run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a scrape is rendered into the memory of the one before, however it was coded', async (t) => {
  const { origin, memory, incrementAll } = await served(t, fastify());
  for (const coding of ['identity', 'gzip', 'identity', 'gzip']) {
    incrementAll();
    assertAll(await scrape(origin, { 'accept-encoding': coding }), memory.length);
    await settled();
  }
  assert.equal(memory.length, 4);
  assert.equal(new Set(memory).size, 1);
});

test('what a slow client has not read yet is not written over', async (t) => {
  const { origin, memory, incrementAll } = await served(t, fastify());
  const request = get(`${origin}/metrics`);
  const [slow] = (await once(request, 'response')) as [IncomingMessage];
  for (let others = 1; others <= 3; others += 1) {
    incrementAll();
    assertAll(await scrape(origin), others);
    await settled();
  }
  assertAll(await textOf(slow), 0);
  assert.equal(new Set(memory.slice(1)).size, 1);
  assert.notEqual(memory[0], memory[1]);
});

test('the memory of a scrape that was given up is used again', async (t) => {
  const { origin, memory } = await served(t, fastify());
  for (let round = 0; round < 3; round += 1) {
    const request = get(`${origin}/metrics`, { agent: false });
    await once(request, 'response');
    request.destroy();
    await settled();
  }
  assert.equal(memory.length, 3);
  assert.equal(new Set(memory).size, 1);
});

test('those who wait for one scrape together all get it whole', async (t) => {
  const { origin, memory, incrementAll } = await served(t, fastify());
  for (let round = 1; round <= 3; round += 1) {
    incrementAll();
    const codings = ['identity', 'gzip', 'identity', 'gzip', 'identity'];
    const texts = await Promise.all(codings.map((coding) => scrape(origin, { 'accept-encoding': coding })));
    for (const text of texts) assertAll(text, round);
    await settled();
  }
  assert.ok(memory.length < 15, `${memory.length} renders for 15 scrapes`);
});

test('over HTTP/2, where bytes may wait in the process after the end of a stream, no memory is used twice', async (t) => {
  const { origin, memory } = await served(t, fastify({ http2: true }) as unknown as FastifyInstance);
  const session = connect(origin);
  for (let round = 0; round < 2; round += 1) {
    const stream = session.request({ ':path': '/metrics' });
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk as string;
    assertAll(text, 0);
    await settled();
  }
  session.destroy();
  assert.equal(new Set(memory).size, 2);
});
