import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { fire, LEAST_FOR_P999 } from '../../../loadtest/generator.js';

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const round = {
  request: { method: 'POST', path: '/orders?from=test', body: '{"value":1}' },
  connections: 7,
  amount: 100,
  signal: new AbortController().signal,
} as const;

describe('a round of load', () => {
  it('is answered as often as it was asked to be, which is what the service saw', async (context) => {
    let seen = 0;
    const origin = await serve(context, (_request, response) => {
      seen += 1;
      response.end('ok');
    });
    const fired = await fire({ ...round, origin });
    assert.deepEqual([fired.answered, fired.refused, fired.failed, seen], [100, 0, 0, 100]);
    assert.ok(fired.p50 > 0 && fired.p50 <= fired.p99);
    assert.equal(fired.requestsPerSecond, fired.answered / fired.seconds);
  });

  it('has a 99.9th percentile only of so many requests that it is not about the slowest', async (context) => {
    const origin = await serve(context, (_request, response) => response.end('ok'));
    const few = await fire({ ...round, origin, amount: LEAST_FOR_P999 - 1 });
    assert.equal(few.p999, undefined);
    const many = await fire({ ...round, origin, amount: LEAST_FOR_P999 });
    assert.ok((many.p999 ?? 0) >= many.p99);
  });

  it('gives up what is not answered in time', async (context) => {
    let seen = 0;
    const origin = await serve(context, (_request, response) => {
      seen += 1;
      if (seen > 1) response.end('ok');
      else setTimeout(() => response.end('late'), 4000).unref();
    });
    const fired = await fire({ ...round, origin, patience: 1 });
    assert.ok(fired.failed > 0 && fired.answered > 0, JSON.stringify(fired));
  });

  it('sends the request of the scenario', async (context) => {
    const bodies = new Set<string>();
    const origin = await serve(context, (request, response) => {
      request.setEncoding('utf8').on('data', (body) => bodies.add(`${request.method} ${request.url} ${body}`));
      request.on('end', () => response.end());
    });
    await fire({ ...round, origin });
    assert.deepEqual([...bodies], ['POST /orders?from=test {"value":1}']);
  });

  it('tells answers that are no success', async (context) => {
    let seen = 0;
    const origin = await serve(context, (_request, response) => {
      seen += 1;
      response.writeHead(seen % 4 === 0 ? 503 : 200).end();
    });
    const fired = await fire({ ...round, origin });
    assert.deepEqual([fired.answered, fired.refused, fired.failed], [100, 25, 0]);
  });

  it('tells requests that lost their connection', async (context) => {
    let seen = 0;
    const origin = await serve(context, (request, response) => {
      seen += 1;
      if (seen === 50) request.socket.resetAndDestroy();
      else response.end();
    });
    const fired = await fire({ ...round, origin });
    assert.ok(fired.failed >= 1);
    assert.ok(fired.answered < 100);
  });

  it('ends early when it is interrupted', async (context) => {
    const origin = await serve(context, () => {});
    const interrupted = new AbortController();
    const running = fire({ ...round, origin, signal: interrupted.signal });
    interrupted.abort(new Error('enough'));
    await assert.rejects(running, /enough/);
  });
});
