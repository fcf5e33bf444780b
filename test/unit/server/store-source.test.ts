/** A store of another application, which comes, goes and is replaced as that application likes. */
import assert from 'node:assert/strict';
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore, type Store } from 'percpu-metrics';
import { AttachedStore, buildApp, OpenedStore } from 'percpu-metrics/server';
import { parseSamples, sumSamples } from '../../support/sample.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';
import { problemIn, serviceApp } from './service-app.js';

const PATIENCE = 15_000;

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!condition()) {
    assert.ok(performance.now() < end, 'it did not happen in time');
    await sleep(20);
  }
}

function write(path: string, amount: number): Store {
  const store = openStore({ path });
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(amount);
  return store;
}

test('a sidecar that is first says why it is not ready, and serves the store when it is there', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const changes: string[] = [];
  const source = new AttachedStore(path, (message) => changes.push(message));
  t.after(() => source.close());
  const service = await serviceApp(t, source);
  for (const url of ['/readyz', '/metrics', '/v1/metrics', '/v1/cpus']) {
    const answer = await service.get(url);
    const problem = problemIn(answer);
    assert.deepEqual([problem.status, problem.code], [503, 'ERR_PCM_NOT_FOUND'], url);
    assert.ok(problem.detail.includes(path), problem.detail);
    assert.equal(answer.headers['retry-after'], '1');
  }
  assert.equal((await service.get('/healthz')).status, 200);
  assert.equal((await service.get('/openapi.json')).status, 200);
  using _store = write(path, 7);
  await until(() => changes.some((message) => message.startsWith('attached')));
  assert.equal(changes.length, 2, changes.join('\n'));
  assert.equal(sumSamples(parseSamples((await service.get('/metrics')).body), 'jobs_total'), 7);
  const ready = JSON.parse((await service.get('/readyz')).body) as Record<string, unknown>;
  assert.deepEqual([ready['status'], ready['store'], ready['readOnly']], ['ready', path, true]);
  const names = parseSamples((await service.get('/metrics')).body).map((sample) => sample.name);
  assert.deepEqual(
    names.filter((name) => !name.startsWith('percpu_metrics_')),
    ['jobs_total'],
    'nothing is added to it',
  );
});

test('a store that is gone keeps its last values, and a new one in its place is served instead', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const first = write(path, 7);
  const source = new AttachedStore(path);
  t.after(() => source.close());
  assert.equal(numberOf(source.store, 'jobs_total'), 7);
  first.unlink();
  first.close();
  await sleep(1200);
  assert.equal(numberOf(source.store, 'jobs_total'), 7);
  using _second = write(path, 1);
  await until(() => numberOf(source.store, 'jobs_total') === 1);
});

test('a file in its place that is no store does not take the values away', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const changes: string[] = [];
  const first = write(path, 7);
  const source = new AttachedStore(path, (message) => changes.push(message));
  t.after(() => source.close());
  first.unlink();
  first.close();
  writeFileSync(path, 'something else'.repeat(1000));
  await sleep(1200);
  assert.equal(numberOf(source.store, 'jobs_total'), 7);
  rmSync(path);
  using _second = write(path, 2);
  await until(() => numberOf(source.store, 'jobs_total') === 2);
  assert.deepEqual(changes, [`attached to ${path}`, `attached to ${path}`]);
});

test('each new reason is told once', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'store');
  const changes: string[] = [];
  const source = new AttachedStore(path, (message) => changes.push(message));
  t.after(() => source.close());
  await sleep(1200);
  assert.equal(changes.length, 1);
  symlinkSync(join(directory, 'elsewhere'), path);
  writeFileSync(join(directory, 'elsewhere'), '');
  await until(() => changes.length === 2);
  assert.match(changes[1] ?? '', /symbolic link/);
  assert.throws(() => source.store, { code: 'ERR_PCM_UNSAFE_PATH' });
});

test('what is no source, no store or no option is refused with the value', async (t) => {
  const store = temporaryStore(t);
  const source = new OpenedStore(store);
  t.after(() => source.close());
  const cases: [() => unknown, RegExp][] = [
    [() => new OpenedStore({} as never), /store of an opened store must be what openStore\(\) gives, not \{\}/],
    [() => new AttachedStore('' as never), /path of an attached store must be the path of a file, not ''/],
    [() => new AttachedStore(store.path, 5 as never), /onChange of an attached store must be a function, not 5/],
    [() => buildApp({ source: 5 } as never), /source of the service must be .* not 5/],
    [() => buildApp({ source, logLevel: 'loud' } as never), /logLevel of the service must be one of .* not 'loud'/],
    [() => buildApp({ source, registries: [5] } as never), /registries of the service must be .* not \[ 5 \]/],
    [() => buildApp({ source, level: 'info' } as never), /unknown option 'level'; the service has source,/],
  ];
  for (const [attempt, message] of cases) {
    await assert.rejects(async () => attempt(), { code: 'ERR_PCM_OPTION', message });
  }
});

test('a store that was truncated is not used, and readiness says so', async (t) => {
  const store = temporaryStore(t);
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc();
  const source = new OpenedStore(store);
  t.after(() => source.close());
  const service = await serviceApp(t, source);
  await service.count('/v1/counters/a', {});
  truncateSync(store.path, 0);
  const scrape = await service.get('/metrics');
  assert.equal(scrape.status, 200, 'there is a sample that an alert can see');
  assert.deepEqual(parseSamples(scrape.body), [{ name: 'percpu_metrics_store_broken', labels: {}, value: 1 }]);
  const problem = problemIn(await service.get('/readyz'));
  assert.deepEqual([problem.status, problem.code], [503, 'ERR_PCM_BROKEN']);
  await until(() => {
    try {
      return source.store === undefined;
    } catch {
      return true;
    }
  });
  assert.equal((await service.refuse('/v1/counters/a', {})).code, 'ERR_PCM_BROKEN');
});

test('a sidecar of a store that was truncated says so until there is a new one', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const first = write(path, 7);
  t.after(() => first.close());
  const source = new AttachedStore(path);
  t.after(() => source.close());
  const service = await serviceApp(t, source);
  const isBroken = async () => parseSamples((await service.get('/metrics')).body)[0]?.name;
  truncateSync(path, 0);
  await until(() => {
    try {
      return source.store === undefined;
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, 'ERR_PCM_BROKEN');
      return true;
    }
  });
  assert.equal(await isBroken(), 'percpu_metrics_store_broken');
  assert.equal(problemIn(await service.get('/readyz')).code, 'ERR_PCM_BROKEN');
  rmSync(path);
  assert.equal(await isBroken(), 'percpu_metrics_store_broken', 'also when the file is gone');
  using _second = write(path, 8);
  await until(() => {
    try {
      return numberOf(source.store, 'jobs_total') === 8;
    } catch {
      return false;
    }
  });
});
