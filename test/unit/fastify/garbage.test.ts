/** What is left of requests that have ended. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FastifyReply } from 'fastify';
import { Exchanges } from '#src/fastify/exchange.js';
import type { RouteSeries } from '#src/fastify/request-families.js';
import type { Activity } from '#src/metrics/activity.js';

const activity = { begin: () => 0, end: () => {} } as unknown as Activity;
const route = { at: () => undefined, exemplar: () => undefined } as unknown as RouteSeries;

class Response extends EventEmitter {
  readonly headersSent = true;
}

function begin(exchanges: Exchanges): Response {
  const raw = new Response();
  exchanges.begin(route, { raw, request: { raw: { socket: { destroyed: false } } } } as unknown as FastifyReply);
  return raw;
}

/** Two requests at the same time, of which the first ends first; the first is kept, of the second only whether it is there. */
function endBoth(exchanges: Exchanges): { first: Response; second: WeakRef<Response> } {
  const first = begin(exchanges);
  const second = begin(exchanges);
  first.emit('close');
  second.emit('close');
  return { first, second: new WeakRef(second) };
}

test('a request that has ended keeps no other alive', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const { first, second } = endBoth(new Exchanges(activity));
  // A weak reference holds what it was made of until this turn of the event loop has ended.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  assert.equal(second.deref(), undefined);
  assert.ok(first.headersSent);
});
