/** What a scraper is answered, by what it asks for. */
import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fastify, { type FastifyInstance } from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics, { type PercpuMetricsPluginOptions, type PromRegistry } from 'percpu-metrics/fastify';
import { Counter, Gauge, Registry } from 'prom-client';
import { decodeFamilies } from '../../support/protobuf-scrape.js';
import { temporaryStore } from '../../support/temporary-store.js';
import { connectTo, observedApp } from './observed-app.js';

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0';
const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

/** An endpoint over a store that is only read, so that nothing is in it but what a test puts there. */
async function endpoint(t: TestContext, options: Omit<PercpuMetricsPluginOptions, 'store'> = {}) {
  const store = temporaryStore(t);
  store
    .counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'] })
    .labels('mail')
    .inc(3);
  store.histogram({ name: 'wait_seconds', help: 'Wait.', unit: 'seconds', buckets: [1] }).observe(0.5);
  const reader = openStore({ path: store.path, readOnly: true });
  const lines: string[] = [];
  const app = fastify({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } });
  await app.register(percpuMetrics, { store: reader, ...options });
  t.after(async () => {
    await app.close();
    reader.close();
  });
  return { app, store, lines };
}

async function get(app: FastifyInstance, accept: string, query = '', headers: Record<string, string> = {}) {
  const answer = await app.inject({ url: `/metrics${query}`, headers: { accept, ...headers } });
  assert.equal(answer.statusCode, 200, answer.body);
  assert.equal(answer.headers['content-length'], String(answer.rawPayload.length));
  assert.equal(answer.headers['vary'], 'accept, accept-encoding');
  return answer;
}

test('OpenMetrics has the store, its own metrics and the end, once', async (t) => {
  const { app } = await endpoint(t);
  const { body, headers } = await get(app, OPEN_METRICS);
  assert.equal(headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  assert.match(body, /^# TYPE jobs counter\njobs_total\{queue="mail"\} 3\njobs_created\{queue="mail"\} \d+\.\d{3}$/m);
  assert.match(body, /^# UNIT wait_seconds seconds$/m);
  assert.match(body, /^# TYPE percpu_metrics_aborts counter\npercpu_metrics_aborts_total \d+$/m);
  assert.deepEqual(body.match(/# EOF\n/g), ['# EOF\n']);
  assert.ok(body.endsWith('\n# EOF\n'));
});

test('protobuf has the store and its own metrics as messages', async (t) => {
  const { app } = await endpoint(t);
  const { rawPayload, headers } = await get(app, PROTOBUF);
  assert.match(String(headers['content-type']), /^application\/vnd\.google\.protobuf; proto=.*; encoding=delimited$/);
  const families = decodeFamilies(rawPayload);
  assert.deepEqual(families[0]?.metric?.[0]?.counter?.value, 3);
  const lanes = families.find(({ name }) => name === 'percpu_metrics_lanes');
  assert.equal(lanes?.type, 'GAUGE');
  assert.deepEqual(
    lanes?.metric?.map(({ label }) => label),
    [[{ name: 'kind', value: 'cpu' }], [{ name: 'kind', value: 'atomic' }]],
  );
  assert.equal(families.find(({ name }) => name === 'percpu_metrics_aborts_total')?.type, 'COUNTER');
});

test('JSON is there for those who ask for nothing else', async (t) => {
  const { app, store } = await endpoint(t, { storeMetrics: false });
  const { families } = (await get(app, 'application/json')).json();
  const { createdAt } = store.snapshot({ createdAt: true })[0]?.series[0] ?? {};
  assert.ok(createdAt !== undefined);
  assert.deepEqual(families[0], {
    name: 'jobs_total',
    type: 'counter',
    help: 'Jobs.',
    unit: '',
    labelNames: ['queue'],
    series: [{ labels: { queue: 'mail' }, createdAt, value: 3 }],
  });
});

test('JSON has exemplars, those of registries as well, which know no creation times', async (t) => {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const theirs = new Counter({ name: 'theirs', help: 'Theirs.', registers: [registry], enableExemplars: true });
  theirs.inc({ value: 2, labels: {}, exemplarLabels: { trace_id: 'b' } });
  const { app, store } = await endpoint(t, { storeMetrics: false, registries: [registry] });
  store.counter({ name: 'ours_total', help: 'Ours.', exemplars: true }).inc(3, { trace_id: 'a' });
  const { families } = (await get(app, 'application/json')).json();
  const seriesOf = (wanted: string) => families.find(({ name }: { name: string }) => name === wanted).series[0];
  for (const [name, trace, value] of [
    ['ours_total', 'a', 3],
    ['theirs_total', 'b', 2],
  ] as const) {
    const [{ timestamp, ...exemplar }] = seriesOf(name).exemplars;
    assert.ok(Math.abs(timestamp - Date.now()) < 60_000, `${timestamp}`);
    assert.deepEqual(exemplar, { bucket: 0, labels: { trace_id: trace }, value });
  }
  assert.equal('exemplars' in seriesOf('jobs_total'), false);
  assert.equal('createdAt' in seriesOf('theirs_total'), false);
});

test('JSON has what collectors bring up to date, as any other scrape', async (t) => {
  const { app, store } = await observedApp(t, { storeMetrics: false });
  let asked = 0;
  const collect = (gauge: { set(value: number): void }) => {
    asked += 1;
    gauge.set(asked);
  };
  store.gauge({ name: 'depth', help: 'Depth.', collect });
  const { families } = (await get(app, 'application/json')).json();
  const depth = families.find(({ name }: { name: string }) => name === 'depth');
  assert.equal(depth.series[0].value, 1);
});

test('names are escaped by the scheme that the scraper names, those of the store itself as well', async (t) => {
  const { app } = await endpoint(t);
  for (const accept of ['text/plain', OPEN_METRICS]) {
    const { body, headers } = await get(app, `${accept};escaping=dots`);
    assert.match(String(headers['content-type']), /; escaping=dots$/);
    assert.match(body, /^jobs__total\{queue="mail"\} 3$/m);
    assert.match(body, /^percpu__metrics__lanes\{kind="cpu"\} \d+$/m);
    // A counter of OpenMetrics is called as its family and `_total`, in either kind of name.
    const isOpenMetrics = accept === OPEN_METRICS;
    for (const name of ['jobs', 'percpu__metrics__aborts']) {
      assert.ok(body.includes(`# TYPE ${name}${isOpenMetrics ? '_' : '__total'} counter\n${name}__total`), body);
    }
  }
});

test('name[] limits a scrape to families, by any of their names', async (t) => {
  const registry = new Registry();
  new Gauge({ name: 'theirs', help: 'Theirs.', registers: [registry] }).set(1);
  const { app } = await endpoint(t, { registries: [registry] });
  const typesOf = async (query: string) =>
    [...(await get(app, 'text/plain', query)).body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.deepEqual(await typesOf('?name[]=jobs_total'), ['jobs_total']);
  assert.deepEqual(await typesOf('?name%5B%5D=jobs&name[]=theirs'), ['jobs_total', 'theirs']);
  assert.deepEqual(await typesOf('?name[]=wait_seconds_bucket&name[]=percpu_metrics_lanes'), [
    'wait_seconds',
    'percpu_metrics_lanes',
  ]);
  assert.deepEqual(await typesOf('?name[]=nothing'), []);
  assert.ok((await typesOf('?name[]=')).length > 5);
  assert.equal((await get(app, PROTOBUF.replace('delimited', 'text'), '?name[]=jobs')).body.length > 0, true);
});

test('a body is compressed for those who want it, and HEAD tells its length', async (t) => {
  const { app } = await endpoint(t);
  const plain = await get(app, '*/*', '?name[]=jobs_total');
  const coded = await get(app, '*/*', '', { 'accept-encoding': 'gzip' });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(coded.headers['content-encoding'], 'gzip');
  assert.match(gunzipSync(coded.rawPayload).toString(), /^jobs_total\{queue="mail"\} 3$/m);
  const url = '/metrics?name[]=jobs_total';
  const head = await app.inject({ method: 'HEAD', url, headers: { accept: OPEN_METRICS } });
  assert.equal(head.statusCode, 200);
  assert.match(String(head.headers['content-type']), /openmetrics/);
  assert.equal(
    head.headers['content-length'],
    String((await get(app, OPEN_METRICS, '?name[]=jobs_total')).body.length),
  );
  assert.equal(head.body, '');
});

test('a large scrape leaves in pieces, whole, with its length, also compressed', async (t) => {
  const { app, store } = await endpoint(t, { storeMetrics: false });
  const family = store.counter({ name: 'big_total', help: 'Big.', labelNames: ['id'] });
  for (let id = 0; id < 5000; id += 1) family.labels(`${'x'.repeat(100)}${id}`).inc(id);
  const own = await store.metrics();
  assert.ok(own.length > 500_000);
  assert.equal((await get(app, '*/*')).body, own);
  const coded = await get(app, '*/*', '', { 'accept-encoding': 'gzip' });
  assert.equal(gunzipSync(coded.rawPayload).toString(), own);
  const head = await app.inject({ method: 'HEAD', url: '/metrics' });
  assert.equal(head.headers['content-length'], String(own.length));
  assert.equal(head.body, '');
});

test('beyond maxScrapes scrapes are answered with 503 and when to come again, until one has left', async (t) => {
  const asked: ((text: string) => void)[] = [];
  const registry: PromRegistry = { metrics: () => new Promise((resolve) => asked.push(resolve)) };
  const { app } = await endpoint(t, { registries: [registry], maxScrapes: 2, registryTimeout: 60_000 });
  // The first one waits for the registry, the second one for the first.
  const served = [app.inject('/metrics'), app.inject('/metrics')];
  await waitFor(() => asked.length === 1);
  const refused = await app.inject('/metrics');
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.headers['retry-after'], '1');
  assert.equal(refused.json().code, 'ERR_PCM_TOO_MANY_SCRAPES');
  asked[0]?.('');
  await waitFor(() => asked.length === 2);
  asked[1]?.('');
  for (const one of served) assert.equal((await one).statusCode, 200);
  const again = app.inject('/metrics');
  await waitFor(() => asked.length === 3);
  asked[2]?.('');
  assert.equal((await again).statusCode, 200);
});

test('pipelined scrapes give their places back when their client goes, those that wait for their turn as well', async (t) => {
  let answer = (): void => {};
  let asked = 0;
  const text = new Promise<string>((resolve) => {
    answer = () => resolve('');
  });
  const registry: PromRegistry = {
    metrics: () => {
      asked += 1;
      return text;
    },
  };
  const { app } = await endpoint(t, { registries: [registry], maxScrapes: 2, registryTimeout: 60_000 });
  let isGone = false;
  app.server.once('connection', (socket) =>
    socket.once('close', () => {
      isGone = true;
    }),
  );
  const client = await connectTo(t, app);
  client.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2));
  await waitFor(() => asked === 1);
  assert.equal((await app.inject('/metrics')).statusCode, 503);
  client.destroy();
  await waitFor(() => isGone);
  const again = [app.inject('/metrics'), app.inject('/metrics')];
  answer();
  for (const response of await Promise.all(again)) assert.equal(response.statusCode, 200);
});

async function waitFor(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    assert.ok(performance.now() < end, 'what is waited for does not come');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('scrapes at the same time are rendered once for all who wait', async (t) => {
  let rendered = 0;
  const registry: PromRegistry = {
    metrics: async () => {
      rendered += 1;
      return '';
    },
  };
  const { app } = await endpoint(t, { registries: [registry] });
  await app.ready();
  const answers = await Promise.all(Array.from({ length: 30 }, () => app.inject('/metrics')));
  assert.ok(answers.every(({ statusCode }) => statusCode === 200));
  assert.ok(rendered <= 3, `${rendered} renders for 30 scrapes at the same time`);
});

test('what registries cannot be in is not chosen, unless the scraper accepts nothing else', async (t) => {
  const registry: PromRegistry = { metrics: () => '# TYPE theirs_total counter\ntheirs_total 2\n' };
  const { app, lines } = await endpoint(t, { registries: [registry] });
  const text = await get(app, `${OPEN_METRICS},*/*;q=0.1`);
  assert.match(String(text.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(text.body, /^theirs_total 2$/m);
  assert.equal(lines.length, 0);
  const forced = await get(app, OPEN_METRICS);
  assert.match(String(forced.headers['content-type']), /openmetrics/);
  assert.doesNotMatch(forced.body, /theirs/);
  assert.match(lines[0] ?? '', /renders Prometheus text, which cannot be appended to a scrape in openmetrics/);
});

test('a registry that renders OpenMetrics only is appended in front of the end', async (t) => {
  const metrics = () => '# TYPE theirs counter\ntheirs_total 2\n# EOF\n';
  const { app, lines } = await endpoint(t, {
    registries: [{ metrics, contentType: Registry.OPENMETRICS_CONTENT_TYPE }],
  });
  for (let scrape = 0; scrape < 2; scrape += 1) {
    const { body } = await get(app, `${OPEN_METRICS},text/plain;q=0.5`);
    assert.match(body, /\n# TYPE theirs counter\ntheirs_total 2\n# EOF\n$/);
    assert.deepEqual(body.match(/# EOF\n/g), ['# EOF\n']);
  }
  const plain = await get(app, 'text/plain');
  assert.match(String(plain.headers['content-type']), /^text\/plain/);
  assert.match(lines[0] ?? '', /renders OpenMetrics, which cannot be appended to a scrape in text/);
});

test('registries that give JSON are in the format that the scraper likes best, their names escaped as ours', async (t) => {
  const registry = new Registry();
  new Counter({ name: 'their_jobs_total', help: 'Theirs.', registers: [registry] }).inc(2);
  const { app, lines } = await endpoint(t, { registries: [registry] });
  const liked = await get(app, `${PROTOBUF},${OPEN_METRICS};q=0.5,*/*;q=0.1`);
  assert.match(String(liked.headers['content-type']), /protobuf/);
  assert.ok(decodeFamilies(liked.rawPayload).some(({ name }) => name === 'their_jobs_total'));
  for (const accept of ['text/plain', OPEN_METRICS]) {
    const { body } = await get(app, `${accept};escaping=dots`);
    assert.match(body, /^their__jobs__total 2$/m);
  }
  assert.deepEqual(lines, []);
});

test('a registry whose JSON is of another shape is left out whole, with a warning that says what is wrong', async (t) => {
  const metrics = () => '';
  const metric = (values: object[]) => [{ name: 'odd', help: 'Odd.', type: 'gauge', values }];
  const registries: PromRegistry[] = [
    { metrics, getMetricsAsJSON: () => 7 as never },
    {
      metrics,
      getMetricsAsJSON: () =>
        metric([
          { labels: {}, value: 1 },
          { labels: {}, value: '2' },
        ]),
    },
    { metrics, getMetricsAsJSON: () => [{ name: 5 }] },
    { metrics, getMetricsAsJSON: () => [null as never] },
    { metrics, getMetricsAsJSON: () => [{ ...metric([{ value: 1 }])[0], name: 'größe' }] },
    { metrics, getMetricsAsJSON: () => [{ name: 'fine', help: 'Fine.', type: 'gauge', values: [{ value: 1 }] }] },
  ];
  const { app, lines } = await endpoint(t, { registries });
  const { body } = await get(app, OPEN_METRICS);
  assert.doesNotMatch(body, /odd|größe/);
  assert.match(body, /^fine 1$/m);
  assert.equal(lines.length, 5);
  for (const [index, reason] of [
    /gave 7, which is no list of metrics/,
    /a value of its odd is '2', which is no number/,
    /has the name 5, which is no text/,
    /registry 3 is missing/,
    /größe of registry 4 is left out: a name is not plain/,
  ].entries()) {
    assert.match(lines[index] ?? '', reason);
  }
});

test('a family that the store or an earlier registry has is not there twice', async (t) => {
  const [first, second] = [new Registry(), new Registry()];
  for (const registry of [first, second]) {
    new Gauge({ name: 'shared', help: 'Shared.', registers: [registry] }).set(registry === first ? 1 : 2);
  }
  const { app, store, lines } = await endpoint(t, { registries: [first, second] });
  const ours = store.gauge({ name: 'ours', help: 'Ours.' });
  ours.set(7);
  first.registerMetric(ours as never);
  const { body } = await get(app, 'text/plain');
  assert.deepEqual(body.match(/^# TYPE (ours|shared) gauge$/gm), ['# TYPE ours gauge', '# TYPE shared gauge']);
  assert.match(body, /^shared 1$/m);
  assert.doesNotMatch(body, /^shared 2$/m);
  assert.match(lines.join(''), /ours of registry 0 is left out/);
  assert.match(lines.join(''), /shared of registry 1 is left out/);
});

test('maxScrapes has to be an integer from 1 on', async (t) => {
  for (const maxScrapes of [0, -1, 1.5, Number.NaN, '4' as never]) {
    const app = fastify() as FastifyInstance;
    await assert.rejects(async () => app.register(percpuMetrics, { store: temporaryStore(t), maxScrapes }), {
      code: 'ERR_PCM_OPTION',
      message: /maxScrapes of the plugin must be an integer from 1 on/,
    });
    await app.close();
  }
});

test('a large scrape leaves turns of the event loop to others while it is sent', async (t) => {
  const { app, store } = await endpoint(t);
  const counter = store.counter({ name: 'large_total', help: 'Large.', labelNames: ['text'] });
  for (let index = 0; index < 5000; index += 1) counter.labels(`${index}${'x'.repeat(400)}`);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  // The first one prepares what precedes the values, on a thread, for as long as it takes.
  await get(app, 'text/plain');
  const sending = app.inject({ url: '/metrics', payloadAsStream: true });
  const { headers, stream } = (await sending) as unknown as { headers: Record<string, string>; stream(): Readable };
  turn();
  let bytes = 0;
  for await (const chunk of stream()) bytes += (chunk as Buffer).length;
  isOver = true;
  assert.equal(headers['content-length'], String(bytes));
  assert.ok(bytes > 2_000_000);
  assert.ok(turns >= 8, `${turns} turns`);
});
