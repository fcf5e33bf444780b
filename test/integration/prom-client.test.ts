/** Our families in registries of prom-client and of its successor, and those registries in our scrape. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import successor from '@prometheus-io/client';
import fastify, { type FastifyInstance } from 'fastify';
import type { Store } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import promClient from 'prom-client';
import { decodeFamilies } from '../support/protobuf-scrape.js';
import { pythonParser, unlessPythonParser } from '../support/python-parser.js';
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

  test(`${library}: names are escaped, so that its scrape can be read`, async (t) => {
    const store = temporaryStore(t);
    const families = [
      store.gauge({ name: 'ä.b', help: 'X.', labelNames: ['x y', 'x.y'] }),
      store.histogram({ name: 'http.wait', help: 'X.', labelNames: ['http.route'], buckets: [1] }),
      store.counter({ name: 'jobs.done_total', help: 'X.', labelNames: ['queue'] }),
      store.gauge({ name: 'http_wait.sum', help: 'X.' }),
    ] as const;
    families[0].labels('v', 'w').set(1);
    families[1].labels('/a').observe(2);
    families[2].labels('q').inc(3);
    families[3].set(4);
    const plain = await registryWith(client, families).metrics();
    assert.deepEqual(
      parseSamples(plain).map(({ name, labels, value }) => [name, labels, value]),
      [
        ['__b', { x_y: 'v', U__x_2e_y: 'w' }, 1],
        ['http_wait_bucket', { le: '1', http_route: '/a' }, 0],
        ['http_wait_bucket', { le: '+Inf', http_route: '/a' }, 1],
        ['http_wait_sum', { http_route: '/a' }, 2],
        ['http_wait_count', { http_route: '/a' }, 1],
        ['jobs_done_total', { queue: 'q' }, 3],
        ['U__http__wait_2e_sum', {}, 4],
      ],
    );
    assert.match(plain, /^# TYPE __b gauge$/m);
    const types = (text: string) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    const registry = registryWith(client, families, client.Registry.OPENMETRICS_CONTENT_TYPE);
    const open = await registry.metrics();
    assert.deepEqual(types(open), ['__b', 'http_wait', 'jobs_done', 'U__http__wait_2e_sum']);
    assert.match(open, /^jobs_done_total\{queue="q"\} 3$/m);
    assert.deepEqual(parseSamples(await store.metrics()).length, parseSamples(plain).length);
    assert.equal(registry.getSingleMetric('ä.b'), families[0]);
    assert.equal(families[0].name, 'ä.b');
    const json = await registry.getMetricsAsJSON();
    assert.deepEqual(
      json.map(({ name }) => name),
      ['__b', 'http_wait', 'jobs_done_total', 'U__http__wait_2e_sum'],
    );
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

  test(`${library}: every kind of ours is in a registry as in our own scrape, whichever format it renders`, async (t) => {
    const store = temporaryStore(t);
    const native = store.nativeHistogram({ name: 'size_bytes', help: 'Size.' });
    const summary = store.summary({ name: 'took_seconds', help: 'Took.', quantiles: [0.5, 1] });
    const phase = store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'] });
    const build = store.infoMetric({ name: 'build_info', help: 'Build.', labels: { version: '1.2' } });
    const level = store.untyped({ name: 'level', help: 'Level.' });
    for (const value of [0.5, 7]) for (const family of [native, summary]) family.observe(value);
    phase.set('up');
    level.set(Number.NEGATIVE_INFINITY);
    const families = { ...declareFamilies(store), native, summary, phase, build, level };
    const ours = parseSamples(await store.metrics());
    for (const type of [client.Registry.PROMETHEUS_CONTENT_TYPE, client.Registry.OPENMETRICS_CONTENT_TYPE]) {
      const text = await registryWith(client, families, type).metrics();
      const theirs = parseSamples(text);
      // It writes types as they are, and knows no others.
      for (const [line, kind = ''] of text.matchAll(/^# TYPE \S+ (\S+)$/gm))
        assert.ok(['counter', 'gauge', 'histogram', 'summary'].includes(kind), line);
      const sorted = (samples: typeof ours) => samples.map((sample) => JSON.stringify(sortLabels(sample))).sort();
      assert.deepEqual(sorted(theirs), sorted(ours));
    }
  });

  test(`${library}: exemplars of ours are in the OpenMetrics of a registry`, async (t) => {
    const store = temporaryStore(t);
    const requests = store.counter({ name: 'shop_requests_total', help: 'Requests.', exemplars: true });
    const wait = store.histogram({ name: 'shop_wait_seconds', help: 'Wait.', buckets: [0.1, 1], exemplars: true });
    const size = store.nativeHistogram({ name: 'shop_size_bytes', help: 'Size.', exemplars: true });
    requests.inc(2, { trace_id: 'a"b' });
    wait.observe(0.05, { trace_id: 'fast' });
    wait.observe(5, { trace_id: 'slow' });
    size.observe(0.001, { trace_id: 'small' });
    const families = { requests, wait, size };
    const text = await registryWith(client, families, client.Registry.OPENMETRICS_CONTENT_TYPE).metrics();
    const found = [...text.matchAll(/^(\S+) \S+ # (\{.*\} \S+) (\S+)$/gm)].map(([, line, exemplar, time]) => {
      assert.ok(Math.abs(Number(time) * 1000 - Date.now()) < 60_000, time);
      return `${line} ${exemplar}`;
    });
    assert.deepEqual(found, [
      'shop_requests_total {trace_id="a\\"b"} 2',
      'shop_wait_seconds_bucket{le="0.1"} {trace_id="fast"} 0.05',
      'shop_wait_seconds_bucket{le="+Inf"} {trace_id="slow"} 5',
      'shop_size_bytes_bucket{le="+Inf"} {trace_id="small"} 0.001',
    ]);
    assert.doesNotMatch(await registryWith(client, families).metrics(), /trace_id/);
  });

  test(`${library}: Debian's parser reads our OpenMetrics with a registry in it`, {
    skip: unlessPythonParser(),
  }, async (t) => {
    const app = await scraped(t, client, client.Registry.PROMETHEUS_CONTENT_TYPE);
    const { body } = await scrape(app, 'application/openmetrics-text;version=1.0.0');
    const families = (await pythonParser(t)('openmetrics', body)).filter(({ name }) => /^their/.test(name));
    assert.deepEqual(
      families.map(({ name, type, help }) => [name, type, help]),
      [
        ['theirs', 'counter', 'The "irs".'],
        ['their_level', 'gauge', 'A\nB\\'],
        ['their_wait', 'histogram', 'W.'],
        ['their_took', 'summary', 'Took.'],
      ],
    );
    const exemplars = families.flatMap(({ samples }) => samples.flatMap(({ exemplar }) => exemplar ?? []));
    assert.deepEqual(exemplars, [
      { labels: { trace_id: 'count' }, value: 4 },
      { labels: { trace_id: 'wait"\n' }, value: 5 },
    ]);
  });

  for (const type of ['PROMETHEUS_CONTENT_TYPE', 'OPENMETRICS_CONTENT_TYPE'] as const) {
    test(`${library}: a registry with ${type} follows our families in each format of our scrape`, async (t) => {
      const app = await scraped(t, client, client.Registry[type]);
      const text = parseSamples((await scrape(app, 'text/plain')).body).filter(({ name }) => /^their/.test(name));
      const expected = theirSamples();
      assert.deepEqual(new Set(text.map(lineOf)), expected);
      // Twice: a scrape in OpenMetrics takes `_total` away from the names of theirs for good.
      for (let time = 0; time < 2; time += 1) {
        const { body } = await scrape(app, 'application/openmetrics-text;version=1.0.0');
        const samples = parseSamples(body.replaceAll(/ # \{.*$/gm, ''));
        assert.deepEqual(new Set(samples.filter(({ name }) => /^their/.test(name)).map(lineOf)), expected);
        const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name);
        assert.equal(new Set(types).size, types.length, types.join());
        assert.match(body, /^# TYPE theirs counter$/m);
        assert.match(body, /^theirs_total\{app="shop"\} 4 # \{trace_id="count"\} 4 [\d.]+$/m);
        assert.match(body, /^their_wait_bucket\{.*\} 2 # \{trace_id="wait\\"\\n"\} 5 [\d.]+$/m);
        assert.deepEqual(body.match(/^shop_open .*$/gm), ['shop_open -3']);
        // What it renders itself is left as it is, without the point that OpenMetrics wants.
        const bound = type === 'PROMETHEUS_CONTENT_TYPE' ? '1.0' : '1';
        assert.ok(body.includes(`le="${bound}"`), body);
      }
      const messages = decodeFamilies((await scrape(app, PROTOBUF)).rawPayload);
      assert.equal(messages.filter(({ name }) => name === 'shop_open').length, 1);
      const types = messages.filter(({ name }) => /^their/.test(name)).map(({ name, type: kind }) => `${name} ${kind}`);
      assert.deepEqual(types, [
        'theirs_total COUNTER',
        'their_level GAUGE',
        'their_wait HISTOGRAM',
        'their_took SUMMARY',
      ]);
      const message = (name: string) => messages.find((one) => one.name === name)?.metric?.[0];
      assert.deepEqual(message('theirs_total')?.label, [{ name: 'app', value: 'shop' }]);
      assert.equal(message('theirs_total')?.counter?.value, 4);
      assert.deepEqual(message('theirs_total')?.counter?.exemplar?.label, [{ name: 'trace_id', value: 'count' }]);
      const wait = message('their_wait')?.histogram;
      assert.deepEqual([wait?.sampleCount, wait?.sampleSum], [2, 5.5]);
      const buckets = wait?.bucket?.map(({ upperBound, cumulativeCount }) => [upperBound, cumulativeCount]);
      assert.deepEqual(buckets, [
        [1, 1],
        [Number.POSITIVE_INFINITY, 2],
      ]);
      assert.deepEqual(wait?.bucket?.[1]?.exemplar?.label, [{ name: 'trace_id', value: 'wait"\n' }]);
      const seconds = wait?.bucket?.[1]?.exemplar?.timestamp;
      assert.ok(Math.abs((seconds?.seconds ?? 0) * 1000 + (seconds?.nanos ?? 0) / 1e6 - Date.now()) < 60_000);
      const took = message('their_took')?.summary;
      assert.deepEqual([took?.sampleCount, took?.sampleSum, took?.quantile], [1, 3, [{ quantile: 0.5, value: 3 }]]);
      const { families: json } = (await scrape(app, 'application/json')).json() as { families: FamilyInJson[] };
      assert.equal(json.filter(({ name }) => name === 'shop_open').length, 1);
      const inJson = (name: string) => json.find((one) => one.name === name)?.series;
      const [counted] = inJson('theirs_total') ?? [];
      const timestamp = counted?.exemplars?.[0]?.timestamp ?? 0;
      assert.ok(Math.abs(timestamp - Date.now()) < 60_000, `${timestamp}`);
      const exemplars = [{ bucket: 0, labels: { trace_id: 'count' }, value: 4, timestamp }];
      assert.deepEqual(counted, { labels: { app: 'shop' }, value: 4, exemplars });
      assert.deepEqual(inJson('their_level')?.[0], { labels: { app: 'shop', of: 'a"\n\\' }, value: '-Inf' });
    });
  }
}

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

interface FamilyInJson {
  readonly name: string;
  readonly series: readonly { readonly exemplars?: readonly { readonly timestamp: number }[] }[];
}

/** Our scrape of a store and of a registry that has each kind of theirs, and one family of ours as well. */
async function scraped(t: TestContext, client: typeof promClient, contentType: promClient.RegistryContentType) {
  const { store, families } = familiesOf(t);
  // Theirs take exemplars only where the registry renders OpenMetrics, at the time when they are made.
  const registry = registryWith(client, { open: families.open }, client.Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels({ app: 'shop' });
  const registers = [registry];
  const counter = new client.Counter({ name: 'theirs_total', help: 'The "irs".', enableExemplars: true, registers });
  counter.inc({ value: 4, exemplarLabels: { trace_id: 'count' } });
  const level = new client.Gauge({ name: 'their_level', help: 'A\nB\\', labelNames: ['of'], registers });
  level.set({ of: 'a"\n\\' }, Number.NEGATIVE_INFINITY);
  level.set({ of: '' }, 1e21);
  const wait = new client.Histogram({ name: 'their_wait', help: 'W.', buckets: [1], enableExemplars: true, registers });
  wait.observe({ value: 0.5 });
  wait.observe({ value: 5, exemplarLabels: { trace_id: 'wait"\n' } });
  new client.Summary({ name: 'their_took', help: 'Took.', percentiles: [0.5], registers }).observe(3);
  registry.setContentType(contentType as promClient.PrometheusContentType);
  const app = fastify({ logger: false });
  t.after(() => app.close());
  await app.register(percpuMetrics, { store, registries: [registry] });
  return app;
}

async function scrape(app: FastifyInstance, accept: string) {
  const answer = await app.inject({ url: '/metrics', headers: { accept } });
  assert.equal(answer.statusCode, 200);
  assert.equal(String(answer.headers['content-type']).split(';')[0], accept.split(';')[0]);
  return answer;
}

/** A sample in one form, for bounds are written as 1 or as 1.0. */
function lineOf({ name, labels, value }: ReturnType<typeof parseSamples>[number]): string {
  const sorted = Object.entries(labels).sort();
  return JSON.stringify([
    name,
    sorted.map(([label, text]) => [label, label === 'le' ? text.replace('.0', '') : text]),
    String(value),
  ]);
}

function theirSamples(): Set<string> {
  const line = (name: string, value: number, labels: Record<string, string> = {}) =>
    lineOf({ name, labels: { app: 'shop', ...labels }, value } as ReturnType<typeof parseSamples>[number]);
  return new Set([
    line('theirs_total', 4),
    line('their_level', Number.NEGATIVE_INFINITY, { of: 'a"\n\\' }),
    line('their_level', 1e21, { of: '' }),
    line('their_wait_bucket', 1, { le: '1' }),
    line('their_wait_bucket', 2, { le: '+Inf' }),
    line('their_wait_sum', 5.5),
    line('their_wait_count', 2),
    line('their_took', 3, { quantile: '0.5' }),
    line('their_took_sum', 3),
    line('their_took_count', 1),
  ]);
}
