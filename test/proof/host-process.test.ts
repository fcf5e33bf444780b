/** Nothing that happens to a store or to its surroundings may end the process that uses it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Child } from '../support/child.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const CLOSED_BY_OWNER = `
  import { openStore } from 'percpu-metrics';
  import { OpenedStore } from 'percpu-metrics/server';
  const store = openStore({ path: process.argv[1] });
  const source = new OpenedStore(store);
  store.close();
  setTimeout(() => {
    try { source.store.snapshot(); } catch (error) { console.log('alive', error.code); }
    source.close();
  }, 2500);`;

const FAILING_LISTENER = `
  import { openStore } from 'percpu-metrics';
  import { AttachedStore } from 'percpu-metrics/server';
  const source = new AttachedStore(process.argv[1], () => { throw new Error('the listener'); });
  setTimeout(() => openStore({ path: process.argv[1] }), 200);
  setTimeout(() => { console.log('alive', source.store.info.readOnly); source.close(); process.exit(0); }, 3500);`;

for (const [title, program, output] of [
  ['a source whose store its owner has closed', CLOSED_BY_OWNER, /^alive ERR_PCM_CLOSED$/m],
  ['a sidecar whose listener throws', FAILING_LISTENER, /^alive true$/m],
] as const) {
  test(`${title} does not end its process`, async (t) => {
    const path = join(temporaryDirectory(t), 'store');
    const child = await Child.start(t, [process.execPath, '--input-type=module', '--eval', program, path], {});
    await child.waitForOutput(output);
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
