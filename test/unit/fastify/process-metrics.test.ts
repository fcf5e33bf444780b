/** Metrics of the process that an app runs in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { parseSamples, sumSamples } from '../../support/sample.js';
import { observedApp, temporaryApp } from './observed-app.js';

function processesIn(store: Store): string[] {
  const family = store.snapshot().find(({ name }) => name === 'nodejs_version_info');
  return family?.series.map(({ labels }) => labels['process'] ?? '') ?? [];
}

test('they are in the scrape where the app wants them, and only there', async (t) => {
  const without = await observedApp(t);
  assert.deepEqual(processesIn(without.store), []);
  await without.app.register(percpuMetrics, {
    store: without.store,
    processMetrics: false,
    endpoint: false,
    prefix: 'b_',
  });
  assert.deepEqual(processesIn(without.store), []);
  const { app, store } = await observedApp(t, { processMetrics: true });
  assert.deepEqual(processesIn(store), [String(process.pid)]);
  const samples = parseSamples((await app.inject('/metrics')).body);
  const started = sumSamples(samples, 'process_start_time_seconds', { process: String(process.pid) });
  assert.ok(Math.abs(started + process.uptime() - Date.now() / 1000) < 60);
});

test('they are kept as the options say, until the app is closed', async (t) => {
  const made = t.mock.method(globalThis, 'setInterval');
  const cleared = t.mock.method(globalThis, 'clearInterval');
  const { app, store } = await observedApp(t, { processMetrics: { process: 'shop', interval: 123 } });
  assert.deepEqual(processesIn(store), ['shop']);
  const timer = made.mock.calls.find(({ arguments: [, interval] }) => interval === 123)?.result;
  const isCleared = () => cleared.mock.calls.some(({ arguments: [ended] }) => ended === timer);
  assert.ok(timer !== undefined && !isCleared());
  await app.close();
  assert.ok(isCleared());
});

test('options that are wrong are refused, and a store that is only read gets none', async (t) => {
  const { store } = await observedApp(t);
  for (const processMetrics of [1, null, { interval: 1 }, { proces: 'x' }]) {
    const app = temporaryApp(t);
    const registered = app.register(percpuMetrics, { store, processMetrics: processMetrics as never, prefix: 'b_' });
    await assert.rejects(async () => await registered, { code: 'ERR_PCM_OPTION' });
  }
  using reader = openStore({ path: store.path, readOnly: true });
  const app = temporaryApp(t);
  await app.register(percpuMetrics, { store: reader, processMetrics: true });
  assert.deepEqual(processesIn(store), []);
});
