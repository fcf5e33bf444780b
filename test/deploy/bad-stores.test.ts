/** What is wrong with a store is said in the log, in /readyz and by the exit code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { unlessMayMount, unlessRoot } from '../support/privileges.js';
import { getOnce, Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const cli = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** Makes a store and closes it. */
function makeStore(path: string): void {
  openStore({ path, mode: 0o600 }).close();
}

interface Waiting {
  readonly code: string;
  readonly exitCode: number;
  readonly message: RegExp;
}

/** A sidecar that waits says why, and ends with the code of the reason. */
async function assertWaits(
  t: TestContext,
  path: string,
  { code, exitCode, message }: Waiting,
  { asUser, workers = 1 }: { readonly asUser?: number; readonly workers?: number } = {},
) {
  const command = [
    process.execPath,
    cli,
    'serve',
    '--read-only',
    '--store',
    path,
    '--port',
    '0',
    '--host',
    '127.0.0.1',
    '--workers',
    String(workers),
  ];
  const prefix = asUser === undefined ? [] : ['setpriv', `--reuid=${asUser}`, `--regid=${asUser}`, '--clear-groups'];
  const child = await Child.start(t, [...prefix, ...command]);
  const [, url = ''] = await child.waitForOutput(/(http:\/\/[\d.:]+), not ready: /);
  assert.match(child.output, message);
  for (const route of ['readyz', 'metrics']) {
    const { status, body } = await getOnce(`${url}/${route}`);
    assert.equal(status, 503);
    assert.equal(JSON.parse(body).code, code);
    assert.match(JSON.parse(body).detail, message);
  }
  assert.equal((await getOnce(`${url}/healthz`)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await child.exit, { code: exitCode, signal: null });
  assert.match(child.output, new RegExp(`^percpu-metrics: .*\\(${code}\\)$`, 'm'));
}

test('a store that is not there yet', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  await assertWaits(t, path, {
    code: 'ERR_PCM_NOT_FOUND',
    exitCode: 5,
    message: /start the application that writes it/,
  });
});

test('a store that is not there yet, with workers', async (t) => {
  const expected = { code: 'ERR_PCM_NOT_FOUND', exitCode: 5, message: /start the application that writes it/ };
  await assertWaits(t, join(temporaryDirectory(t), 'store'), expected, { workers: 2 });
});

test('a store that breaks under its workers', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const service = await Service.start(t, '--store', path, '--workers', '2');
  truncateSync(path, 0);
  const { status, body } = await getOnce(`${service.url}/readyz`);
  assert.equal(status, 503);
  assert.equal(JSON.parse(body).code, 'ERR_PCM_BROKEN');
  assert.deepEqual(await service.child.stop(), { code: 4, signal: null });
  assert.match(service.child.output, /^percpu-metrics: .*\(ERR_PCM_BROKEN\)$/m);
});

test('a store of another version', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  makeStore(path);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([99, 0, 0, 0]), 0, 4, 8);
  closeSync(file);
  await assertWaits(t, path, {
    code: 'ERR_PCM_VERSION',
    exitCode: 6,
    message: /with file format 99, and this one has format \d+; use the same version in every process/,
  });
});

test('a store that this user may not read', { skip: unlessRoot }, async (t) => {
  const directory = temporaryDirectory(t);
  spawnSync('chmod', ['755', directory]);
  const path = join(directory, 'store');
  makeStore(path);
  const expected = { code: 'ERR_PCM_PERMISSION', exitCode: 7, message: /no permission for .*0o660/ };
  await assertWaits(t, path, expected, { asUser: 65_534 });
});

test('a store in a directory that this user may not enter', { skip: unlessRoot }, async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  makeStore(path);
  const expected = { code: 'ERR_PCM_PERMISSION', exitCode: 7, message: /no permission to enter .*; let it do so/ };
  await assertWaits(t, path, expected, { asUser: 65_534 });
});

test('shared memory that is too small', { skip: unlessMayMount }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'percpu-metrics-small-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', directory], { encoding: 'utf8' });
  assert.equal(mounted.status, 0, mounted.stderr);
  t.after(() => {
    spawnSync('umount', ['--lazy', directory]);
    rmdirSync(directory);
  });
  const child = await Child.start(t, [
    process.execPath,
    cli,
    'serve',
    '--store',
    join(directory, 'store'),
    '--port',
    '0',
  ]);
  assert.deepEqual(await child.exit, { code: 8, signal: null });
  await child.waitForOutput(/no space left; enlarge it \(containers: --shm-size, or sizeLimit of the volume\)/);
});

test('a sidecar that had its store ends with 0', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  makeStore(path);
  const sidecar = await Service.start(t, '--read-only', '--store', path);
  assert.equal((await getOnce(`${sidecar.url}/readyz`)).status, 200);
  assert.deepEqual(await sidecar.child.stop(), { code: 0, signal: null });
});
