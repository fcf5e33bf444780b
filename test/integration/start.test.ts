/**
 * `npm start` as people use it: it hands its arguments to the service, and whatever ends npm ends the service with all
 * of its workers, after what is in flight has been answered.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.js';
import { childrenOf } from '../support/process-tree.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const body = JSON.stringify({ labels: {}, value: 1 });

interface Started {
  readonly npm: Child;
  readonly url: URL;
  /** The service and its workers. */
  readonly pids: readonly number[];
}

async function startByNpm(t: TestContext): Promise<Started> {
  const path = join(temporaryDirectory(t), 'store');
  const npm = await Child.start(t, ['npm', 'start', '--silent', '--', '--workers', '2', '--store', path], {
    cwd: root,
    env: { PORT: '0', HOST: '127.0.0.1', PERCPU_METRICS_STORE: undefined },
    ownGroup: true,
  });
  const [line] = await npm.waitForOutput(/^.*http:\/\/127\.0\.0\.1:\d+.* 2 workers$/m);
  assert.ok(line.includes(path), line);
  const url = new URL(/http:\/\/[\d.:]+/.exec(line)?.[0] ?? '');
  const [service] = childrenOf(npm.pid);
  assert.ok(service, 'npm has become, or has started, the service');
  const workers = childrenOf(service);
  assert.equal(workers.length, 2);
  return { npm, url, pids: [service, ...workers] };
}

/** Sends all of a request but its last byte. */
async function beginRequest(url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname).setEncoding('utf8');
  await once(socket, 'connect');
  socket.write(
    `POST /v1/counters/jobs_total HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`,
  );
  return socket;
}

async function assertGone(pids: readonly number[]): Promise<void> {
  const end = performance.now() + 60_000;
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) {
    assert.ok(performance.now() < end, `still running: ${pids.filter((pid) => existsSync(`/proc/${pid}`))}`);
    await sleep(20);
  }
}

const ends: [string, (npm: Child) => void][] = [
  ['SIGTERM to npm', (npm) => npm.kill('SIGTERM')],
  ['Ctrl-C, which the terminal sends to all of them and npm sends once more,', (npm) => npm.killGroup('SIGINT')],
];

for (const [name, end] of ends) {
  test(`${name} ends what npm start has started, after the answer to a request that was under way`, async (t) => {
    const { npm, url, pids } = await startByNpm(t);
    const socket = await beginRequest(url);
    // The service has the request for certain when another one, sent later, has been answered by each worker.
    for (let i = 0; i < 4; i++) {
      assert.equal((await fetch(new URL('/healthz', url), { headers: { connection: 'close' } })).status, 200);
    }
    end(npm);
    await sleep(300);
    socket.write(body.slice(-1));
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 2\d\d /);
    socket.destroy();
    await npm.exit;
    await assertGone(pids);
  });
}

test('setup names everything that is missing in one line and does nothing', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
    cwd: root,
    encoding: 'utf8',
    // Another flag makes the build stale; without a path there is no tool.
    env: { PATH: '/nowhere', CFLAGS: '-DANOTHER_FLAG' },
  });
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^percpu-metrics: missing: a C\+\+ compiler .*, make, python3 .*\n$/);
});

test('a Node.js that is too old is named in one line, with what is needed, and nothing else is looked at', () => {
  const script = join(root, 'scripts', 'setup.mjs');
  for (const version of ['18.20.8', '20.18.3']) {
    // Setup believes what this process says of itself.
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' });`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, script],
      { cwd: root, encoding: 'utf8', env: { PATH: '/nowhere', CFLAGS: '-DANOTHER_FLAG' } },
    );
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.equal(stderr, `percpu-metrics: Node.js 20.19 or later is needed, and this is ${version}\n`);
  }
});
