import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from 'percpu-metrics';
import { Child, type ChildOptions } from '../support/child.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import type { Answer, Command } from './programs/remote-store.js';

const remoteProgram = fileURLToPath(new URL('programs/remote-store.js', import.meta.url));
const clusterProgram = fileURLToPath(new URL('programs/cluster-of-counters.js', import.meta.url));
const nobody = 65534;
const inNamespace = ['unshare', '--mount', '--map-root-user', 'sh', '-c'];
const [unshare = '', ...rest] = inNamespace;
const withoutNamespaces =
  spawnSync(unshare, [...rest, 'mount -t tmpfs tmpfs /mnt']).status === 0
    ? false
    : 'needs the right to mount in a namespace of its own (unshare --mount --map-root-user)';

/** A process with a store, to be told what to do. */
class Remote {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  /** @param shell - What a shell does before it becomes the process, in a mount namespace of its own. */
  static async start(t: TestContext, env: ChildOptions['env'] = {}, shell = ''): Promise<Remote> {
    const program = [process.execPath, remoteProgram];
    const command = shell === '' ? program : [...inNamespace, `${shell} && exec "$@"`, 'sh', ...program];
    return new Remote(await Child.start(t, command, { channel: true, env }));
  }

  ask(command: Command): Promise<Answer> {
    this.child.send(command);
    return this.child.waitForMessage<Answer>();
  }
}

/** An environment without a parent's store. */
const orphan = { PERCPU_METRICS_STORE: undefined };

test('cluster workers find the store of their primary by themselves', async (t) => {
  const child = await Child.start(t, [process.execPath, clusterProgram, '3', '20000'], { env: orphan });
  const [line] = await child.waitForOutput(/^\{.*\}$/m);
  const { paths, families } = JSON.parse(line) as { paths: string[]; families: { series: { value: number }[] }[] };
  assert.equal(paths.length, 4);
  assert.equal(new Set(paths).size, 1, paths.join(' '));
  assert.equal(families.length, 1);
  const values = families[0]?.series.map((series) => series.value).sort((a, b) => a - b);
  assert.deepEqual(values, [20000, 20000, 20000, 60000]);
  await child.exit;
  assert.equal(existsSync(paths[0] ?? ''), false, 'a made-up store goes with its last process');
});

test('a forked process finds the store of its parent, also one that was opened by path', async (t) => {
  const path = join(temporaryDirectory(t), 'store.pcm');
  using store = openStore({ path });
  const child = fork(remoteProgram, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  t.after(() => child.kill());
  const ask = async (command: Command): Promise<Answer> => {
    child.send(command);
    return (await once(child, 'message'))[0] as Answer;
  };
  assert.equal((await ask({ do: 'open' })).path, path);
  await ask({ do: 'count', times: 7 });
  store.counter({ name: 'work_total', help: 'Work.' }).inc();
  assert.equal((await ask({ do: 'total' })).total, 8);
  child.disconnect();
  await once(child, 'exit');
});

test('unrelated processes meet by path, and what they counted outlives them', async (t) => {
  const path = join(temporaryDirectory(t), 'store.pcm');
  const remotes = await Promise.all([Remote.start(t, orphan), Remote.start(t, orphan)]);
  for (const remote of remotes) assert.equal((await remote.ask({ do: 'open', options: { path } })).ephemeral, false);
  await Promise.all(remotes.map((remote) => remote.ask({ do: 'count', times: 1000 })));
  for (const remote of remotes) assert.equal((await remote.ask({ do: 'total' })).total, 2000);
  await Promise.all(remotes.map((remote) => remote.child.stop()));
  const later = await Remote.start(t, orphan);
  await later.ask({ do: 'open', options: { path } });
  assert.equal((await later.ask({ do: 'total' })).total, 2000);
});

test('the counts of a process that is killed stay, and its slot is known to be dead', async (t) => {
  const path = join(temporaryDirectory(t), 'store.pcm');
  using store = openStore({ path });
  const counter = store.counter({ name: 'work_total', help: 'Work.' });
  counter.inc();
  const remote = await Remote.start(t);
  await remote.ask({ do: 'open', options: { path } });
  await remote.ask({ do: 'count', times: 1234 });
  const isAlive = () => store.processes.find((process) => process.pid === remote.child.pid)?.alive;
  assert.equal(isAlive(), true);
  remote.child.kill('SIGKILL');
  assert.deepEqual(await remote.child.exit, { code: null, signal: 'SIGKILL' });
  assert.match(await store.metrics(), /^work_total 1235$/m);
  assert.notEqual(isAlive(), true);
  counter.inc();
  assert.match(await store.metrics(), /^work_total 1236$/m);
});

test('a reader needs nothing of the writers, alive or dead', async (t) => {
  const path = join(temporaryDirectory(t), 'store.pcm');
  const writer = await Remote.start(t, orphan);
  await writer.ask({ do: 'open', options: { path } });
  await writer.ask({ do: 'count', times: 10 });
  const reader = await Remote.start(t, orphan);
  const opened = await reader.ask({ do: 'open', options: { path, readOnly: true } });
  assert.equal(opened.variable, '', 'a store that is only read is not handed to children');
  await writer.ask({ do: 'count', times: 10 });
  assert.equal((await reader.ask({ do: 'total' })).total, 20);
  writer.child.kill('SIGKILL');
  await writer.child.exit;
  assert.equal((await reader.ask({ do: 'total' })).total, 20);
  assert.equal((await reader.ask({ do: 'count', times: 1 })).code, 'ERR_PCM_READ_ONLY');
});

test('a made-up store of a killed process is removed by the next start, and one in use is not', async (t) => {
  const [killed, living] = await Promise.all([Remote.start(t, orphan), Remote.start(t, orphan)]);
  const stale = (await killed.ask({ do: 'open' })).path ?? '';
  const used = (await living.ask({ do: 'open' })).path ?? '';
  assert.notEqual(stale, used);
  assert.equal(dirname(stale), dirname(used));
  killed.child.kill('SIGKILL');
  await killed.child.exit;
  const next = await Remote.start(t, orphan);
  await next.ask({ do: 'open' });
  assert.equal(existsSync(stale), false);
  assert.equal(existsSync(used), true);
});

test('a made-up store disappears when its process ends, and its directory is private', async (t) => {
  const remote = await Remote.start(t, orphan);
  const opened = await remote.ask({ do: 'open' });
  const path = opened.path ?? '';
  assert.equal(opened.ephemeral, true);
  assert.equal(opened.variable, path);
  assert.match(path, new RegExp(`/percpu-metrics-${process.getuid?.()}/${remote.child.pid}-[0-9a-f]{16}\\.pcm$`));
  assert.ok(existsSync(path));
  assert.equal((await remote.ask({ do: 'close' })).variable, '');
  assert.equal(existsSync(path), false);
  assert.equal((await remote.ask({ do: 'open' })).path, path, 'all its threads would meet there again');
});

test('a store whose file is gone is made again by the child that was told of it', async (t) => {
  const path = join(temporaryDirectory(t), 'operator.pcm');
  const remote = await Remote.start(t, { PERCPU_METRICS_STORE: path });
  const opened = await remote.ask({ do: 'open' });
  assert.deepEqual(opened, { path, ephemeral: false, variable: path });
  assert.ok(existsSync(path));
});

test('a reader without a path reads the store of its parent, and fails where there is none', async (t) => {
  const path = join(temporaryDirectory(t), 'store.pcm');
  using _store = openStore({ path });
  const child = await Remote.start(t, { PERCPU_METRICS_STORE: path });
  assert.equal((await child.ask({ do: 'open', options: { readOnly: true } })).path, path);
  const lonely = await Remote.start(t, orphan);
  const answer = await lonely.ask({ do: 'open', options: { readOnly: true } });
  assert.equal(answer.code, 'ERR_PCM_NOT_FOUND');
  assert.match(answer.message ?? '', /neither this process nor PERCPU_METRICS_STORE names one/);
});

test('a store of another user is refused, and stays as it was', async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const path = join(directory, 'store.pcm');
  using store = openStore({ path });
  store.counter({ name: 'work_total', help: 'Work.' }).inc();
  const remote = await Remote.start(t, orphan);
  if (process.getuid?.() === 0) await remote.ask({ do: 'become', user: nobody });
  else chmodSync(path, 0);
  const answer = await remote.ask({ do: 'open', options: { path } });
  assert.equal(answer.code, 'ERR_PCM_PERMISSION');
  assert.match(answer.message ?? '', /no permission for .*store\.pcm; run as the user who made it/);
  assert.deepEqual(readdirSync(directory), ['store.pcm']);
  assert.match(await store.metrics(), /^work_total 1$/m);
});

test('a directory that cannot be written to is an error', async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o555);
  const remote = await Remote.start(t, orphan);
  if (process.getuid?.() === 0) await remote.ask({ do: 'become', user: nobody });
  const answer = await remote.ask({ do: 'open', options: { path: join(directory, 'store.pcm') } });
  assert.equal(answer.code, 'ERR_PCM_PERMISSION');
  assert.deepEqual(readdirSync(directory), []);
});

test('where the addon cannot be loaded the package can be imported, and opening says what to do', async (t) => {
  const directory = temporaryDirectory(t);
  const remote = await Remote.start(t, { PERCPU_METRICS_PREBUILD: directory });
  const answer = await remote.ask({ do: 'open', options: { path: join(directory, 'store.pcm') } });
  assert.equal(answer.code, 'ERR_PCM_ADDON');
  assert.match(answer.message ?? '', /run `npm rebuild percpu-metrics`/);
  assert.equal((await remote.ask({ do: 'open', options: {} })).code, 'ERR_PCM_ADDON');
});

test('a file system without space is an error, when opening or for a series, and never kills', {
  skip: withoutNamespaces,
}, async (t) => {
  for (const size of ['8k', '400k']) {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'store.pcm');
    const remote = await Remote.start(t, orphan, `mount -t tmpfs -o size=${size} tmpfs ${directory}`);
    let answer = await remote.ask({ do: 'open', options: { path } });
    if (size !== '8k') {
      assert.equal(answer.path, path);
      answer = await remote.ask({ do: 'fill' });
    }
    assert.equal(answer.code, 'ERR_PCM_NO_SPACE');
    assert.match(answer.message ?? '', /store\.pcm has no space left; enlarge it .*--shm-size/);
    if (size !== '8k') assert.equal((await remote.ask({ do: 'total' })).total, 1);
  }
});
