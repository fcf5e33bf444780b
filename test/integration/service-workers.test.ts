/** Several processes on one store: any of them tells the whole truth, and dead ones are replaced. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStore } from '#src/index.js';
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

/** The state of a process as the kernel tells it, such as S for one that waits. */
function stateOf(pid: number): string | undefined {
  return /\) (\w) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
}

test('a worker that dies while it starts is replaced, though the primary answers it afterwards', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--workers', '2', '--store', path);
  const before = service.workers();
  const newWorkers = (): number[] => service.workers().filter((pid) => !before.includes(pid));
  process.kill(before[0] as number, 'SIGKILL');
  await until('a new worker', () => newWorkers().length === 1);
  process.kill(service.child.pid, 'SIGSTOP');
  const [starting = 0] = newWorkers();
  using store = openStore({ path, readOnly: true });
  await until('its store', () => store.processes.some(({ pid }) => pid === starting));
  // Then it asks the primary for the port, and has nothing else to do.
  let waits = 0;
  await until('its question', () => {
    waits = stateOf(starting) === 'S' ? waits + 1 : 0;
    return waits === 25;
  });
  process.kill(starting, 'SIGKILL');
  // Files are closed with the last thread, which need not be the first one.
  await until('its end', () => stateOf(starting) === 'Z' && readdirSync(`/proc/${starting}/task`).length === 1);
  process.kill(service.child.pid, 'SIGCONT');
  await until('another worker', () => {
    assert.ok(service.child.running, service.child.output);
    return newWorkers().some((pid) => pid !== starting);
  });
  assert.equal((await getOnce(`${service.url}/healthz`)).status, 200);
});

test('a service that is stopped while a worker starts waits for no more than its start', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--workers', '2', '--store', path);
  const before = service.workers();
  const fresh = () => service.workers().find((pid) => !before.includes(pid));
  process.kill(before[0] as number, 'SIGKILL');
  await until('a new worker', () => fresh() !== undefined);
  const pid = fresh();
  // Its store is opened, and its port listened on, long after this; on a busy machine that takes many seconds.
  service.child.kill('SIGTERM');
  assert.deepEqual(await service.child.exit, { code: 0, signal: null });
  // Whoever listens, and has to be killed because nobody told it to end, leaves its place in the store.
  using store = openStore({ path, readOnly: true });
  assert.ok(pid !== undefined && !store.processes.some((one) => one.pid === pid), JSON.stringify(store.processes));
});

test('a worker that cannot be started is tried again', async (t) => {
  const service = await Service.start(t, '--workers', '2', '--store', join(temporaryDirectory(t), 'store'));
  const limitFiles = (limit: string): void => {
    execFileSync('prlimit', ['--pid', String(service.child.pid), `--nofile=${limit}:`]);
  };
  const [, enough = ''] =
    /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${service.child.pid}/limits`, 'utf8')) ?? [];
  const [victim = 0] = service.workers();
  limitFiles('3');
  process.kill(victim, 'SIGKILL');
  await service.child.waitForOutput(/a worker ended \(.*EMFILE.*\); it is replaced in \d+ ms/);
  limitFiles(enough);
  await until('two workers', () => service.workers().length === 2 && !service.workers().includes(victim));
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
