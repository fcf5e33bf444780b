/** Series that one process removes while another one counts in them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Store } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { temporaryStore } from '../support/temporary-store.js';

const program = fileURLToPath(new URL('programs/removing.js', import.meta.url));

async function start(t: TestContext, store: Store) {
  const child = await Child.start(t, [process.execPath, program, store.path], { channel: true });
  await child.waitForMessage();
  return async (command: { remove?: string; count?: string }) => {
    child.send(command);
    await child.waitForMessage();
  };
}

function values(store: Store): Record<string, unknown> {
  const series = store.snapshot()[0]?.series ?? [];
  return Object.fromEntries(series.map((one) => [one.labels['x'], 'value' in one && one.value]));
}

test('a series that another process removes comes back from 0, and new ones never get what is added to old handles', {
  timeout: 120_000,
}, async (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const counter = store.counter({ name: 'a_total', help: 'A.', labelNames: ['x'] });
  const ask = await start(t, store);
  const old = counter.labels('old');
  old.inc(5);
  await ask({ count: 'old' });
  assert.deepEqual(values(store), { old: 1005 });
  // This process is told by the clock; until then it adds to the cell of what was removed, which nobody may get.
  await ask({ remove: 'old' });
  const deadline = Date.now() + 60_000;
  for (let round = 0; values(store)['old'] === undefined && Date.now() < deadline; round += 1) {
    old.inc();
    await ask({ count: `new ${round}` });
    assert.equal(values(store)[`new ${round}`], 1000);
    old.inc();
    await ask({ remove: `new ${round}` });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const before = Number(values(store)['old']);
  assert.ok(before === 1 || before === 2, `${before} of it was added since this process knows of the removal`);
  await ask({ count: 'old' });
  old.inc();
  assert.deepEqual(values(store), { old: before + 1001 });
});
