/** The metrics of the store itself, as they are in a scrape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import { parseSamples, type Sample, sumSamples } from '../../support/sample.js';
import { temporaryStore } from '../../support/temporary-store.js';
import { observedApp } from '../fastify/observed-app.js';
import { temporaryService } from '../server/service-app.js';

async function scrapeOf(store: Store): Promise<Sample[]> {
  const { default: fastify } = await import('fastify');
  const { default: percpuMetrics } = await import('percpu-metrics/fastify');
  const app = fastify();
  await app.register(percpuMetrics, { store });
  const { body } = await app.inject('/metrics');
  await app.close();
  return parseSamples(body);
}

const value = (samples: readonly Sample[], name: string, labels: Record<string, string> = {}) =>
  sumSamples(samples, `percpu_metrics_${name}`, labels);

test('a scrape says what the store is, how full it is and who is attached', async (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc();
  using reader = openStore({ path: store.path, readOnly: true });
  const samples = await scrapeOf(reader);
  const { info, mode } = store;
  assert.equal(value(samples, 'store_info', { backend: 'rseq', format_version: String(info.formatVersion) }), 1);
  assert.equal(value(samples, 'lanes', { kind: 'cpu' }), info.lanes);
  assert.equal(value(samples, 'lanes', { kind: 'atomic' }), info.atomicLanes);
  assert.equal(value(samples, 'capacity_cells'), 1024);
  assert.equal(value(samples, 'used_cells'), 1);
  assert.equal(value(samples, 'catalog_used_bytes'), info.catalogBytes);
  assert.equal(value(samples, 'catalog_capacity_bytes'), info.catalogCapacity);
  assert.equal(value(samples, 'reserved_bytes'), info.reservedBytes);
  assert.equal(value(samples, 'processes', { mode: mode.backend }), 1);
  assert.equal(value(samples, 'processes'), 1);
  assert.equal(value(samples, 'fallback_processes'), mode.backend === 'rseq' ? 0 : 1);
  assert.equal(value(samples, 'store_broken'), 0);
  assert.ok(value(samples, 'scrape_duration_seconds') > 0);
  assert.equal(value(samples, 'scrape_size_bytes'), (await reader.render()).length);
});

test('the events of CPUs are whole amounts of counters and observations, and no gauges', async (t) => {
  const store = temporaryStore(t);
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(40);
  store.gauge({ name: 'open', help: 'Open.' }).inc(1000);
  store.untyped({ name: 'legacy', help: 'Of old.' }).inc(1000);
  const size = store.histogram({ name: 'size_bytes', help: 'Size.', buckets: [1, 2] });
  for (const bytes of [0.5, 1.5]) size.observe(bytes);
  const { cpus, atomic } = await store.activity();
  assert.equal(cpus.length, store.info.lanes);
  assert.equal(atomic.length, store.info.atomicLanes);
  assert.equal(
    [...cpus, ...atomic].reduce((sum, count) => sum + count, 0),
    42,
  );
  using reader = openStore({ path: store.path, readOnly: true });
  const samples = await scrapeOf(reader);
  assert.equal(value(samples, 'cpu_events_total') + value(samples, 'atomic_events_total'), 42);
});

test('what there is no room for is counted, each attempt', async (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['kind'] });
  for (let kind = 0; kind < 1024; kind++) jobs.labels(kind);
  assert.equal((await store.activity()).refusals, 0);
  for (let attempt = 0; attempt < 3; attempt++) {
    assert.throws(() => jobs.labels('one more'), { code: 'ERR_PCM_CAPACITY' });
  }
  assert.equal((await store.activity()).refusals, 3);
  using reader = openStore({ path: store.path, readOnly: true });
  assert.equal(value(await scrapeOf(reader), 'dropped_series_total'), 3);
});

test('the plugin leaves them out when it is told to', async (t) => {
  const { app } = await observedApp(t, { storeMetrics: false });
  assert.doesNotMatch((await app.inject('/metrics')).body, /percpu_metrics_/);
  const { app: other } = await observedApp(t);
  assert.match((await other.inject('/metrics')).body, /^percpu_metrics_processes/m);
  await assert.rejects(observedApp(t, { storeMetrics: 1 as never }), { code: 'ERR_PCM_OPTION' });
});

test('their names cannot be taken', async (t) => {
  const store = temporaryStore(t);
  const declare = () => store.counter({ name: 'percpu_metrics_aborts_total', help: 'Mine.' });
  assert.throws(declare, { code: 'ERR_PCM_METRIC_NAME', message: /kept for metrics of the store itself/ });
  const { service } = await temporaryService(t);
  for (const name of ['percpu_metrics_x', 'percpu.metrics_lanes', 'percpu%F0%9F%98%80metrics%20lanes']) {
    assert.equal((await service.refuse(`/v1/counters/${name}`, {})).code, 'ERR_PCM_METRIC_NAME');
  }
  for (const name of ['percpu:metrics_x', 'percpu.metrics', 'percpu..metrics.x']) store.gauge({ name, help: 'Mine.' });
});

test('a store that is closed has no activity', async (t) => {
  const store = temporaryStore(t);
  store.close();
  await assert.rejects(store.activity(), { code: 'ERR_PCM_CLOSED' });
});
