/** A real Prometheus takes native histograms in, and computes quantiles from them that are as near as promised. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import { unlessInstalled } from '../support/debian-package.js';
import { PrometheusServer } from '../support/prometheus-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { temporaryStore } from '../support/temporary-store.js';

const skip = unlessInstalled('prometheus', 'prometheus');
const protobuf = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';
const schema = 3;
/** How much a bucket's bounds are apart. */
const growth = 2 ** (2 ** -schema);

async function serve(t: TestContext, store: Store): Promise<string> {
  const server = createServer((_request, response) => {
    store.render({ syntax: 'protobuf' }).then(
      (body) => response.setHeader('content-type', protobuf).end(body),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function prometheusOf(t: TestContext, address: string): Promise<PrometheusServer> {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'prometheus.yml');
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
    scrape_configs: [{ job_name: 'store', static_configs: [{ targets: [address] }] }],
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  return PrometheusServer.startWith(t, file, join(directory, 'data'), '--enable-feature=native-histograms');
}

test('quantiles that Prometheus computes are within a bucket of the exact ones', { skip }, async (t) => {
  const store = temporaryStore(t);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const options = {
    name: 'size',
    help: 'Size.',
    schema,
    range: [0.001, 1000],
    negative: true,
    exemplars: true,
  } as const;
  const sizes = [store.nativeHistogram(options), other.nativeHistogram(options)];
  const values = Array.from(
    { length: 4000 },
    (_, n) => (n % 5 === 0 ? -1 : 1) * 10 ** (((n * 7919) % 4000) / 800 - 2.5),
  );
  // Prometheus 2.42 passes over their exemplars, which later ones keep.
  for (const [n, value] of values.entries()) sizes[n % 2]?.observe(value, { trace_id: String(n) });
  values.sort((one, two) => one - two);

  const prometheus = await prometheusOf(t, await serve(t, store));
  await prometheus.waitForScrapesAfter(Date.now(), 1);
  assert.equal((await prometheus.query('histogram_count(size)'))['store'], values.length);
  const sum = values.reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(((await prometheus.query('histogram_sum(size)'))['store'] ?? 0) - sum) < 1e-6);
  for (const quantile of [0.05, 0.1, 0.3, 0.5, 0.9, 0.99]) {
    const value = (await prometheus.query(`histogram_quantile(${quantile}, size)`))['store'] ?? Number.NaN;
    const exact = values[Math.floor(quantile * (values.length - 1))] ?? Number.NaN;
    const ratio = value / exact;
    assert.ok(ratio >= 1 / growth && ratio <= growth, `${quantile}: ${value}, and not ${exact}`);
  }
});
