/** Past one machine: Prometheus scrapes three instances and hands everything on; VictoriaMetrics also scrapes itself. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import autocannon from 'autocannon';
import { unlessInstalled } from '../support/debian-package.js';
import { copyConfiguration, PrometheusServer } from '../support/prometheus-server.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { assertBecomes, startVictoria } from '../support/victoria-server.js';

const skip = unlessInstalled('prometheus', 'prometheus') || unlessInstalled('victoria-metrics', 'victoria-metrics');
const requests = [1000, 2000, 3000];

async function load(service: Service, amount: number): Promise<void> {
  const result = await autocannon({
    url: `${service.url}/v1/counters/orders_total`,
    amount,
    connections: 8,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ labels: { shop: 'north' }, value: 2 }),
  });
  assert.deepEqual([result['2xx'], result.non2xx, result.errors], [amount, 0, 0]);
}

test('sums over three instances are what was sent, by remote write and by a scrape of its own', {
  skip,
  timeout: 280_000,
}, async (t) => {
  const directory = temporaryDirectory(t);
  const services = await Promise.all(
    requests.map((_, index) => Service.start(t, '--store', join(directory, `store-${index}`))),
  );
  const [first, second, third] = services.map(({ address }) => address);
  const intervals: [string, string][] = [
    ['scrape_interval: 15s', 'scrape_interval: 500ms'],
    ['scrape_timeout: 5s', 'scrape_timeout: 500ms'],
  ];
  const collector = await startVictoria(t);
  const file = copyConfiguration(directory, 'remote-write.yml', [
    ['"host-1:9464", "host-2:9464", "host-3:9464"', `"${first}", "${second}", "${third}"`],
    ['http://127.0.0.1:8428', collector],
    ...intervals,
  ]);
  const prometheus = await PrometheusServer.startWith(t, file, join(directory, 'data'));
  const single = copyConfiguration(temporaryDirectory(t), 'prometheus.yml', [
    ['127.0.0.1:9464', first ?? ''],
    ['127.0.0.1:9465', second ?? ''],
    ...intervals,
  ]);
  const scraper = await startVictoria(t, `-promscrape.config=${single}`, '-promscrape.config.strictParse=false');

  await Promise.all(services.map((service, index) => load(service, requests[index] ?? 0)));
  const all = requests.reduce((sum, amount) => sum + amount, 0);
  const total = 'sum(orders_total{shop="north"})';
  await assertBecomes(prometheus.url, total, all * 2);
  await assertBecomes(collector, total, all * 2);
  await assertBecomes(collector, 'count(orders_total)', requests.length);
  await assertBecomes(collector, 'sum(http_requests_total{method="POST",status_code="204"})', all);
  await assertBecomes(scraper, total, (1000 + 2000) * 2);
  await assertBecomes(scraper, 'max(percpu_metrics_store_broken)', 0);
  // What sends stops before what receives.
  await prometheus.child.stop();
});
