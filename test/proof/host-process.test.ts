/** Nothing that happens to a store or to its surroundings may end the process that uses it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Child } from '../support/child.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Ends when the source has looked at the closed store, which it does by a timer. */
const CLOSED_BY_OWNER = `
  import { openStore } from 'percpu-metrics';
  import { OpenedStore } from 'percpu-metrics/server';
  const store = openStore({ path: process.argv[1] });
  const source = new OpenedStore(store);
  store.close();
  const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(store), 'broken');
  const alive = setInterval(() => {}, 1000);
  const end = () => {
    try { source.store.snapshot(); } catch (error) { console.log('alive', error.code); }
    source.close();
    clearInterval(alive);
  };
  Object.defineProperty(store, 'broken', { get() { setImmediate(end); return get.call(store); } });`;

const FAILING_LISTENER = `
  import { openStore } from 'percpu-metrics';
  import { AttachedStore } from 'percpu-metrics/server';
  const alive = setInterval(() => {}, 1000);
  const source = new AttachedStore(process.argv[1], (message) => {
    if (message.startsWith('attached')) {
      setImmediate(() => {
        console.log('alive', source.store.info.readOnly);
        source.close();
        clearInterval(alive);
      });
    }
    throw new Error('the listener');
  });
  openStore({ path: process.argv[1] });`;

for (const [title, program, output] of [
  ['a source whose store its owner has closed', CLOSED_BY_OWNER, /^alive ERR_PCM_CLOSED$/m],
  ['a sidecar whose listener throws', FAILING_LISTENER, /^alive true$/m],
] as const) {
  test(`${title} does not end its process`, async (t) => {
    const path = join(temporaryDirectory(t), 'store');
    const child = await Child.start(t, [process.execPath, '--input-type=module', '--eval', program, path], {});
    await child.waitForOutput(output);
    assert.deepEqual(await child.exit, { code: 0, signal: null }, child.output);
  });
}

/** Counts into the hole of a truncated file, and then hears of a signal that it sends to itself. */
const SIGBUS_LISTENER = `
  import { truncateSync } from 'node:fs';
  import { openStore } from 'percpu-metrics';
  const [path, order] = process.argv.slice(1);
  let heard = () => { throw new Error('a fault of a store was heard of'); };
  const listener = () => heard();
  const count = () => {
    const store = openStore({ path });
    const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.' });
    return () => {
      truncateSync(path, 0);
      jobs.inc();
      if (!store.broken) throw new Error('it is not broken');
    };
  };
  if (order === 'before') process.on('SIGBUS', listener);
  const countIntoHole = count();
  if (order === 'after') process.on('SIGBUS', listener);
  if (order === 'gone') for (let i = 0; i < 100; i += 1) process.on('SIGBUS', listener).off('SIGBUS', listener);
  if (order === 'once') {
    const alive = setInterval(() => {}, 1000);
    await new Promise((resolve) => { process.once('SIGBUS', resolve).kill(process.pid, 'SIGBUS'); });
    clearInterval(alive);
  }
  countIntoHole();
  await new Promise(setImmediate);
  if (order === 'before' || order === 'after') {
    heard = () => { console.log('alive'); process.exit(0); };
    setInterval(() => {}, 1000);
    process.kill(process.pid, 'SIGBUS');
  } else {
    console.log('alive');
  }`;

for (const [order, what] of [
  ['before', 'listens for SIGBUS before it opens a store'],
  ['after', 'listens for SIGBUS after it has opened a store'],
  ['gone', 'has listened for SIGBUS'],
  ['once', 'has listened for SIGBUS once'],
] as const) {
  test(`a process that ${what} survives a truncated file, and hears of signals only`, async (t) => {
    const path = join(temporaryDirectory(t), 'store');
    const program = [process.execPath, '--input-type=module', '--eval', SIGBUS_LISTENER, path, order];
    const child = await Child.start(t, program, {});
    await child.waitForOutput(/^alive$/m);
    assert.deepEqual(await child.exit, { code: 0, signal: null }, child.output);
  });
}

test('a service whose log nobody reads any more goes on serving', async (t) => {
  for (const args of [[], ['--workers', '2']]) {
    const path = join(temporaryDirectory(t), 'store');
    const service = await Service.start(t, '--store', path, '--log-level', 'debug', ...args);
    const workers = service.workers();
    service.child.closeErrorOutput();
    // Each of them is logged.
    for (let count = 0; count < 10; count += 1) assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    assert.ok(service.child.running);
    assert.deepEqual(service.workers(), workers);
  }
});
