/** A store whose file is cut off, cut off and grown again, or deleted, while it is in use. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import { AttachedStore } from 'percpu-metrics/server';
import { type RequestCounts, RequestStream } from '../support/request-stream.js';
import { parseSamples, sumSamples } from '../support/sample.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { numberOf } from '../support/temporary-store.js';
import { until } from '../unit/fastify/observed-app.js';
import { problemIn, serviceApp, temporaryService } from '../unit/server/service-app.js';

const CUTS: readonly [string, (bytes: number) => number][] = [
  ['everything', () => 0],
  ['all but the header', () => 4096],
  ['one half', (bytes) => bytes / 2],
  ['the last byte', (bytes) => bytes - 1],
];

function cutAndGrow(path: string, cut: (bytes: number) => number): void {
  const { size } = statSync(path);
  truncateSync(path, cut(size));
  truncateSync(path, size);
}

function write(path: string, amount: number): Store {
  const store = openStore({ path });
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(amount);
  return store;
}

for (const [what, cut] of CUTS) {
  test(`a file that lost ${what} and grew again is noticed by whoever has it open or opens it`, async (t) => {
    const path = join(temporaryDirectory(t), 'store');
    using store = write(path, 3);
    using reader = openStore({ path, readOnly: true });
    assert.deepEqual([store.broken, reader.broken, store.info.broken], [false, false, false]);
    cutAndGrow(path, cut);
    for (const one of [store, reader]) {
      assert.deepEqual([one.broken, one.info.broken], [true, true]);
      assert.throws(() => one.snapshot(), { code: 'ERR_PCM_BROKEN' });
      await assert.rejects(one.metrics(), { code: 'ERR_PCM_BROKEN' });
    }
    // Counting goes on into nothing, as it must not throw; another store can be had.
    store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc();
    for (const readOnly of [true, false]) {
      assert.throws(
        () => openStore({ path, readOnly }),
        (error: { code: string }) =>
          // What has lost its header is told by that.
          ['ERR_PCM_BROKEN', 'ERR_PCM_NOT_A_STORE'].includes(error.code),
      );
    }
    rmSync(path);
    using next = write(path, 4);
    assert.equal(numberOf(next, 'jobs_total'), 4);
  });

  test(`a write right after a file lost ${what} is not acknowledged, grown again or not`, async (t) => {
    for (const grows of [true, false]) {
      const { service, store } = await temporaryService(t);
      await service.count('/v1/counters/jobs_total', {});
      await service.count('/v1/gauges/level', { value: 1 });
      const { size } = statSync(store.path);
      truncateSync(store.path, cut(size));
      if (grows) truncateSync(store.path, size);
      for (const url of ['/v1/counters/jobs_total', '/v1/gauges/level', '/v1/histograms/new']) {
        const { status, code } = await service.refuse(url, { value: 2 });
        assert.deepEqual([status, code], [503, 'ERR_PCM_BROKEN'], url);
      }
      assert.equal(problemIn(await service.get('/readyz')).code, 'ERR_PCM_BROKEN');
    }
  });
}

test('a store that met a hole in its file is broken for ever, though the file is put back byte for byte', async (t) => {
  const { service, store } = await temporaryService(t);
  const counter = store.counter({ name: 'jobs_total', help: 'Jobs.' });
  await service.count('/v1/counters/jobs_total', { value: 5 });
  const bytes = readFileSync(store.path);
  truncateSync(store.path, 0);
  counter.inc();
  writeFileSync(store.path, bytes);
  // Whoever opens it now has what was there; this process counts into pages that are in no file.
  using other = openStore({ path: store.path, readOnly: true });
  assert.equal(numberOf(other, 'jobs_total'), 5);
  assert.deepEqual([other.broken, store.broken, store.info.broken], [false, true, true]);
  assert.throws(() => store.snapshot(), { code: 'ERR_PCM_BROKEN' });
  await assert.rejects(store.metrics(), { code: 'ERR_PCM_BROKEN' });
  const { status, code } = await service.refuse('/v1/counters/jobs_total', {});
  assert.deepEqual([status, code], [503, 'ERR_PCM_BROKEN']);
  assert.equal(problemIn(await service.get('/readyz')).code, 'ERR_PCM_BROKEN');
});

test('a sidecar does not forget that its store was broken, whatever becomes of the file', async (t) => {
  // What looks at the file.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const path = join(temporaryDirectory(t), 'store');
  using _first = write(path, 7);
  const source = new AttachedStore(path);
  t.after(() => source.close());
  const service = await serviceApp(t, source);
  // Nothing says any more that it was a store.
  cutAndGrow(path, () => 0);
  const looks = async () => problemIn(await service.get('/readyz')).code;
  assert.equal(await looks(), 'ERR_PCM_BROKEN');
  for (let look = 0; look < 3; look += 1) {
    t.mock.timers.tick(1000);
    assert.throws(() => source.store, { code: 'ERR_PCM_BROKEN' }, 'it has looked at the file again');
    assert.equal(await looks(), 'ERR_PCM_BROKEN');
  }
  const { body } = await service.get('/metrics');
  assert.equal(sumSamples(parseSamples(body), 'percpu_metrics_store_broken'), 1);
  rmSync(path);
  using _second = write(path, 8);
  t.mock.timers.tick(1000);
  assert.equal(numberOf(source.store, 'jobs_total'), 8);
  assert.equal((await service.get('/readyz')).status, 200);
});

const CONNECTIONS = 8;

async function underLoad(service: Service, hurt: (counts: Readonly<RequestCounts>) => Promise<void>) {
  const stream = new RequestStream({
    url: `${service.url}/v1/counters/jobs_total`,
    body: '{"labels":{"queue":"mail"}}',
    connections: CONNECTIONS,
  });
  try {
    await until(() => stream.counts.acknowledged > 200);
    await hurt(stream.counts);
  } finally {
    await stream.stop();
  }
  return stream.counts;
}

for (const [[what, cut], grows] of CUTS.flatMap((one) => [true, false].map((grown) => [one, grown] as const))) {
  const name = `a service whose file loses ${what}${grows ? ' and grows again' : ''} under load lives, says so, and acknowledges nothing more`;
  test(name, async (t) => {
    const path = join(temporaryDirectory(t), 'store');
    const service = await Service.start(t, '--store', path);
    let before = 0;
    const counts = await underLoad(service, async (now) => {
      before = now.acknowledged;
      const { size } = statSync(path);
      truncateSync(path, cut(size));
      if (grows) truncateSync(path, size);
      await until(() => now.refused > 200);
    });
    // Of each connection one may have been counted before, and its answer under way.
    assert.ok(counts.acknowledged <= before + CONNECTIONS, `${counts.acknowledged} after ${before}`);
    assert.equal(counts.unacknowledged, 0, 'no connection was lost');
    const ready = await fetch(`${service.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(((await ready.json()) as { code: string }).code, 'ERR_PCM_BROKEN');
    assert.equal(sumSamples(await service.scrape(), 'percpu_metrics_store_broken'), 1);
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    assert.ok(service.child.running);
    rmSync(path);
    const next = await Service.start(t, '--store', path);
    assert.equal((await fetch(`${next.url}/readyz`)).status, 200);
  });
}

test('a file that is deleted under load goes on counting for those who have it open', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--store', path, '--workers', '2');
  const counts = await underLoad(service, async (now) => {
    const before = now.acknowledged;
    rmSync(path);
    await until(() => now.acknowledged > before + 200);
  });
  assert.deepEqual([counts.refused, counts.unacknowledged], [0, 0]);
  assert.equal(sumSamples(await service.scrape(), 'jobs_total'), counts.acknowledged);
  using next = openStore({ path });
  assert.deepEqual(next.snapshot(), [], 'whoever opens the path now gets another store');
});
