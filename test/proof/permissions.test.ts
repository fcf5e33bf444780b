/** Who may get at a store, and what a reader can do to it. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, constants, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { mappingsOf, openFlagsOf } from '../support/file-use.js';
import { unlessRoot } from '../support/privileges.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** `nobody` of every distribution; the number is all that the kernel looks at. */
const OTHER_USER = 65534;

/** As another user: opens a store for writing and for reading, and tells how that ended. */
const ATTEMPT = `
  const [path, user] = process.argv.slice(1);
  const { openStore } = await import('percpu-metrics');
  // Loads the addon, which the other user may not be able to reach.
  try { openStore({ path: '/nothing/nowhere', readOnly: true }); } catch {}
  process.setgroups([]);
  process.setgid(Number(user));
  process.setuid(Number(user));
  const results = [false, true].map((readOnly) => {
    try {
      const store = openStore({ path, readOnly });
      if (!readOnly) store.counter({ name: 'visits_total', help: 'Visits.' }).inc();
      store.close();
      return 'open';
    } catch (error) {
      return error.code;
    }
  });
  console.log('result', results.join(' '));`;

async function attemptAs(t: TestContext, path: string, user: number): Promise<string> {
  const child = await Child.start(t, [process.execPath, '--input-type=module', '--eval', ATTEMPT, path, String(user)]);
  const [, result = ''] = await child.waitForOutput(/result (.*)\n/);
  return result;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

test('a store that nobody named is made 0600 in a directory of its own, 0700, whatever the umask', (t) => {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const root = temporaryDirectory(t);
  const before = process.env['PERCPU_METRICS_STORE'];
  delete process.env['PERCPU_METRICS_STORE'];
  t.after(() => {
    if (before !== undefined) process.env['PERCPU_METRICS_STORE'] = before;
  });
  using store = openStore();
  assert.equal(modeOf(store.path), '600');
  assert.equal(modeOf(dirname(store.path)), '700');
  assert.equal(statSync(dirname(store.path)).uid, process.getuid?.());
  using named = openStore({ path: join(root, 'store') });
  assert.equal(modeOf(named.path), '600');
  using wide = openStore({ path: join(root, 'wide'), mode: 0o660 });
  assert.equal(modeOf(wide.path), '660');
});

test('neither a symbolic link nor what is no file is followed', (t) => {
  const root = temporaryDirectory(t);
  using store = openStore({ path: join(root, 'store') });
  symlinkSync(store.path, join(root, 'link'));
  symlinkSync(join(root, 'nothing'), join(root, 'dangling'));
  mkdirSync(join(root, 'directory'));
  for (const name of ['link', 'dangling', 'directory']) {
    for (const readOnly of [false, true]) {
      assert.throws(() => openStore({ path: join(root, name), readOnly }), { code: 'ERR_PCM_UNSAFE_PATH' }, name);
    }
  }
  assert.throws(() => statSync(join(root, 'nothing')), { code: 'ENOENT' }, 'nothing was made behind the link');
});

test('another user attaches only where the mode of the store says so', { skip: unlessRoot }, async (t) => {
  const root = temporaryDirectory(t);
  chmodSync(root, 0o755);
  using closed = openStore({ path: join(root, 'closed') });
  using readable = openStore({ path: join(root, 'readable'), mode: 0o644 });
  using shared = openStore({ path: join(root, 'shared'), mode: 0o666 });
  assert.equal(await attemptAs(t, closed.path, OTHER_USER), 'ERR_PCM_PERMISSION ERR_PCM_PERMISSION');
  assert.equal(await attemptAs(t, readable.path, OTHER_USER), 'ERR_PCM_PERMISSION open');
  assert.equal(await attemptAs(t, shared.path, OTHER_USER), 'open open');
  assert.equal(shared.snapshot()[0]?.name, 'visits_total');
});

test('a directory for stores that belongs to somebody else is not used', { skip: unlessRoot }, async (t) => {
  const root = temporaryDirectory(t);
  // The program looks for the directory of user 0 in there, and finds one that another user has made.
  const trap = join(root, 'percpu-metrics-0');
  mkdirSync(trap, { mode: 0o700 });
  chownSync(trap, OTHER_USER, OTHER_USER);
  const { ensurePrivate } = await import('#src/store/location.js');
  assert.throws(() => ensurePrivate(trap), { code: 'ERR_PCM_UNSAFE_PATH' });
  chownSync(trap, 0, 0);
  chmodSync(trap, 0o770);
  assert.throws(() => ensurePrivate(trap), { code: 'ERR_PCM_UNSAFE_PATH' });
  rmSync(trap, { recursive: true });
  symlinkSync(root, trap);
  assert.throws(() => ensurePrivate(trap), { code: 'ERR_PCM_UNSAFE_PATH' });
});

/** The bits of a descriptor's flags that say what it may be used for. */
const ACCESS_MODE = constants.O_RDONLY | constants.O_WRONLY | constants.O_RDWR;

function accessModesOf(path: string): number[] {
  return openFlagsOf(path).map((flags) => flags & ACCESS_MODE);
}

test('a reader opens and maps the store without the right to write, and every way to write is refused', (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const writer = openStore({ path });
  writer.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(3);
  assert.deepEqual(mappingsOf(path), ['rw-s']);
  assert.deepEqual(accessModesOf(path), [constants.O_RDWR]);
  writer.close();
  assert.deepEqual([mappingsOf(path), accessModesOf(path)], [[], []]);
  using reader = openStore({ path, readOnly: true });
  assert.deepEqual(mappingsOf(path), ['r--s']);
  assert.deepEqual(accessModesOf(path), [constants.O_RDONLY]);
  const before = readFileSync(path);
  for (const declare of ['counter', 'gauge', 'histogram'] as const) {
    assert.throws(() => reader[declare]({ name: 'jobs_total', help: 'Jobs.' }), { code: 'ERR_PCM_READ_ONLY' });
  }
  assert.throws(() => reader.unlink(), { code: 'ERR_PCM_READ_ONLY' });
  assert.equal(reader.snapshot()[0]?.name, 'jobs_total');
  assert.deepEqual(readFileSync(path).equals(before), true, 'not a byte of the file was changed');
});
