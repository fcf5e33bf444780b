/** Several processes on one store: any of them tells the whole truth, and dead ones are replaced. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.js';
import { expectedBackend } from '../support/expected-mode.js';
import { parseSamples, sumSamples } from '../support/sample.js';
import { getOnce, Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const PATIENCE = 60_000;

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `${what} did not happen in time`);
    await sleep(20);
  }
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  });
}

test('every worker answers with what all of them have counted, without a store being named', async (t) => {
  const service = await Service.start(t, '--workers', '3');
  assert.equal(service.workers().length, 3);
  const [, mode] =
    /^percpu-metrics serves http:\/\/\S+, store \S+, mode (\w+)\b.*, 3 workers$/m.exec(service.child.output) ?? [];
  assert.equal(mode, expectedBackend, service.child.output);
  const posts = 30;
  for (let i = 0; i < posts; i++) {
    // Each on a connection of its own, which go round the workers.
    assert.equal((await post(`${service.url}/v1/counters/jobs_total`, { labels: { i: i % 3 } })).status, 204);
  }
  for (let i = 0; i < 6; i++) {
    assert.equal(sumSamples(await service.scrape(), 'jobs_total'), posts);
  }
  const path = /store (\S+),/.exec(service.child.output)?.[1] ?? '';
  assert.ok(existsSync(path));
  assert.deepEqual(await service.child.stop(), { code: 0, signal: null });
  assert.ok(!existsSync(path), 'a store that nobody named goes with the service');
});

test('workers that see a new family at the same time agree on it', async (t) => {
  const service = await Service.start(t, '--workers', '3', '--store', join(temporaryDirectory(t), 'store'));
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(
      Array.from({ length: 9 }, (_, index) => {
        const labels = index % 2 ? { a: 'x', b: 'y' } : { b: 'y', a: 'x' };
        return post(`${service.url}/v1/counters/race_${round}_total`, { labels, help: `Help of ${index}.` });
      }),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]));
  }
  const samples = await service.scrape();
  for (let round = 0; round < 20; round++) {
    assert.equal(sumSamples(samples, `race_${round}_total`, { a: 'x', b: 'y' }), 9);
  }
});

test('a worker that dies is replaced on the same port, all of them at once included', async (t) => {
  const service = await Service.start(t, '--workers', '2', '--store', join(temporaryDirectory(t), 'store'));
  await post(`${service.url}/v1/counters/jobs_total`, {});
  for (const victims of [1, 2]) {
    const before = service.workers();
    for (const pid of before.slice(0, victims)) process.kill(pid, 'SIGKILL');
    await until('replacement', () => {
      const now = service.workers();
      return now.length === 2 && before.slice(0, victims).every((pid) => !now.includes(pid));
    });
    await until(
      'an answer',
      async () => (await getOnce(`${service.url}/healthz`).catch(() => ({ status: 0 }))).status === 200,
    );
    assert.equal(sumSamples(await service.scrape(), 'jobs_total'), 1);
  }
  assert.match(service.child.output, /worker \d+ ended \(SIGKILL\); it is replaced in \d+ ms/);
});

test('workers that can never start end the service with one line and the code of the reason', async (t) => {
  const first = await Service.start(t, '--store', join(temporaryDirectory(t), 'store'));
  const command = [process.execPath, main, 'serve', '--workers', '2', '--port', new URL(first.url).port];
  const second = await Child.start(t, [...command, '--store', join(temporaryDirectory(t), 'store')]);
  assert.deepEqual(await second.exit, { code: 3, signal: null });
  assert.equal(second.output.match(/cannot listen on 127\.0\.0\.1:\d+: the port is in use/g)?.length, 1, second.output);
});

test('workers in read-only mode all serve the store of the application', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const application = await Service.start(t, '--store', path);
  await post(`${application.url}/v1/counters/jobs_total`, { value: 7 });
  const sidecar = await Service.start(t, '--store', path, '--read-only', '--workers', '2');
  for (let i = 0; i < 4; i++) {
    const { body } = await getOnce(`${sidecar.url}/metrics`);
    assert.equal(sumSamples(parseSamples(body), 'jobs_total'), 7);
  }
});
