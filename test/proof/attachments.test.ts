/** Attaching and detaching for as long as one likes, and running out of room. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { mappingsOf } from '../support/file-use.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { numberOf } from '../support/temporary-store.js';
import { temporaryService, valuesOf } from '../unit/server/service-app.js';

const ATTACHMENTS = 10_000;

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

test(`${ATTACHMENTS} attachments come and go, count, and leave nothing behind`, (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const definition = { name: 'visits_total', help: 'Visits.' };
  const warmUp = () => {
    using store = openStore({ path });
    store.counter(definition).inc();
  };
  warmUp();
  const before = descriptors();
  const mapped = mappingsOf(path);
  for (let count = 1; count < ATTACHMENTS; count += 1) warmUp();
  assert.ok(descriptors() <= before, `${descriptors()} descriptors are open, ${before} were`);
  assert.deepEqual([mapped, mappingsOf(path)], [[], []]);
  using reader = openStore({ path, readOnly: true });
  assert.equal(numberOf(reader, 'visits_total'), ATTACHMENTS);
  assert.equal(reader.processes.filter(({ alive }) => alive).length, 0);
  assert.equal(reader.info.cellsUsed, 1);
});

test('a store that is full refuses new series over HTTP and goes on counting those that there are', async (t) => {
  const { service, store } = await temporaryService(t, { capacity: 1024 });
  const url = '/v1/counters/orders_total';
  const model: Record<string, number> = {};
  let refused = 0;
  for (let id = 0; id < 1200; id += 1) {
    const labels = { id: String(id) };
    const { status, body } = await service.post(url, { labels });
    if (status === 204) {
      model[`orders_total${JSON.stringify(labels)}`] = 1;
    } else {
      assert.equal(status, 507, body);
      assert.match(body, /ERR_PCM_CAPACITY/);
      refused += 1;
    }
  }
  assert.ok(refused > 100 && Object.keys(model).length > 400, `${refused} refused`);
  assert.deepEqual(valuesOf(store), model, 'what was refused is not there, not even with the value 0');
  await service.count(url, { labels: { id: '0' }, value: 41 });
  assert.equal(numberOf(store, 'orders_total', { id: '0' }), 42);
  assert.equal((await service.get('/metrics')).status, 200);
  assert.equal((await service.get('/readyz')).status, 200);
});
