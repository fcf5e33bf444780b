import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Store } from 'percpu-metrics';
import client from 'prom-client';
import { parseSamples } from '../support/sample.js';
import { temporaryStore } from '../support/temporary-store.js';

function declareFamilies(store: Store) {
  const requests = store.counter({ name: 'shop_requests_total', help: 'Requests\nserved.', labelNames: ['route'] });
  const open = store.gauge({ name: 'shop_open', help: 'Open.' });
  const wait = store.histogram({ name: 'shop_wait_seconds', help: 'Wait.', labelNames: ['queue'], buckets: [0.1, 1] });
  requests.labels('/a').inc(2);
  requests.labels('"b"\\').inc(0.5);
  open.set(-3);
  wait.labels('q').observe(0.05);
  wait.labels('q').observe(5);
  return { requests, open, wait };
}

/** A registry of prom-client that has families of ours. It knows our families by what they do, not by their types. */
function registryWith(families: object, contentType?: client.RegistryContentType): client.Registry {
  const registry = new client.Registry();
  if (contentType !== undefined) registry.setContentType(contentType as client.PrometheusContentType);
  for (const family of Object.values(families)) registry.registerMetric(family);
  return registry;
}

function familiesOf(t: TestContext) {
  const store = temporaryStore(t);
  return { store, families: declareFamilies(store) };
}

test('a registry of prom-client renders our families as our own scrape does', async (t) => {
  const { store, families } = familiesOf(t);
  const theirs = await registryWith(families).metrics();
  const sorted = (text: string) =>
    parseSamples(text)
      .map((sample) => JSON.stringify(sortLabels(sample)))
      .sort();
  assert.deepEqual(sorted(theirs), sorted(await store.metrics()));
  assert.match(theirs, /^# HELP shop_requests_total Requests\\nserved\.$/m);
  assert.match(theirs, /^# TYPE shop_wait_seconds histogram$/m);
});

function sortLabels(sample: { labels: Readonly<Record<string, string>> }): unknown {
  return { ...sample, labels: Object.entries(sample.labels).sort() };
}

test('our families stand beside those of prom-client, with the default labels of the registry', async (t) => {
  const { families } = familiesOf(t);
  const registry = registryWith(families);
  registry.setDefaultLabels({ app: 'shop' });
  new client.Counter({ name: 'theirs_total', help: 'Theirs.', registers: [registry] }).inc(4);
  const text = await registry.metrics();
  assert.match(text, /^theirs_total\{app="shop"\} 4$/m);
  assert.match(text, /^shop_open\{app="shop"\} -3$/m);
  const json = await registry.getMetricsAsJSON();
  assert.equal(json.length, 4);
  const open = json.find(({ name }) => name === 'shop_open');
  assert.deepEqual(open?.values, [{ labels: { app: 'shop' }, value: -3 }]);
});

test('a single family can be asked for', async (t) => {
  const { families } = familiesOf(t);
  const registry = registryWith(families);
  assert.equal(
    await registry.getSingleMetricAsString('shop_open'),
    '# HELP shop_open Open.\n# TYPE shop_open gauge\nshop_open -3',
  );
  assert.equal(registry.getSingleMetric('shop_open'), families.open);
  registry.registerMetric(families.open as unknown as client.Metric);
  const namesake = new client.Gauge({ name: 'shop_open', help: 'Other.', registers: [] });
  assert.throws(() => registry.registerMetric(namesake), /already been registered/);
});

test('values are those of the moment, and of every process of the store', async (t) => {
  const { store, families } = familiesOf(t);
  const registry = registryWith(families);
  const first = registry.getSingleMetricAsString('shop_open');
  families.open.set(8);
  assert.match(await first, /shop_open (-3|8)$/);
  assert.match(await registry.getSingleMetricAsString('shop_open'), /shop_open 8$/);
  const other = temporaryStore(t, { path: store.path });
  other.gauge({ name: 'shop_open', help: 'Open.' }).set(9);
  assert.match(await registry.getSingleMetricAsString('shop_open'), /shop_open 9$/);
});

test('a scrape in OpenMetrics names counters as it should, and does not rename the family for good', async (t) => {
  const { families } = familiesOf(t);
  const registry = registryWith(families, client.Registry.OPENMETRICS_CONTENT_TYPE);
  for (let scrape = 0; scrape < 2; scrape += 1) {
    const text = await registry.metrics();
    assert.match(text, /^# TYPE shop_requests counter$/m);
    assert.match(text, /^shop_requests_total\{route="\/a"\} 2$/m);
    assert.equal(families.requests.name, 'shop_requests_total');
  }
  const plain = await registryWith(families).metrics();
  assert.match(plain, /^# TYPE shop_requests_total counter$/m);
  assert.match(plain, /^shop_requests_total\{route="\/a"\} 2$/m);
});

test('registries that are merged keep our families', async (t) => {
  const { families } = familiesOf(t);
  const { requests, ...others } = families;
  const merged = client.Registry.merge([registryWith({ requests }), registryWith(others)]);
  const text = await merged.metrics();
  assert.match(text, /^shop_requests_total\{route="\/a"\} 2$/m);
  assert.match(text, /^shop_wait_seconds_bucket\{le="\+Inf",queue="q"\} 2$/m);
});

test('an aggregation over workers takes the truth once, because each of them has it all', async (t) => {
  const { families } = familiesOf(t);
  const registry = registryWith(families);
  for (const family of Object.values(families)) assert.equal(family.aggregator, 'first');
  const answers = [await registry.getMetricsAsJSON(), await registry.getMetricsAsJSON()];
  const text = await client.AggregatorRegistry.aggregate(answers).metrics();
  assert.match(text, /^shop_open -3$/m);
  assert.match(text, /^shop_requests_total\{route="\/a"\} 2$/m);
  assert.match(text, /^shop_wait_seconds_count\{queue="q"\} 2$/m);
});

test('a registry of prom-client resets our families', async (t) => {
  const { store, families } = familiesOf(t);
  registryWith(families).resetMetrics();
  const values = parseSamples(await store.metrics()).filter(({ name }) => name.startsWith('shop_'));
  assert.equal(values.length, 8);
  assert.ok(values.every(({ value }) => value === 0));
  families.requests.labels('/a').inc();
  assert.match(await store.metrics(), /^shop_requests_total\{route="\/a"\} 1$/m);
});
