/** The plugin's limit of series. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OVERFLOW_VALUE } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { temporaryStore } from '../../support/temporary-store.js';
import { observedApp, requestsOf, temporaryApp } from './observed-app.js';

const overflow = `${OVERFLOW_VALUE} ${OVERFLOW_VALUE} ${OVERFLOW_VALUE}`;

test('beyond maxSeries requests count in the overflow series of both families', async (t) => {
  const { app, store } = await observedApp(t, { maxSeries: 2 });
  for (const name of ['a', 'b', 'c', 'd']) app.get(`/${name}`, async () => name);
  for (const name of ['a', 'b', 'c', 'd', 'a', 'c']) assert.equal((await app.inject(`/${name}`)).body, name);
  const expected = { 'GET /a 200': 2, 'GET /b 200': 1, [overflow]: 3 };
  assert.deepEqual(requestsOf(store), expected);
  assert.deepEqual(requestsOf(store, 'http_request_duration_seconds'), expected);
});

test('a limit that is none is refused', async (t) => {
  for (const maxSeries of [0, 1.5, '3', null, 2 ** 32]) {
    const app = temporaryApp(t);
    app.register(percpuMetrics, { store: temporaryStore(t), maxSeries: maxSeries as number });
    await assert.rejects(async () => await app.ready(), { code: 'ERR_PCM_OPTION', message: /maxSeries.*from 1 on/ });
  }
});
