/** Names of registries that are those of the store, for families or for samples only, and what a scrape is limited to by. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import fastify from 'fastify';
import type { Store } from 'percpu-metrics';
import percpuMetrics, { type PromRegistry } from 'percpu-metrics/fastify';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { decodeFamilies } from '../../support/protobuf-scrape.js';
import { temporaryStore } from '../../support/temporary-store.js';

const TEXT = 'text/plain';
const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0';
const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
const JSON_TYPE = 'application/json';
const help = 'X.';

/** A scrape endpoint over a store with a registry; what it is asked gives the names of families, and of lines of text. */
async function endpoint(t: TestContext, declare: (store: Store) => void, ...registries: PromRegistry[]) {
  const store = temporaryStore(t);
  declare(store);
  const reader = temporaryStore(t, { path: store.path, readOnly: true });
  const lines: string[] = [];
  const app = fastify({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } });
  await app.register(percpuMetrics, { store: reader, registries, storeMetrics: false });
  t.after(() => app.close());
  const get = async (accept: string, query = '') => {
    const answer = await app.inject({ url: `/metrics${query}`, headers: { accept } });
    assert.equal(answer.statusCode, 200, answer.body);
    return answer;
  };
  const families = async (accept: string, query = '') => {
    const { body, rawPayload } = await get(accept, query);
    if (accept === JSON_TYPE) return JSON.parse(body).families.map(({ name }: { name: string }) => name);
    if (accept === PROTOBUF) return decodeFamilies(rawPayload).map(({ name }) => name);
    return [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  };
  const warnings = () => lines.splice(0).map((line) => JSON.parse(line).msg);
  return { store, get, families, warnings };
}

function registryWith(fill: (registry: Registry) => void): Registry {
  const registry = new Registry();
  fill(registry);
  return registry;
}

function gauges(...names: string[]): Registry {
  return registryWith((registry) => {
    for (const name of names) new Gauge({ name, help, registers: [registry] }).set(9);
  });
}

test('a family of a registry with the name that escaping gives to one of the store is left out, in each format', async (t) => {
  const declare = (store: Store) => store.gauge({ name: 'queue.length', help }).set(1);
  const { families, warnings } = await endpoint(t, declare, gauges('queue_length'));
  const message = 'queue_length of registry 0 is left out: this scrape has queue_length already';
  for (const accept of [TEXT, OPEN_METRICS, PROTOBUF]) {
    assert.deepEqual(await families(accept), ['queue_length'], accept);
    assert.deepEqual(warnings(), [message]);
  }
  // Here nothing is escaped.
  assert.deepEqual(await families('text/plain;version=1.0.0;escaping=allow-utf-8'), ['"queue.length"', 'queue_length']);
  assert.deepEqual(await families(`${TEXT};escaping=dots`), ['queue_dot_length', 'queue__length']);
  assert.deepEqual(await families(JSON_TYPE), ['queue.length', 'queue_length']);
  assert.deepEqual(warnings(), []);
});

test('a family that was declared since the last scrape takes its names from registries', async (t) => {
  const { store, families } = await endpoint(t, () => {}, gauges('depth'));
  assert.deepEqual(await families(TEXT), ['depth']);
  store.histogram({ name: 'wait', help, buckets: [1] }).observe(1);
  assert.deepEqual(await families(TEXT), ['wait', 'depth']);
  store.gauge({ name: 'depth', help }).set(1);
  assert.deepEqual(await families(TEXT), ['wait', 'depth']);
  assert.deepEqual(await families(OPEN_METRICS), ['wait', 'depth']);
});

test('a family of a registry is left out where any of its names is one of the store, or of an earlier registry', async (t) => {
  const declare = (store: Store) => {
    store.histogram({ name: 'lat', help, buckets: [1] }).observe(1);
    store.gauge({ name: 'job_count', help }).set(1);
  };
  const second = registryWith((registry) => {
    new Histogram({ name: 'job', help, registers: [registry] }).observe(1);
    new Histogram({ name: 'theirs', help, registers: [registry] }).observe(1);
  });
  const first = gauges('lat_count', 'theirs_sum', 'lat_median');
  const { families, warnings } = await endpoint(t, declare, first, second);
  for (const accept of [TEXT, OPEN_METRICS, PROTOBUF, JSON_TYPE, `${TEXT};escaping=dots`]) {
    const plain = (name: string) => (accept.includes('dots') ? name.replaceAll('_', '__') : name);
    const kept = ['lat', 'job_count', 'theirs_sum', 'lat_median'].map(plain);
    // The suffixes of samples are not escaped, so that these differ from the names of gauges.
    const different = accept.includes('dots') ? ['lat__count', 'job', 'theirs'] : [];
    assert.deepEqual((await families(accept)).sort(), [...kept, ...different].sort(), accept);
    const left = accept.includes('dots')
      ? []
      : [
          'lat_count of registry 0 is left out: this scrape has lat_count already',
          'job of registry 1 is left out: this scrape has job_count already',
          'theirs of registry 1 is left out: this scrape has theirs_sum already',
        ];
    assert.deepEqual(warnings(), left);
  }
});

test('names that only OpenMetrics gives to the store are taken in OpenMetrics only', async (t) => {
  const declare = (store: Store) => {
    store.counter({ name: 'w_total', help }).inc();
    store.counter({ name: 'jobs_total', help }).inc();
    store.infoMetric({ name: 'build_info', help, labels: { version: '1' } });
    store.histogram({ name: 'took', help, buckets: [1] }).observe(1);
  };
  const theirs = ['w_created', 'jobs', 'build', 'took_created'];
  const { families, warnings } = await endpoint(t, declare, gauges(...theirs));
  const ours = ['w_total', 'jobs_total', 'build_info', 'took'];
  for (const accept of [TEXT, PROTOBUF, JSON_TYPE]) {
    assert.deepEqual(await families(accept), [...ours, ...theirs], accept);
    assert.deepEqual(warnings(), []);
  }
  assert.deepEqual(await families(OPEN_METRICS), ['w', 'jobs', 'build', 'took']);
  assert.deepEqual(
    warnings(),
    theirs.map((name) => `${name} of registry 0 is left out: this scrape has ${name} already`),
  );
});

test('counters of a registry have the names that they have in its OpenMetrics, and no creation', async (t) => {
  const registry = registryWith((of) => new Counter({ name: 'w_total', help, registers: [of] }).inc());
  const theirs = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  theirs.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  new Counter({ name: 'v_total', help, registers: [theirs] }).inc();
  const declare = (store: Store) => {
    for (const name of ['w_created', 'v_created', 'w', 'v']) store.gauge({ name, help }).set(1);
  };
  const { families, warnings } = await endpoint(t, declare, registry, theirs);
  const ours = ['w_created', 'v_created', 'w', 'v'];
  assert.deepEqual(await families(TEXT), [...ours, 'w_total', 'v_total']);
  assert.deepEqual(warnings(), []);
  assert.deepEqual(await families(OPEN_METRICS), ours);
  assert.equal(warnings().length, 2);
});

test('samples without a TYPE are families by themselves', async (t) => {
  const text = '# by hand\n# TYPE one gauge\none 1\nlat_count 7\n# HELP two Two.\ntwo{a="b"} 2\n\nthree 3\n';
  const registry = { metrics: () => text };
  const declare = (store: Store) => store.histogram({ name: 'lat', help, buckets: [1] }).observe(1);
  const { get, warnings } = await endpoint(t, declare, registry, registry);
  const ours = /^(?:# (?:HELP|TYPE) lat |lat[_ ]).*\n/gm;
  const body = (await get(TEXT)).body.replace(ours, '');
  const kept = '# TYPE one gauge\none 1\n# HELP two Two.\ntwo{a="b"} 2\nthree 3\n';
  assert.equal(body, `# by hand\n${kept}# by hand\n`);
  assert.equal(warnings().length, 5);
  assert.equal((await get(TEXT, '?name[]=three')).body, 'three 3\n');
});

test('name[] means the same for the store and for registries: a name of a family or of its samples', async (t) => {
  const fill = (registry: Registry) => {
    new Gauge({ name: 'pending_count', help, registers: [registry] }).set(1);
    new Counter({ name: 'hits_total', help, registers: [registry] }).inc();
    new Histogram({ name: 'took', help, registers: [registry] }).observe(1);
  };
  const declare = (store: Store) => {
    store.gauge({ name: 'queue_count', help }).set(1);
    store.counter({ name: 'jobs_total', help }).inc();
    store.histogram({ name: 'lat', help, buckets: [1] }).observe(1);
  };
  const { families } = await endpoint(t, declare, registryWith(fill));
  for (const accept of [TEXT, PROTOBUF, JSON_TYPE]) {
    for (const [gauge, counter, histogram] of [
      ['pending_count', 'hits_total', 'took'],
      ['queue_count', 'jobs_total', 'lat'],
    ] as const) {
      const asked = (name: string) => families(accept, `?name[]=${name}`);
      assert.deepEqual(await asked(gauge), [gauge]);
      for (const name of [gauge.replace('_count', ''), `${gauge}_sum`]) assert.deepEqual(await asked(name), []);
      for (const end of ['', '_total', '_created']) {
        assert.deepEqual(await asked(counter.replace('_total', end)), [counter]);
      }
      for (const end of ['', '_bucket', '_sum', '_count', '_created']) {
        assert.deepEqual(await asked(histogram + end), [histogram]);
      }
      for (const name of [`${counter}_total`, `${histogram}_total`]) assert.deepEqual(await asked(name), []);
    }
  }
});

test('name[] means the same for the metrics of the store itself', async (t) => {
  const app = fastify();
  await app.register(percpuMetrics, { store: temporaryStore(t) });
  t.after(() => app.close());
  for (const accept of [TEXT, JSON_TYPE]) {
    const asked = async (name: string) =>
      (await app.inject({ url: `/metrics?name[]=${name}`, headers: { accept } })).body;
    assert.doesNotMatch(await asked('percpu_metrics_store'), /store_info/);
    assert.match(await asked('percpu_metrics_store_info'), /store_info/);
    assert.match(await asked('percpu_metrics_aborts'), /aborts_total/);
  }
});

test('a scrape of a store that was truncated has what registries have', async (t) => {
  const store = temporaryStore(t);
  store.gauge({ name: 'ours', help }).set(1);
  const app = fastify();
  await app.register(percpuMetrics, { store, registries: [gauges('theirs', 'ours')] });
  t.after(() => app.close());
  truncateSync(store.path, 0);
  for (const accept of [TEXT, OPEN_METRICS]) {
    const { body } = await app.inject({ url: '/metrics', headers: { accept } });
    const samples = body.split('\n').filter((line) => !line.startsWith('#') && line !== '');
    assert.deepEqual(samples, ['percpu_metrics_store_broken 1', 'theirs 9', 'ours 9']);
  }
});
