/** Our families in registries of prom-client and of its successor, and those registries in our scrape. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import successor from '@prometheus-io/client';
import fastify from 'fastify';
import type { Store } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import promClient from 'prom-client';
import { parseSamples } from '../support/sample.js';
import { temporaryStore } from '../support/temporary-store.js';

/** What both are to a test; the types of the one do for the other. */
const libraries = [
  ['prom-client 15', promClient],
  ['its successor 0.16', successor as unknown as typeof promClient],
] as const;

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

function familiesOf(t: TestContext) {
  const store = temporaryStore(t);
  return { store, families: declareFamilies(store) };
}

/** A registry that has families of ours. It knows our families by what they do, not by their types. */
function registryWith(
  { Registry }: typeof promClient,
  families: object,
  contentType?: promClient.RegistryContentType,
): promClient.Registry {
  const registry = new Registry();
  if (contentType !== undefined) registry.setContentType(contentType as promClient.PrometheusContentType);
  for (const family of Object.values(families)) registry.registerMetric(family);
  return registry;
}

function sortLabels(sample: { labels: Readonly<Record<string, string>> }): unknown {
  return { ...sample, labels: Object.entries(sample.labels).sort() };
}

for (const [library, client] of libraries) {
  test(`${library}: a registry renders our families as our own scrape does`, async (t) => {
    const { store, families } = familiesOf(t);
    const theirs = await registryWith(client, families).metrics();
    const sorted = (text: string) =>
      parseSamples(text)
        .map((sample) => JSON.stringify(sortLabels(sample)))
        .sort();
    assert.deepEqual(sorted(theirs), sorted(await store.metrics()));
    assert.match(theirs, /^# HELP shop_requests_total Requests\\nserved\.$/m);
    assert.match(theirs, /^# TYPE shop_wait_seconds histogram$/m);
  });

  test(`${library}: our families stand beside theirs, with the default labels of the registry`, async (t) => {
    const { families } = familiesOf(t);
    const registry = registryWith(client, families);
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

  test(`${library}: a single family can be asked for`, async (t) => {
    const { families } = familiesOf(t);
    const registry = registryWith(client, families);
    assert.equal(
      await registry.getSingleMetricAsString('shop_open'),
      '# HELP shop_open Open.\n# TYPE shop_open gauge\nshop_open -3',
    );
    assert.equal(registry.getSingleMetric('shop_open'), families.open);
    registry.registerMetric(families.open as unknown as promClient.Metric);
    const namesake = new client.Gauge({ name: 'shop_open', help: 'Other.', registers: [] });
    assert.throws(() => registry.registerMetric(namesake), /already been registered/);
  });

  test(`${library}: values are those of the moment, and of every process of the store`, async (t) => {
    const { store, families } = familiesOf(t);
    const registry = registryWith(client, families);
    const first = registry.getSingleMetricAsString('shop_open');
    families.open.set(8);
    assert.match(await first, /shop_open (-3|8)$/);
    assert.match(await registry.getSingleMetricAsString('shop_open'), /shop_open 8$/);
    const other = temporaryStore(t, { path: store.path });
    other.gauge({ name: 'shop_open', help: 'Open.' }).set(9);
    assert.match(await registry.getSingleMetricAsString('shop_open'), /shop_open 9$/);
  });

  test(`${library}: a scrape in OpenMetrics names counters as it should, and does not rename the family for good`, async (t) => {
    const { families } = familiesOf(t);
    const registry = registryWith(client, families, client.Registry.OPENMETRICS_CONTENT_TYPE);
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const text = await registry.metrics();
      assert.match(text, /^# TYPE shop_requests counter$/m);
      assert.match(text, /^shop_requests_total\{route="\/a"\} 2$/m);
      assert.equal(families.requests.name, 'shop_requests_total');
    }
    const plain = await registryWith(client, families).metrics();
    assert.match(plain, /^# TYPE shop_requests_total counter$/m);
    assert.match(plain, /^shop_requests_total\{route="\/a"\} 2$/m);
  });

  test(`${library}: registries that are merged keep our families`, async (t) => {
    const { families } = familiesOf(t);
    const { requests, ...others } = families;
    const merged = client.Registry.merge([registryWith(client, { requests }), registryWith(client, others)]);
    const text = await merged.metrics();
    assert.match(text, /^shop_requests_total\{route="\/a"\} 2$/m);
    assert.match(text, /^shop_wait_seconds_bucket\{le="\+Inf",queue="q"\} 2$/m);
  });

  test(`${library}: an aggregation over workers takes the truth once, because each of them has it all`, async (t) => {
    const { families } = familiesOf(t);
    const registry = registryWith(client, families);
    for (const family of Object.values(families)) assert.equal(family.aggregator, 'first');
    const answers = [await registry.getMetricsAsJSON(), await registry.getMetricsAsJSON()];
    const text = await client.AggregatorRegistry.aggregate(answers).metrics();
    assert.match(text, /^shop_open -3$/m);
    assert.match(text, /^shop_requests_total\{route="\/a"\} 2$/m);
    assert.match(text, /^shop_wait_seconds_count\{queue="q"\} 2$/m);
  });

  test(`${library}: a registry resets our families`, async (t) => {
    const { store, families } = familiesOf(t);
    registryWith(client, families).resetMetrics();
    const values = parseSamples(await store.metrics()).filter(({ name }) => name.startsWith('shop_'));
    assert.equal(values.length, 8);
    assert.ok(values.every(({ value }) => value === 0));
    families.requests.labels('/a').inc();
    assert.match(await store.metrics(), /^shop_requests_total\{route="\/a"\} 1$/m);
  });

  test(`${library}: a registry follows our families in our scrape, in each of its formats`, async (t) => {
    const { store, families } = familiesOf(t);
    for (const [accept, type, counter] of [
      ['text/plain', client.Registry.PROMETHEUS_CONTENT_TYPE, 'theirs_total'],
      ['application/openmetrics-text;version=1.0.0', client.Registry.OPENMETRICS_CONTENT_TYPE, 'theirs'],
    ] as const) {
      // One of our families is in the registry as well, and must not come twice.
      const registry = registryWith(client, { open: families.open }, type);
      new client.Counter({ name: 'theirs_total', help: 'Theirs.', registers: [registry] }).inc(4);
      new client.Histogram({ name: 'their_wait', help: 'Wait.', buckets: [1], registers: [registry] }).observe(2);
      const app = fastify({ logger: false });
      t.after(() => app.close());
      await app.register(percpuMetrics, { store, registries: [registry] });
      const { body, headers } = await app.inject({ url: '/metrics', headers: { accept } });
      assert.equal(String(headers['content-type']).split(';')[0], accept.split(';')[0]);
      const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
      assert.equal(new Set(types.map((one) => one.split(' ')[0])).size, types.length, types.join('\n'));
      for (const one of [`${counter} counter`, 'their_wait histogram', 'shop_open gauge'])
        assert.ok(types.includes(one), one);
      assert.match(body, /^theirs_total 4$/m);
      assert.match(body, /^their_wait_bucket\{le="\+Inf"\} 1$/m);
      assert.deepEqual(body.match(/^shop_open .*$/gm), ['shop_open -3']);
    }
  });
}
