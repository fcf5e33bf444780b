/** How the service starts, what it says when it cannot, and how it ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.js';
import { getOnce, Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const command = [process.execPath, main];

async function run(t: TestContext, args: readonly string[], env: Record<string, string | undefined> = {}) {
  const child = await Child.start(t, [...command, ...args], { env: { PERCPU_METRICS_STORE: undefined, ...env } });
  const { code } = await child.exit;
  await sleep(20);
  return { code, output: child.output };
}

/** Begins a request that the service has to wait for: all of it but the last byte. */
async function beginRequest(service: Service): Promise<Socket> {
  const { hostname, port, host } = new URL(service.url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `POST /v1/counters/jobs_total HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{`,
  );
  // Whoever answers a later request has this one already.
  assert.equal((await getOnce(`${service.url}/healthz`)).status, 200);
  return socket;
}

test('it says in one line where it listens, which store it serves, and its mode and why', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--store', path);
  const lines = service.child.output.split('\n').filter((line) => line.startsWith('percpu-metrics'));
  assert.deepEqual(lines.length, 1, service.child.output);
  assert.match(
    lines[0] ?? '',
    new RegExp(`^percpu-metrics serves ${service.url}, store ${path}, mode rseq \\(\\w+\\): \\w.+`),
  );
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends it with code 0, after the answer to what is in flight; idle connections do not hold it up`, async (t) => {
    const path = join(temporaryDirectory(t), 'store');
    const service = await Service.start(t, '--store', path);
    const idle = await beginRequest(service);
    idle.write('}');
    await once(idle, 'data');
    const busy = await beginRequest(service);
    service.child.kill(signal);
    await once(idle, 'close');
    await sleep(300);
    assert.ok(service.child.running);
    busy.write('}');
    const [answer] = await once(busy, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 204 /);
    assert.deepEqual(await service.child.exit, { code: 0, signal: null });
    assert.ok(existsSync(path), 'a store that has a name stays');
  });
}

test('a second signal, later, ends it at once', async (t) => {
  const service = await Service.start(t);
  const busy = await beginRequest(service);
  service.child.kill('SIGTERM');
  await sleep(400);
  assert.ok(service.child.running);
  service.child.kill('SIGTERM');
  assert.deepEqual(await service.child.exit, { code: 143, signal: null });
  busy.destroy();
});

test('a second signal ends a service with workers at once, and its workers too', async (t) => {
  const service = await Service.start(t, '--workers', '2');
  const workers = service.workers();
  const busy = await Promise.all([beginRequest(service), beginRequest(service)]);
  service.child.kill('SIGTERM');
  await sleep(400);
  assert.ok(service.child.running);
  service.child.kill('SIGINT');
  assert.deepEqual(await service.child.exit, { code: 130, signal: null });
  const end = performance.now() + 60_000;
  while (workers.some((pid) => existsSync(`/proc/${pid}`))) {
    assert.ok(performance.now() < end, 'workers are left behind');
    await sleep(20);
  }
  for (const socket of busy) socket.destroy();
});

test('an address that is taken is one line and exit code 3', async (t) => {
  const service = await Service.start(t);
  const port = new URL(service.url).port;
  const { code, output } = await run(t, ['serve', '--port', port]);
  assert.equal(code, 3);
  assert.equal(
    output,
    `percpu-metrics: cannot listen on 127.0.0.1:${port}: the port is in use; choose another one with --port or PORT (EADDRINUSE)\n`,
  );
  const elsewhere = await run(t, ['serve', '--port', '0', '--host', '192.0.2.1']);
  assert.equal(elsewhere.code, 3);
  assert.match(elsewhere.output, /^percpu-metrics: cannot listen on 192\.0\.2\.1:0: .*\n$/);
});

test('a store that cannot be opened is one line and an exit code', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'file');
  writeFileSync(file, 'no store'.repeat(10_000));
  mkdirSync(join(directory, 'directory'));
  for (const [args, message, expected] of [
    [['--store', file], /is not a percpu-metrics store.*\(ERR_PCM_NOT_A_STORE\)/, 4],
    [['--store', file, '--workers', '2'], /ERR_PCM_NOT_A_STORE/, 4],
    [['--store', join(directory, 'missing', 'store')], /ERR_PCM_NOT_FOUND/, 5],
    [['--store', join(directory, 'directory')], /ERR_PCM_UNSAFE_PATH/, 4],
  ] as const) {
    const { code, output } = await run(t, ['serve', '--port', '0', ...args]);
    assert.equal(code, expected, output);
    assert.match(output, message);
    assert.match(output, /^percpu-metrics: [^\n]+\n$/);
  }
});

test('wrong arguments and a wrong environment are one line and exit code 2', async (t) => {
  for (const [args, env, message] of [
    [['serve', '--prot', '1'], {}, /'--prot'/],
    [['serve', '--read-only'], {}, /--read-only needs --store PATH/],
    [['serve'], { PORT: 'http' }, /environment variable PORT must be a port/],
    [[], {}, /no command/],
    [['inspect'], {}, /needs the path/],
  ] as const) {
    const { code, output } = await run(t, args, env);
    assert.equal(code, 2, output);
    assert.match(output, message);
    assert.match(output, /^percpu-metrics: [^\n]+\n$/);
  }
});

test('help and version are printed', async (t) => {
  const help = await run(t, ['--help']);
  assert.equal(help.code, 0);
  for (const option of ['--workers', '--store', '--read-only', '--watch', 'Exit codes']) {
    assert.ok(help.output.includes(option), option);
  }
  const version = await run(t, ['--version']);
  assert.equal(version.code, 0);
  assert.match(version.output, /^\d+\.\d+\.\d+\n$/);
});

test('options reach the store that is made', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(
    t,
    '--store',
    path,
    '--mode',
    '640',
    '--backend',
    'percpu-atomic',
    '--capacity',
    '4096',
  );
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.match(service.child.output, /mode percpu-atomic/);
  const child = await Child.start(t, [...command, 'inspect', path, '--json']);
  await child.exit;
  const { store } = JSON.parse((await child.waitForOutput(/^\{.*\}$/m))[0]) as { store: Record<string, unknown> };
  assert.deepEqual([store['backend'], store['capacity']], ['percpu-atomic', 4096]);
});

test('a sidecar that starts before its application waits for it, and survives its end', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'store');
  const sidecar = await Service.start(t, '--store', path, '--read-only');
  assert.match(sidecar.child.output, /not ready: cannot open the store: there is no store at/);
  const early = await getOnce(`${sidecar.url}/readyz`);
  assert.equal(early.status, 503);
  assert.ok(early.body.includes(path));
  assert.equal((await getOnce(`${sidecar.url}/metrics`)).status, 503);
  const application = await Service.start(t, '--store', path);
  const end = performance.now() + 15_000;
  while ((await getOnce(`${sidecar.url}/readyz`)).status !== 200) {
    assert.ok(performance.now() < end, 'it does not find the store');
    await sleep(50);
  }
  application.child.kill('SIGKILL');
  await application.child.exit;
  const { status, body } = await getOnce(`${sidecar.url}/metrics`);
  assert.equal(status, 200);
  assert.match(body, /^# TYPE http_requests_in_flight gauge$/m);
  assert.deepEqual(await sidecar.child.stop(), { code: 0, signal: null });
});
