/** Exemplars of a process that was killed, out of a read-only sidecar, as parsers and servers of others read them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { contentTypeOf, openStore, type Store } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { unlessInstalled } from '../support/debian-package.js';
import { PrometheusServer } from '../support/prometheus-server.js';
import { decodeFamilies } from '../support/protobuf-scrape.js';
import { pythonParser, unlessPythonParser } from '../support/python-parser.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const writer = fileURLToPath(new URL('./programs/exemplar-writer.js', import.meta.url));
const patience = 60_000;
const given = { trace_id: 'given', note: '"quoted"\\\n' };
const current = { trace_id: 'of 3 arguments' };
/** By series and bound: labels and value. */
const expected = {
  'jobs_total ': [given, 3],
  'wait_seconds_bucket 1.0': [current, 0.75],
  'wait_seconds_bucket +Inf': [{ trace_id: 'far' }, 99],
};

/** A read-only store that another process has written to, which was killed. */
async function sidecar(t: TestContext): Promise<Store> {
  const path = join(temporaryDirectory(t), 'store.pcm');
  const child = await Child.start(t, [process.execPath, writer, path]);
  await child.waitForOutput(/^counted$/m);
  child.kill('SIGKILL');
  await child.exit;
  const store = openStore({ path, readOnly: true });
  t.after(() => store.close());
  return store;
}

test("Debian's parser reads exemplars out of OpenMetrics", { skip: unlessPythonParser() }, async (t) => {
  const store = await sidecar(t);
  const families = await pythonParser(t)('openmetrics', await store.metrics({ syntax: 'openmetrics' }));
  const read = families
    .flatMap(({ samples }) => samples)
    .filter(({ exemplar }) => exemplar !== null)
    .map(({ name, labels, exemplar }) => [`${name} ${labels['le'] ?? ''}`, [exemplar?.labels, exemplar?.value]]);
  assert.deepEqual(Object.fromEntries(read), expected);
});

test('protobufjs reads exemplars out of messages', async (t) => {
  const store = await sidecar(t);
  const families = decodeFamilies(await store.render({ syntax: 'protobuf' }));
  const metrics = families.flatMap((family) => family.metric ?? []);
  const found = metrics.flatMap(({ counter, histogram }) => [
    counter?.exemplar,
    ...(histogram?.bucket ?? []).map(({ exemplar }) => exemplar),
  ]);
  const read = found.filter((exemplar) => exemplar !== undefined);
  assert.deepEqual(
    read.map(({ label = [], value }) => [Object.fromEntries(label.map((one) => [one.name, one.value])), value]),
    Object.values(expected),
  );
  for (const { timestamp } of read) assert.ok(Math.abs(timestamp.seconds * 1000 - Date.now()) < patience * 10);
});

async function serve(t: TestContext, store: Store, syntax: 'openmetrics' | 'protobuf'): Promise<string> {
  const server = createServer((_request, response) => {
    store.render({ syntax }).then(
      (body) => response.setHeader('content-type', contentTypeOf({ syntax, escaping: 'underscores' })).end(body),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface QueriedExemplars {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
}

/** Those of a job, as the other readers give them. */
function byLine(data: readonly QueriedExemplars[], job: string): Record<string, unknown> {
  const wanted = data.filter(({ seriesLabels }) => seriesLabels['job'] === job);
  return Object.fromEntries(
    wanted.map(({ seriesLabels, exemplars }) => {
      // Prometheus 2.42 leaves the escapes of OpenMetrics as they are.
      const { note: _note, ...labels } = exemplars[0]?.labels ?? {};
      const bound = seriesLabels['le']?.replace(/^1$/, '1.0') ?? '';
      return [`${seriesLabels['__name__']} ${bound}`, [labels, Number(exemplars[0]?.value)]];
    }),
  );
}

test('Prometheus stores exemplars of OpenMetrics and of messages', {
  skip: unlessInstalled('prometheus', 'prometheus'),
}, async (t) => {
  const store = await sidecar(t);
  const directory = temporaryDirectory(t);
  const file = join(directory, 'prometheus.yml');
  const syntaxes = ['openmetrics', 'protobuf'] as const;
  const jobs = await Promise.all(
    syntaxes.map(async (syntax) => ({
      job_name: syntax,
      static_configs: [{ targets: [await serve(t, store, syntax)] }],
    })),
  );
  writeFileSync(
    file,
    JSON.stringify({ global: { scrape_interval: '500ms', scrape_timeout: '500ms' }, scrape_configs: jobs }),
  );
  const features = '--enable-feature=exemplar-storage,native-histograms';
  const prometheus = await PrometheusServer.startWith(t, file, join(directory, 'data'), features);
  const end = performance.now() + patience;
  for (;;) {
    const query = encodeURIComponent('{__name__=~"jobs_total|wait_seconds_bucket"}');
    const range = `start=${Date.now() / 1000 - 3600}&end=${Date.now() / 1000 + 3600}`;
    const answer = await fetch(`${prometheus.url}/api/v1/query_exemplars?query=${query}&${range}`);
    const { data } = (await answer.json()) as { data: QueriedExemplars[] };
    if (data.length >= 2 * Object.keys(expected).length) {
      const wanted = { ...expected, 'jobs_total ': [{ trace_id: 'given' }, 3] };
      for (const syntax of syntaxes) assert.deepEqual(byLine(data, syntax), wanted);
      return;
    }
    assert.ok(performance.now() < end, `only ${JSON.stringify(data)} was stored`);
    await sleep(100);
  }
});
