/** What an amount was about: given with it, or by the store; kept per series and bucket, and never in the way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore, type StoreOptions } from 'percpu-metrics';
import { exemplarsOf } from '../../support/exemplars-of.js';
import { temporaryStore } from '../../support/temporary-store.js';
import { warningsOf } from '../../support/warnings-of.js';

const bounds = [1, 10];

test('the last exemplar of a counter and of each bucket is kept', async (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'], exemplars: true });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', buckets: bounds, exemplars: true });
  jobs.labels('a').inc(1, { trace_id: 'first' });
  jobs.labels('a').inc(2, { trace_id: 'last', span_id: '"7"\n' });
  jobs.labels('b').inc();
  wait.observe(0.5, { trace_id: 'low' });
  wait.observe(1, { trace_id: 'bound' });
  wait.observe(99, { trace_id: 'größe' });
  assert.deepEqual(await exemplarsOf(store), {
    'jobs_total{queue="a"}': '{trace_id="last",span_id="\\"7\\"\\n"} 2',
    'wait_bucket{le="1.0"}': '{trace_id="bound"} 1',
    'wait_bucket{le="+Inf"}': '{trace_id="größe"} 99',
  });
  assert.doesNotMatch(await store.metrics(), / # \{/);
  assert.match(await store.metrics(), /^jobs_total\{queue="a"\} 3\n/m);
});

test('the store gives exemplars where none is given with the amount, and only where the family wants them', async (t) => {
  let current: Record<string, string> | undefined = { trace_id: 'in force' };
  let calls = 0;
  const exemplar = () => {
    calls += 1;
    return current;
  };
  const store = temporaryStore(t, { exemplar });
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', exemplars: true });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', buckets: bounds, exemplars: true });
  const plain = store.counter({ name: 'plain_total', help: 'Plain.' });
  jobs.inc();
  wait.time(() => {});
  plain.inc(1, { trace_id: 'left out' });
  assert.equal(calls, 2);
  const read = await exemplarsOf(store);
  assert.equal(read['jobs_total'], '{trace_id="in force"} 1');
  assert.match(read['wait_bucket{le="1.0"}'] ?? '', /^\{trace_id="in force"\} /);
  assert.equal(read['plain_total'], undefined);
  jobs.inc(1, { trace_id: 'given' });
  assert.equal((await exemplarsOf(store))['jobs_total'], '{trace_id="given"} 1');
  current = undefined;
  jobs.inc(7);
  assert.equal((await exemplarsOf(store))['jobs_total'], '{trace_id="given"} 1');
});

test('a batch notes what the store gives, where the family wants it', async (t) => {
  const store = temporaryStore(t, { exemplar: () => ({ trace_id: 'in force' }) });
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', exemplars: true });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', buckets: bounds, exemplars: true });
  const plain = store.counter({ name: 'plain_total', help: 'Plain.' });
  const level = store.gauge({ name: 'level', help: 'Level.' });
  const batch = store.batch([plain, jobs, level, wait]);
  batch.record(1, 2, 3, 4);
  const expected = { jobs_total: '{trace_id="in force"} 2', 'wait_bucket{le="10.0"}': '{trace_id="in force"} 4' };
  assert.deepEqual(await exemplarsOf(store), expected);
  assert.throws(() => batch.record(1, 7, 3, Number.NaN), { code: 'ERR_PCM_AMOUNT_NOT_FINITE' });
  assert.deepEqual(await exemplarsOf(store), expected);
  assert.match(await store.metrics(), /^jobs_total 2$/m);
});

test('a sidecar and other processes read them, and a reset takes them away', async (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', exemplars: true });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', buckets: [1, 2], exemplars: true });
  jobs.inc(1, { trace_id: 'x' });
  using reader = openStore({ path: store.path, readOnly: true });
  assert.deepEqual(await exemplarsOf(reader), { jobs_total: '{trace_id="x"} 1' });
  jobs.reset();
  assert.deepEqual(await exemplarsOf(reader), {});
  for (let round = 0; round < 20; round += 1) {
    wait.observe(1, { trace_id: 'y' });
    wait.observe(3, { trace_id: 'z' });
    wait.reset();
    assert.deepEqual(await exemplarsOf(reader), {});
  }
  wait.observe(3, { trace_id: 'z' });
  assert.deepEqual(await exemplarsOf(reader), { 'wait_bucket{le="+Inf"}': '{trace_id="z"} 3' });
});

test('an exemplar that cannot be kept is left out and reported once; the amount is counted', async (t) => {
  for (const bad of [
    { 'trace.id': 'x' },
    { '': 'x' },
    { '1a': 'x' },
    { trace_id: 'x'.repeat(121) },
    { trace_id: 7 },
    { trace_id: 'ü'.repeat(110) },
    Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`l${n}`, ''])),
    'trace',
  ]) {
    const store = temporaryStore(t);
    const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', exemplars: true });
    const warnings = await warningsOf(() => {
      jobs.inc(1, bad as never);
      jobs.inc(1, bad as never);
    });
    assert.equal(warnings.length, 1, JSON.stringify(bad));
    assert.equal(warnings[0]?.code, 'ERR_PCM_EXEMPLAR');
    assert.match(warnings[0].message, /^an exemplar of jobs_total is left out, the amount is counted: /);
    assert.deepEqual(await exemplarsOf(store), {});
    assert.match(await store.metrics(), /^jobs_total 2$/m);
  }
});

test('an exemplar function that fails is reported once, and an amount that is refused has none', async (t) => {
  const exemplar = () => {
    throw new Error('no trace');
  };
  const store = temporaryStore(t, { exemplar });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', buckets: bounds, exemplars: true });
  const warnings = await warningsOf(() => {
    wait.observe(2);
    wait.observe(2);
  });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.message ?? '', /the exemplar function of the store failed: .*no trace/);
  assert.throws(() => wait.observe(Number.NaN, { trace_id: 'x' }), { code: 'ERR_PCM_AMOUNT_NOT_FINITE' });
  assert.deepEqual(await exemplarsOf(store), {});
  assert.match(await store.metrics(), /^wait_count 2$/m);
});

for (const [what, labels] of [
  [
    'a getter',
    {
      get trace_id(): string {
        throw new Error('boom');
      },
    },
  ],
  [
    'a trap',
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('boom');
        },
      },
    ),
  ],
] as const) {
  test(`an exemplar whose labels throw, of ${what}, is reported, and the amount is counted`, async (t) => {
    const store = temporaryStore(t);
    const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', exemplars: true });
    const warnings = await warningsOf(() => {
      jobs.inc(1, labels);
      jobs.inc(1, labels);
    });
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0]?.code, 'ERR_PCM_EXEMPLAR');
    assert.match(warnings[0].message, /its labels cannot be read: .*boom/);
    assert.match(await store.metrics(), /^jobs_total 2$/m);
  });
}

test('where the store has no room for exemplars, amounts are counted without them', async (t) => {
  const store = temporaryStore(t, { capacity: 1024 });
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['n'], exemplars: true });
  const filler = store.counter({ name: 'filler_total', help: 'Filler.', labelNames: ['n'] });
  const free = () => store.info.catalogCapacity - store.info.catalogBytes;
  for (let n = 0; free() > 300; n += 1) filler.labels(`${n}${'x'.repeat(free() > 40_000 ? 16_000 : 0)}`);
  assert.ok(free() > 150, `${free()} bytes are too few for a series`);
  const warnings = await warningsOf(() => jobs.labels('a').inc(1, { trace_id: 'x' }));
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]?.code, 'ERR_PCM_EXEMPLAR');
  assert.match(warnings[0].message, /jobs_total.*capacity/);
  assert.match(await store.metrics(), /^jobs_total\{n="a"\} 1$/m);
});

test('a handle of a closed store does nothing', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', exemplars: true });
  store.close();
  jobs.inc(1, { trace_id: 'x' });
});

test('wrong options are refused', (t) => {
  const store = temporaryStore(t);
  const code = 'ERR_PCM_OPTION';
  const options = { name: 'jobs_total', help: 'Jobs.' };
  assert.throws(() => store.counter({ ...options, exemplars: 'yes' as never }), { code, message: /true or false/ });
  assert.throws(() => store.gauge({ ...options, exemplars: true } as never), { code, message: /unknown option/ });
  assert.throws(() => store.summary({ ...options, exemplars: true } as never), { code, message: /unknown option/ });
  store.counter({ ...options, exemplars: true });
  assert.throws(() => store.counter(options), { code, message: /declared with exemplars before/ });
  assert.throws(() => openStore({ path: store.path, exemplar: {} } as unknown as StoreOptions), { code });
});

test('a snapshot has exemplars where it is asked for them, and only of series that have any', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'], exemplars: true });
  const wait = store.histogram({ name: 'wait', help: 'Wait.', buckets: bounds, exemplars: true });
  const size = store.nativeHistogram({ name: 'size', help: 'Size.', exemplars: true });
  jobs.labels('a').inc(2, { trace_id: 'größe"\n', span_id: '7' });
  jobs.labels('b').inc();
  wait.observe(99, { trace_id: 'high' });
  size.observe(0.5, { trace_id: 'small' });
  const found = store
    .snapshot({ exemplars: true })
    .flatMap(({ series }) => series.map(({ exemplars }) => exemplars ?? 'none'));
  for (const { timestamp = 0 } of found.flat().filter((one) => typeof one === 'object')) {
    assert.ok(Math.abs(timestamp - Date.now()) < 60_000, String(timestamp));
  }
  const shown = found.map((one) => (one === 'none' ? one : one.map(({ timestamp: _, ...rest }) => rest)));
  const part = shown[3] === 'none' ? undefined : shown[3]?.[0]?.bucket;
  assert.ok(part !== undefined && part >= 0 && part < 10, String(part));
  assert.deepEqual(shown, [
    [{ bucket: 0, labels: { trace_id: 'größe"\n', span_id: '7' }, value: 2 }],
    'none',
    [{ bucket: 2, labels: { trace_id: 'high' }, value: 99 }],
    [{ bucket: part, labels: { trace_id: 'small' }, value: 0.5 }],
  ]);
  assert.ok(store.snapshot().every(({ series }) => series.every((one) => !('exemplars' in one))));
});
