/** Apps that are observed by the plugin, and what they have counted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { Store, StoreOptions } from 'percpu-metrics';
import percpuMetrics, { type PercpuMetricsPluginOptions } from 'percpu-metrics/fastify';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

const PATIENCE = 30_000;

/** Waits for something that must happen soon. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!condition()) {
    assert.ok(performance.now() < end, 'it did not happen in time');
    await sleep(5);
  }
}

/** A connection to the app, which listens from then on. */
export async function connectTo(t: TestContext, app: FastifyInstance): Promise<Socket> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** An app that is closed with its test. */
export function temporaryApp(t: TestContext, options: FastifyServerOptions = {}): FastifyInstance {
  const app = fastify(options) as FastifyInstance;
  t.after(() => app.close());
  return app;
}

/** An app with the plugin in it, and its store. */
export async function observedApp(
  t: TestContext,
  options: Omit<PercpuMetricsPluginOptions, 'store'> = {},
  storeOptions: StoreOptions = {},
): Promise<{ app: FastifyInstance; store: Store }> {
  const app = temporaryApp(t);
  const store = temporaryStore(t, storeOptions);
  await app.register(percpuMetrics, { store, ...options });
  return { app, store };
}

/** The counted requests: `{ 'GET /a 200': 1 }`. */
export function requestsOf(store: Store, name = 'http_requests_total'): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { labels, ...series } of store.snapshot().find((family) => family.name === name)?.series ?? []) {
    const key = `${labels['method']} ${labels['route']} ${labels['status_code']}`;
    counted[key] = 'value' in series ? series.value : series.count;
  }
  return counted;
}

/** The counted durations: `{ 'GET /a 200': 1 }`. */
export function durationsOf(store: Store): Record<string, number> {
  return requestsOf(store, 'http_request_duration_seconds');
}

/** Requests whose response has not ended. */
export function inFlightOf(store: Store): number {
  return numberOf(store, 'http_requests_in_flight');
}
