/** Requests in flight are those of processes that live. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStore, type Store } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { numberOf } from '../support/temporary-store.js';

const program = fileURLToPath(new URL('./programs/waiting-application.js', import.meta.url));
const patience = 30_000;

async function untilInFlight(store: Store, expected: number): Promise<void> {
  const end = performance.now() + patience;
  const value = () => numberOf(store, 'http_requests_in_flight');
  while (value() !== expected) {
    assert.ok(performance.now() < end, `${value()} requests are in flight, and not ${expected}`);
    await sleep(10);
  }
}

test('the requests of a process that was killed are in flight no more, those of others are', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const applications = [];
  for (const requests of [3, 2]) {
    const application = await Child.start(t, [process.execPath, program, path], { channel: true });
    const port = await application.waitForMessage<number>();
    for (let sent = 0; sent < requests; sent++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      t.after(() => socket.destroy());
      await once(socket, 'connect');
      socket.write('GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n');
    }
    applications.push(application);
  }
  using store = openStore({ path, readOnly: true });
  await untilInFlight(store, 5);
  const [victim] = applications;
  assert.ok(victim);
  process.kill(victim.pid, 'SIGKILL');
  await victim.exit;
  await untilInFlight(store, 2);
});
