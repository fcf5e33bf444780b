/** A real Prometheus ingests the store in every format, and gets the one that it asks for. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentTypeOf, type Store } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { unlessInstalled } from '../support/debian-package.js';
import { freePort } from '../support/free-port.js';
import { serve } from '../support/scrape-target.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { temporaryStore } from '../support/temporary-store.js';

const patience = 60_000;

function fill(store: Store): void {
  store
    .counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'] })
    .labels('a "b" \\ \n ü')
    .inc(41.5);
  store.gauge({ name: 'level', help: 'Level.' }).set(Number.NEGATIVE_INFINITY);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', unit: 'seconds', buckets: [0.5, 1, 10] });
  for (const seconds of [0.1, 0.7, 20]) wait.observe(seconds);
}

async function startPrometheus(t: TestContext, targets: Readonly<Record<string, string>>, ...flags: string[]) {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'prometheus.yml');
  const jobs = Object.entries(targets).map(
    ([job, address]) => `{job_name: ${job}, static_configs: [{targets: ['${address}']}]}`,
  );
  writeFileSync(
    file,
    `global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs: [${jobs.join(', ')}]\n`,
  );
  const address = `127.0.0.1:${await freePort()}`;
  const child = await Child.start(t, [
    'prometheus',
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=${address}`,
    ...flags,
  ]);
  await child.waitForOutput(/Server is ready to receive web requests/);
  return async (expression: string): Promise<Record<string, number>> => {
    const response = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = (await response.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return Object.fromEntries(
      data.result.map(({ metric, value }) => [metric['job'] ?? '', Number(value[1].replace('Inf', 'Infinity'))]),
    );
  };
}

test('Prometheus reads the same values out of text, OpenMetrics and protobuf, and gets what it asks for', {
  skip: unlessInstalled('prometheus', 'prometheus'),
}, async (t) => {
  const store = temporaryStore(t);
  fill(store);
  const escaping = 'underscores';
  const text = await serve(t, store, { syntax: 'text', escaping });
  const openmetrics = await serve(t, store, { syntax: 'openmetrics', escaping });
  const protobuf = await serve(t, store, { syntax: 'protobuf', escaping });
  const asked = await serve(t, store);
  const servers = { text, openmetrics, protobuf, asked };
  const addresses = Object.fromEntries(Object.entries(servers).map(([job, { address }]) => [job, address]));
  const query = await startPrometheus(t, addresses, '--enable-feature=native-histograms');
  // The last that was read: on a busy machine a scrape may take too long, and leaves no value.
  const last = (selector: string) => `last_over_time(${selector}[5m])`;
  const end = performance.now() + patience;
  while (Object.keys(await query(last('wait_seconds_count'))).length < 4) {
    assert.ok(performance.now() < end, `only ${JSON.stringify(await query(last('wait_seconds_count')))} was ingested`);
    await sleep(100);
  }
  const all = (value: number) => ({ text: value, openmetrics: value, protobuf: value, asked: value });
  assert.deepEqual(await query(last('jobs_total{queue="a \\"b\\" \\\\ \\n ü"}')), all(41.5));
  assert.deepEqual(await query(last('level')), all(Number.NEGATIVE_INFINITY));
  assert.deepEqual(await query(last('wait_seconds_count')), all(3));
  assert.deepEqual(await query(last('wait_seconds_sum')), all(20.8));
  assert.deepEqual(await query(`sum by (job) (${last('wait_seconds_bucket')})`), all(1 + 2 + 2 + 3));
  // With this feature it asks for protobuf first.
  assert.deepEqual([...asked.sent], [contentTypeOf({ syntax: 'protobuf', escaping })]);
});
