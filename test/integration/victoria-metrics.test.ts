/** A real VictoriaMetrics ingests the store: what it asks for, and OpenMetrics with exemplars. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentTypeOf } from 'percpu-metrics';
import { unlessInstalled } from '../support/debian-package.js';
import { serve } from '../support/scrape-target.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { temporaryStore } from '../support/temporary-store.js';
import { assertBecomes, startVictoria } from '../support/victoria-server.js';

test('VictoriaMetrics reads the same values out of text and out of OpenMetrics with exemplars', {
  skip: unlessInstalled('victoria-metrics', 'victoria-metrics'),
}, async (t) => {
  const store = temporaryStore(t);
  const trace = { trace_id: '4bf92f3577b34da6' };
  store
    .counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'], exemplars: true })
    .labels('a "b" \\ \n ü')
    .inc(41.5, trace);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [0.5, 1, 10], exemplars: true });
  for (const seconds of [0.1, 0.7, 20]) wait.observe(seconds, trace);
  const size = store.nativeHistogram({ name: 'size_bytes', help: 'Size.', range: [1, 1000] });
  size.observe(7);
  store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'] }).set('up');
  store.infoMetric({ name: 'build_info', help: 'Build.', labels: { version: '1' } });
  store.summary({ name: 'took_seconds', help: 'Took.' }).observe(0.5);
  const openmetrics = await serve(t, store, { syntax: 'openmetrics', escaping: 'underscores' });
  const asked = await serve(t, store);
  assert.match(String(await store.render({ syntax: 'openmetrics' })), /^jobs_total\{.*\} 41\.5 # \{trace_id=/m);
  const file = join(temporaryDirectory(t), 'scrape.yml');
  const jobs = Object.entries({ openmetrics, asked }).map(
    ([job, { address }]) => `{job_name: ${job}, static_configs: [{targets: ['${address}']}]}`,
  );
  writeFileSync(
    file,
    `global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs: [${jobs.join(', ')}]\n`,
  );
  const url = await startVictoria(t, `-promscrape.config=${file}`);
  for (const job of ['openmetrics', 'asked']) {
    const becomes = (selector: string, expected: number) =>
      assertBecomes(url, selector.replace('}', `job="${job}"}`), expected);
    await becomes('jobs_total{queue="a \\"b\\" \\\\ \\n ü",}', 41.5);
    await becomes('wait_seconds_count{}', 3);
    await becomes('wait_seconds_sum{}', 20.8);
    await becomes(`sum(wait_seconds_bucket{})`, 1 + 2 + 2 + 3);
    await becomes('size_bytes_count{}', 1);
    await becomes('phase{phase="up",}', 1);
    await becomes('phase{phase="down",}', 0);
    await becomes('build_info{version="1",}', 1);
    await becomes('took_seconds_sum{}', 0.5);
    await becomes('up{}', 1);
  }
  assert.deepEqual([...openmetrics.sent], [contentTypeOf({ syntax: 'openmetrics', escaping: 'underscores' })]);
  assert.match([...asked.sent].join(), /^text\/plain; ?version=0\.0\.4/);
});
