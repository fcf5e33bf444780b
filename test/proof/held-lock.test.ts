/** Another process holds the lock of the store and does not let it go, as one that was stopped within it would. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Child } from '../support/child.js';
import { temporaryService, valuesOf } from '../unit/server/service-app.js';

/** An open file description lock on the first byte, which Node has no call for. */
const HOLD = `
import fcntl, os, struct, sys
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(file, 37, struct.pack('hhqqixxxx', fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0))
print('held', flush=True)
sys.stdin.readline()
`;

async function holdLock(t: TestContext, path: string): Promise<Child> {
  const holder = await Child.start(t, ['python3', '-c', HOLD, path]);
  await holder.waitForOutput(/held/);
  return holder;
}

test('what cannot be set is not acknowledged, and nothing of its batch is counted', async (t) => {
  const { service, store } = await temporaryService(t);
  // Once something was added to a gauge, setting it takes the lock.
  await service.count('/v1/gauges/level', { op: 'inc', value: 5 });
  // Without that, setting it takes none.
  await service.count('/v1/gauges/plain', { value: 1 });
  await service.count('/v1/counters/jobs_total', {});
  const before = valuesOf(store);
  const holder = await holdLock(t, store.path);
  const { status, code, index } = await service.refuse('/v1/batch', {
    items: [
      { type: 'counter', name: 'jobs_total' },
      { type: 'gauge', name: 'plain', value: 99 },
      { type: 'gauge', name: 'level', value: 3 },
    ],
  });
  assert.deepEqual([status, code, index], [503, 'ERR_PCM_LOCK_TIMEOUT', 1]);
  assert.deepEqual(valuesOf(store), before);
  holder.writeLine('');
  assert.equal((await holder.exit).code, 0);
  await service.count('/v1/gauges/level', { value: 3 });
  assert.equal(valuesOf(store)['level{}'], 3);
});

test('a stopped process that holds the lock keeps an event loop waiting once, and increments not at all', async (t) => {
  const { service, store } = await temporaryService(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.' }).labels();
  const level = store.gauge({ name: 'level', help: 'Level.' });
  level.inc(5);
  await service.count('/v1/counters/requests_total', {});
  const holder = await holdLock(t, store.path);
  holder.kill('SIGSTOP');
  t.after(() => holder.kill('SIGCONT'));
  const from = performance.now();
  for (let attempt = 0; attempt < 15; attempt++) {
    jobs.inc();
    await service.count('/v1/counters/requests_total', {});
    assert.equal((await service.refuse('/v1/gauges/level', { value: 1 })).code, 'ERR_PCM_LOCK_TIMEOUT');
    assert.equal((await service.refuse(`/v1/counters/new_${attempt}`, {})).code, 'ERR_PCM_LOCK_TIMEOUT');
    assert.throws(() => level.setOrThrow(1), { code: 'ERR_PCM_LOCK_TIMEOUT' });
    assert.equal((await service.get('/healthz')).status, 200);
    assert.match((await service.get('/metrics')).body, /^level 5$/m);
  }
  // Were each of them to wait as long as the first one, it would take more than 45 s.
  assert.ok(performance.now() - from < 20_000, `45 refusals took ${performance.now() - from} ms`);
  holder.kill('SIGCONT');
  holder.writeLine('');
  assert.equal((await holder.exit).code, 0);
  level.setOrThrow(3);
  assert.deepEqual(valuesOf(store), { 'jobs_total{}': 15, 'level{}': 3, 'requests_total{}': 16 });
});

test('the items of a batch count as if they were applied in their order', async (t) => {
  const { service, store } = await temporaryService(t);
  const gauge = (op: string, value: number, labels = {}) => ({ type: 'gauge', name: 'level', op, value, labels });
  await service.count('/v1/batch', {
    items: [gauge('inc', 100), gauge('set', 7), gauge('inc', 2), gauge('set', 4), gauge('dec', 1), gauge('inc', 0.5)],
  });
  assert.deepEqual(valuesOf(store), { 'level{}': 3.5 });
});
