/** What there is to see in a store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectStore } from '#src/cli/inspection.js';
import { formatBytes, inspectionText } from '#src/cli/inspection-text.js';
import { expectedBackend } from '../../support/expected-mode.js';
import { temporaryStore } from '../../support/temporary-store.js';

test('a look has the file, the processes, every series with its value, and how it is spread over the CPUs', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'] });
  jobs.labels('mail').inc(30);
  jobs.labels('sms').inc(10);
  store.gauge({ name: 'level', help: 'Level.' }).inc(1000);
  store.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [1] }).observe(0.5);
  const inspection = inspectStore(store);

  assert.equal(inspection.path, store.path);
  assert.deepEqual(inspection.store, store.info);
  assert.deepEqual(
    inspection.processes.map(({ pid, alive }) => [pid, alive]),
    [[process.pid, true]],
  );
  assert.deepEqual(
    inspection.families.map(({ name, type }) => [name, type]),
    [
      ['jobs_total', 'counter'],
      ['level', 'gauge'],
      ['wait_seconds', 'histogram'],
    ],
  );
  const [mail] = inspection.families[0]?.series ?? [];
  assert.ok(mail && 'value' in mail && mail.value === 30);
  assert.equal(mail.createdAt, store.snapshot({ createdAt: true })[0]?.series[0]?.createdAt);
  assert.equal(mail.spread.max, Math.max(...mail.spread.cpus.map(Number)));
  assert.equal(mail.spread.min, Math.min(...mail.spread.cpus.map(Number)));
  const lanes = [...mail.spread.cpus, ...mail.spread.atomic];
  assert.equal(
    lanes.reduce<number>((sum, amount) => sum + Number(amount), 0),
    30,
  );
});

test('shares of the CPUs are those of what only goes up', (t) => {
  const store = temporaryStore(t);
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(30);
  store.gauge({ name: 'level', help: 'Level.' }).inc(1000);
  const { cpus } = inspectStore(store);
  assert.equal(cpus.length, store.info.lanes);
  // What atomic lanes hold is no CPU's.
  const byCpu = expectedBackend === 'rseq';
  assert.equal(
    cpus.reduce((sum, { amount }) => sum + Number(amount), 0),
    byCpu ? 30 : 0,
  );
  assert.equal(
    cpus.reduce((sum, { share }) => sum + share, 0),
    byCpu ? 1 : 0,
  );
});

test('all lanes are read in one pass, however many families there are', (t) => {
  const store = temporaryStore(t);
  for (let id = 0; id < 20; id += 1) store.counter({ name: `family_${id}_total`, help: 'Many.' }).inc(id);
  let passes = 0;
  const watched = new Proxy(store, {
    get(target, property) {
      if (property === 'perCpu') passes += 1;
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const { families } = inspectStore(watched);
  assert.equal(passes, 1);
  assert.equal(families.length, 20);
  for (const [id, family] of families.entries()) {
    const lanes = family.series.flatMap(({ spread }) => [...spread.cpus, ...spread.atomic]);
    assert.equal(
      lanes.reduce<number>((sum, amount) => sum + Number(amount), 0),
      id,
    );
  }
});

test('a store without anything, and one without lanes of CPUs, can be looked at', (t) => {
  const empty = inspectStore(temporaryStore(t));
  assert.deepEqual(empty.families, []);
  assert.ok(empty.cpus.every(({ share }) => share === 0));
  assert.match(inspectionText(empty), /There is no family yet\./);

  const store = temporaryStore(t, { backend: 'atomic' });
  store.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(7);
  const inspection = inspectStore(store);
  assert.deepEqual(inspection.cpus, []);
  assert.match(inspectionText(inspection), /This back end has no lanes of CPUs\./);
  assert.match(inspectionText(inspection), /^jobs_total +counter +7 +0 +0 +7$/m);
});

test('nothing in a look is a number that JSON does not have', (t) => {
  const store = temporaryStore(t);
  store.gauge({ name: 'a', help: 'A.' }).set(Number.NaN);
  store.gauge({ name: 'b', help: 'B.' }).set(Number.NEGATIVE_INFINITY);
  store.histogram({ name: 'c', help: 'C.' }).observe(1);
  const inspection = inspectStore(store);
  assert.deepEqual(JSON.parse(JSON.stringify(inspection)), inspection);
});

test('the text shows families, values, spread and processes in lines', (t) => {
  const store = temporaryStore(t);
  store
    .counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'] })
    .labels('mail')
    .inc(30);
  store.histogram({ name: 'wait_seconds', help: 'Wait.' }).observe(0.5);
  store.counter({ name: 'unused_total', help: 'Unused.', labelNames: ['a'] });
  const text = inspectionText(inspectStore(store));
  assert.match(text, new RegExp(`^store +${store.path}$`, 'm'));
  assert.match(text, /^back end +rseq, format \d+, \d+ CPU lanes, \d+ atomic lanes$/m);
  assert.match(text, new RegExp(`^ *${process.pid} +yes +\\S+ +\\S+ +\\S+Z +\\d+ +\\d+$`, 'm'));
  assert.match(text, /^jobs_total\{queue="mail"\} +counter +30 +\d+ +\d+ +\d+$/m);
  assert.match(text, /^wait_seconds +histogram +1 \(sum 0\.5\) +\d+ +\d+ +\d+$/m);
  assert.match(text, /^unused_total +counter +- +- +- +-$/m);
});

test('what somebody wrote into a label cannot move the cursor or break a line', (t) => {
  const store = temporaryStore(t);
  const nasty = '\u001b[2J\n\u202e\u2028\u009b';
  store
    .counter({ name: 'a_total', help: 'A.', labelNames: ['x'] })
    .labels(nasty)
    .inc();
  const text = inspectionText(inspectStore(store));
  assert.ok(
    [...nasty].every((character) => character === '[' || /[2J\n]/.test(character) || !text.includes(character)),
  );
  assert.match(text, /^a_total\{x="\\u001b\[2J\\n\\u202e\\u2028\\u009b"\} +counter +1 /m);
});

test('bytes have a unit', () => {
  assert.deepEqual([0, 1023, 1024, 1536, 2 ** 20, 5.5 * 2 ** 30].map(formatBytes), [
    '0 bytes',
    '1023 bytes',
    '1 KiB',
    '1.5 KiB',
    '1 MiB',
    '5.5 GiB',
  ]);
});
