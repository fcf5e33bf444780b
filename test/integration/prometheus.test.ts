/** A real Prometheus that scrapes during a load ends up with exactly what was answered. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { collectProcessMetrics, openStore } from 'percpu-metrics';
import { unlessInstalled } from '../support/debian-package.js';
import { PrometheusServer } from '../support/prometheus-server.js';
import { getOnce, Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { temporaryStore } from '../support/temporary-store.js';

const skip = unlessInstalled('prometheus', 'prometheus', 'promtool');
const route = '/v1/counters/:name';
const requests = 20_000;
const amount = 3;

async function load(url: string): Promise<autocannon.Result> {
  return autocannon({
    url,
    amount: requests,
    connections: 16,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ labels: { queue: 'mail' }, value: amount }),
  });
}

test('the sums in Prometheus equal the answered requests exactly, in the service and in a read-only sidecar', {
  skip,
}, async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--workers', '2', '--store', path);
  const sidecar = await Service.start(t, '--store', path, '--read-only');
  const prometheus = await PrometheusServer.start(t, { service: service.address, sidecar: sidecar.address });
  await prometheus.waitForScrapesAfter(0);
  const startedAt = Date.now();

  const result = await load(`${service.url}/v1/counters/jobs_total`);
  assert.deepEqual(
    { answered: result['2xx'], refused: result.non2xx, errors: result.errors, timeouts: result.timeouts },
    { answered: requests, refused: 0, errors: 0, timeouts: 0 },
  );
  // An answer reaches the client a moment before the hook that counts it has run.
  await sleep(200);
  const loadTook = Date.now() - startedAt;
  await prometheus.waitForScrapesAfter(Date.now());

  const expected = { 'percpu-metrics': requests, 'percpu-metrics-sidecar': requests };
  // The last that was read: on a busy machine a scrape may take too long, and leaves no value.
  const last = (selector: string) => `sum by (job) (last_over_time(${selector}[5m]))`;
  const observed = last(`http_requests_total{method="POST",route="${route}",status_code=~"2.."}`);
  assert.deepEqual(await prometheus.query(observed), expected);
  const durations = last(`http_request_duration_seconds_count{method="POST",route="${route}"}`);
  assert.deepEqual(await prometheus.query(durations), expected);
  const jobs = await prometheus.query(last('jobs_total{queue="mail"}'));
  assert.deepEqual(jobs, { 'percpu-metrics': requests * amount, 'percpu-metrics-sidecar': requests * amount });

  // A series that is only seen after the load never changes. What was seen during the load never went down.
  const range = `[${loadTook + 1000}ms]`;
  const changes = await prometheus.query(`sum by (job) (changes(jobs_total{queue="mail"}${range}))`);
  const resets = await prometheus.query(`sum by (job) (resets(jobs_total{queue="mail"}${range}))`);
  for (const job of Object.keys(expected)) {
    assert.ok((changes[job] ?? 0) >= 1, `${job} was not scraped while the load went on`);
    assert.equal(resets[job], 0);
  }
});

test('promtool has nothing to complain about in a scrape', { skip }, async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--store', path);
  for (const request of ['counters/jobs_total', 'gauges/queue_length', 'histograms/job_duration_seconds']) {
    const answer = await fetch(`${service.url}/v1/${request}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ labels: { queue: 'a "quoted" \\ name\n' }, value: 1.5 }),
    });
    assert.ok(answer.ok, `${request} was answered with ${answer.status}: ${await answer.text()}`);
  }
  const store = openStore({ path });
  t.after(() => store.close());
  store.nativeHistogram({ name: 'size_bytes', help: 'Size.', unit: 'bytes', range: [1, 1000] }).observe(7);
  store
    .summary({ name: 'took_seconds', help: 'Took.', labelNames: ['job'] })
    .labels('"a"\n')
    .observe(0.5);
  store.untyped({ name: 'odd', help: 'Odd.' }).set(1);
  store.infoMetric({ name: 'build_info', help: 'Build.', labels: { version: '1' } });
  store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'] }).set('up');
  const { body } = await getOnce(`${service.url}/metrics`);
  for (const name of ['size_bytes_count', 'took_seconds_sum', 'odd', 'build_info', 'phase']) {
    assert.match(body, new RegExp(`^${name}[ {]`, 'm'));
  }
  assert.match(body, /^job_duration_seconds_count\{queue="a \\"quoted\\" \\\\ name\\n"\} 1$/m);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.equal(`${stdout}${stderr}`.trim(), '');
});

test('promtool knows better names for two kinds of process metrics only, which users have dashboards for', {
  skip,
}, async (t) => {
  const store = temporaryStore(t);
  t.after(collectProcessMetrics(store, { interval: 100 }));
  const family = (name: string) => store.snapshot().find((found) => found.name === name);
  for (let i = 0; i < 600 && (family('nodejs_active_handles')?.series.length ?? 0) === 0; i += 1) await sleep(100);
  const body = await store.metrics();
  for (const name of ['process_cpu_seconds_total', 'nodejs_active_handles', 'nodejs_gc_duration_seconds_count']) {
    assert.match(body, new RegExp(`^${name}[ {]`, 'm'));
  }
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
  const complaints = `${stdout}${stderr}`.trim().split('\n').sort();
  assert.deepEqual(complaints, [
    'nodejs_active_handles_total non-counter metrics should not have "_total" suffix',
    'nodejs_active_requests_total non-counter metrics should not have "_total" suffix',
    'nodejs_active_resources_total non-counter metrics should not have "_total" suffix',
  ]);
});
