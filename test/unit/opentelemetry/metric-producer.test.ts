/** The store as a source of OpenTelemetry's readers and exporters: what they get equals what the store has. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { NativeHistogramSnapshot, Store } from 'percpu-metrics';
import { StoreMetricProducer } from 'percpu-metrics/opentelemetry';
import { parseSamples } from '../../support/sample.js';
import { temporaryStore } from '../../support/temporary-store.js';

/** What an exporter is handed of the store, by the name of the metric. */
async function exported(t: TestContext, store: Store): Promise<Map<string, MetricData>> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    metricProducers: [new StoreMetricProducer(store)],
  });
  const provider = new MeterProvider({ readers: [reader] });
  t.after(() => provider.shutdown());
  await provider.forceFlush();
  const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  const metrics = scopes.filter(({ scope }) => scope.name === 'percpu-metrics').flatMap((scope) => scope.metrics);
  return new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
}

/** The values by attributes, without the times. */
function values(metric: MetricData | undefined): unknown[] {
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => [attributes, value]);
}

function milliseconds([seconds = 0, nanoseconds = 0]: readonly number[] = []): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

test('numbers come as sums and gauges, with help and unit', async (t) => {
  const store = temporaryStore(t);
  const requests = store.counter({ name: 'requests_total', help: 'Requests.', labelNames: ['route'] });
  requests.labels('/a').inc(3);
  requests.labels('/b').inc(0.5);
  store.gauge({ name: 'heap_bytes', help: 'Heap.', unit: 'bytes' }).set(-7);
  store.untyped({ name: 'odd', help: 'Odd.', unit: 'quanta' }).set(1.25);
  store.infoMetric({ name: 'build_info', help: 'Build.', labels: { version: '1' } });
  store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'] }).set('down');
  store.counter({ name: 'never_total', help: 'No series.', labelNames: ['a'] });
  const metrics = await exported(t, store);
  assert.deepEqual([...metrics.keys()], ['requests_total', 'heap_bytes', 'odd', 'build_info', 'phase']);
  const counter = metrics.get('requests_total');
  assert.ok(counter?.dataPointType === DataPointType.SUM && counter.isMonotonic);
  assert.equal(counter.aggregationTemporality, AggregationTemporality.CUMULATIVE);
  assert.deepEqual(values(counter), [
    [{ route: '/a' }, 3],
    [{ route: '/b' }, 0.5],
  ]);
  const heap = metrics.get('heap_bytes');
  assert.equal(heap?.dataPointType, DataPointType.GAUGE);
  assert.deepEqual(values(heap), [[{}, -7]]);
  assert.deepEqual({ description: 'Heap.', unit: 'By' }, pick(heap));
  assert.deepEqual({ description: 'Odd.', unit: 'quanta' }, pick(metrics.get('odd')));
  assert.deepEqual(values(metrics.get('build_info')), [[{ version: '1' }, 1]]);
  assert.deepEqual(values(metrics.get('phase')), [
    [{ phase: 'up' }, 0],
    [{ phase: 'down' }, 1],
  ]);
});

function pick(metric: MetricData | undefined) {
  return { description: metric?.descriptor.description, unit: metric?.descriptor.unit };
}

test('a point starts when its series was created or reset, and ends at the reading', async (t) => {
  const store = temporaryStore(t);
  const before = Date.now();
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.' });
  const read = async () => (await exported(t, store)).get('jobs_total')?.dataPoints[0];
  const created = milliseconds((await read())?.startTime);
  assert.ok(created >= before - 1000 && created <= Date.now() + 1000, `${created} of ${before}`);
  while (Date.now() <= created + 20) await new Promise((resolve) => setImmediate(resolve));
  jobs.reset();
  const point = await read();
  assert.ok(milliseconds(point?.startTime) > created);
  assert.ok(milliseconds(point?.endTime) >= milliseconds(point?.startTime));
});

test('a histogram has its bounds, and the count of each bucket by itself', async (t) => {
  const store = temporaryStore(t);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', unit: 'seconds', buckets: [0.1, 1] });
  for (const value of [0.1, 0.5, 0.6, 3]) wait.observe(value);
  const metric = (await exported(t, store)).get('wait_seconds');
  assert.equal(metric?.dataPointType, DataPointType.HISTOGRAM);
  const buckets = { boundaries: [0.1, 1], counts: [1, 2, 1] };
  assert.deepEqual(values(metric), [[{}, { buckets, count: 4, sum: 4.2 }]]);
});

for (const schema of [-4, -1, 0, 3, 8]) {
  test(`a native histogram of schema ${schema} has its buckets where OpenTelemetry looks for them`, async (t) => {
    const store = temporaryStore(t);
    const size = store.nativeHistogram({ name: 'size', help: 'Size.', schema, range: [0.5, 60], negative: true });
    for (const value of [-50, -3, -3, 0, 0.00001, 0.6, 0.61, 1, 7, 7, 59.5]) size.observe(value);
    const snapshot = store.snapshot()[0]?.series[0] as NativeHistogramSnapshot;
    const metric = (await exported(t, store)).get('size');
    assert.ok(metric?.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM);
    const { count, sum, scale, zeroCount, positive, negative } = metric.dataPoints[0]?.value ?? assert.fail();
    assert.deepEqual([count, sum, scale], [11, snapshot.sum, schema]);
    // Bucket i of OpenTelemetry goes from base ** i, exclusive, to base ** (i + 1).
    const bound = (index: number) => 2 ** (index * 2 ** -schema);
    const side = ({ offset, bucketCounts }: typeof positive) =>
      bucketCounts
        .map((inBucket, at) => ({ near: bound(offset + at), far: bound(offset + at + 1), count: inBucket }))
        .filter((bucket) => bucket.count > 0);
    const read = [
      ...side(negative)
        .reverse()
        .map((bucket) => ({ lower: -bucket.far, upper: -bucket.near, count: bucket.count })),
      ...side(positive).map((bucket) => ({ lower: bucket.near, upper: bucket.far, count: bucket.count })),
    ];
    const isZero = ({ lower, upper }: { lower: number; upper: number }) => lower <= 0 && upper >= 0;
    assert.equal(zeroCount, snapshot.exponentialBuckets.find(isZero)?.count);
    const expected = snapshot.exponentialBuckets.filter((bucket) => !isZero(bucket));
    assert.deepEqual(
      read.map((bucket) => bucket.count),
      expected.map((bucket) => bucket.count),
    );
    for (const [at, { lower, upper }] of expected.entries()) {
      assert.ok(Math.abs((read[at]?.lower ?? Number.NaN) / lower - 1) < 1e-9, `${lower} at ${at}`);
      assert.ok(Math.abs((read[at]?.upper ?? Number.NaN) / upper - 1) < 1e-9, `${upper} at ${at}`);
    }
  });
}

for (const { schema, negative, observed, zeros } of [
  // 2 ** -1074 is in the bucket from 2 ** -1088 on, which is 0 as a double.
  { schema: -4, negative: false, observed: [5e-324, 1, 0], zeros: 1 },
  { schema: -4, negative: false, observed: [5e-324], zeros: 0 },
  { schema: -4, negative: true, observed: [5e-324, -5e-324, -1, 0, 0], zeros: 2 },
  { schema: -4, negative: true, observed: [-5e-324], zeros: 0 },
  { schema: 0, negative: true, observed: [5e-324, -5e-324, 0], zeros: 1 },
] as const) {
  test(`no observation next to 0 is lost: ${observed} at schema ${schema}, negative ${negative}`, async (t) => {
    const store = temporaryStore(t);
    const range = [5e-324, schema < 0 ? Number.MAX_VALUE : 1e-300] as const;
    const size = store.nativeHistogram({ name: 'size', help: 'Size.', schema, range, negative });
    for (const value of observed) size.observe(value);
    const metric = (await exported(t, store)).get('size');
    assert.ok(metric?.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM);
    const value = metric.dataPoints[0]?.value ?? assert.fail();
    assert.equal(value.zeroCount, zeros);
    for (const [side, sign] of [
      [value.positive, 1],
      [value.negative, -1],
    ] as const) {
      const sizes = observed.filter((number) => number * sign > 0).map((number) => number * sign);
      // Bucket i holds what is above 2 ** (i * 2 ** -schema).
      const wanted = new Map<number, number>();
      for (const number of sizes) {
        const index = Math.ceil(Math.log2(number) * 2 ** schema) - 1;
        wanted.set(index, (wanted.get(index) ?? 0) + 1);
      }
      const read = new Map(
        side.bucketCounts.flatMap((count, at) => (count > 0 ? [[side.offset + at, count] as const] : [])),
      );
      assert.deepEqual(read, wanted);
    }
  });
}

test('a native histogram without observations has no buckets', async (t) => {
  const store = temporaryStore(t);
  store.nativeHistogram({ name: 'size', help: 'Size.' });
  const none = { offset: 0, bucketCounts: [] };
  const value = { count: 0, sum: 0, scale: 3, zeroCount: 0, positive: none, negative: none };
  assert.deepEqual(values((await exported(t, store)).get('size')), [[{}, value]]);
});

test('a summary comes as quantiles, and as the sums of what was observed and how often', async (t) => {
  const store = temporaryStore(t);
  const options = { help: 'Took.', unit: 'seconds', quantiles: [0.5] } as const;
  const took = store.summary({ name: 'took_seconds', labelNames: ['job'], ...options });
  took.labels('a').observe(2);
  took.zero('b');
  const metrics = await exported(t, store);
  assert.deepEqual([...metrics.keys()], ['took_seconds', 'took_seconds_sum', 'took_seconds_count']);
  const quantiles = metrics.get('took_seconds');
  assert.equal(quantiles?.dataPointType, DataPointType.GAUGE);
  assert.deepEqual(quantiles.dataPoints[0]?.attributes, { job: 'a', quantile: '0.5' });
  assert.ok(Math.abs(Number(quantiles.dataPoints[0]?.value) - 2) <= 0.05);
  assert.equal(quantiles.dataPoints.length, 1);
  assert.deepEqual(values(metrics.get('took_seconds_sum')), [
    [{ job: 'a' }, 2],
    [{ job: 'b' }, 0],
  ]);
  const count = metrics.get('took_seconds_count');
  assert.deepEqual([count?.descriptor.unit, metrics.get('took_seconds_sum')?.descriptor.unit], ['', 's']);
  assert.ok(count?.dataPointType === DataPointType.SUM && count.isMonotonic);
  assert.deepEqual(values(count), [
    [{ job: 'a' }, 1],
    [{ job: 'b' }, 0],
  ]);
});

test('the Prometheus exporter of OpenTelemetry has the values of our own scrape', async (t) => {
  const store = temporaryStore(t);
  store
    .counter({ name: 'requests_total', help: 'Requests.', labelNames: ['route'] })
    .labels('"a"\n')
    .inc(3);
  store.gauge({ name: 'open', help: 'Open.' }).set(-1.5);
  store.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [0.1, 1] }).observe(0.5);
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
    metricProducers: [new StoreMetricProducer(store)],
  });
  const provider = new MeterProvider({ readers: [exporter] });
  t.after(() => provider.shutdown());
  const text = await new Promise<string>((resolve, reject) => {
    const response = { statusCode: 0, setHeader: () => {}, end: resolve };
    exporter.getMetricsRequestHandler({} as never, response as never);
    setTimeout(reject, 30_000).unref();
  });
  const lines = (source: string) =>
    parseSamples(source)
      .filter(({ name }) => /^(requests|open|wait)/.test(name))
      .map((sample) => JSON.stringify({ ...sample, labels: Object.entries(sample.labels).sort() }))
      .sort();
  assert.deepEqual(lines(text), lines(await store.metrics()));
  assert.equal(lines(text).length, 7);
  assert.match(text, /^# TYPE requests_total counter$/m);
});

test('collect callbacks run before a reading, and one that is late costs its values only', async (t) => {
  const store = temporaryStore(t);
  store.gauge({ name: 'queue', help: 'Queue.', collect: (queue) => queue.set(4) });
  assert.deepEqual(values((await exported(t, store)).get('queue')), [[{}, 4]]);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.onCollect('slow', () => held, 60_000);
  const { resourceMetrics, errors } = await new StoreMetricProducer(store).collect({ timeoutMillis: 20 });
  release();
  assert.match(String(errors[0]), /took longer than 20 ms/);
  assert.ok(resourceMetrics.scopeMetrics[0]?.metrics.some(({ descriptor }) => descriptor.name === 'queue'));
});

test('a store that is closed gives an error and no metrics', async (t) => {
  const store = temporaryStore(t);
  const producer = new StoreMetricProducer(store);
  store.close();
  const { resourceMetrics, errors } = await producer.collect();
  assert.deepEqual(resourceMetrics.scopeMetrics, []);
  assert.equal((errors[0] as { code?: string }).code, 'ERR_PCM_CLOSED');
});

test('what is no store is refused', () => {
  for (const bad of [undefined, null, {}, 'store']) {
    assert.throws(() => new StoreMetricProducer(bad as never), { code: 'ERR_PCM_OPTION', message: /openStore\(\)/ });
  }
});
