/** Arguments that are refused with a code, the value and what to do, before anything is made or counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentTypeOf, negotiateFormat, openStore, type Store } from 'percpu-metrics';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';
import { warningsOf } from '../../support/warnings-of.js';

const long = 'x'.repeat(70_000);
const tooLong = / 'x{20}'\.\.\. has 70000 characters; shorten it to 65535 bytes$/;

function seriesOf(store: Store): unknown[] {
  return store.snapshot().flatMap(({ series }) => series);
}

for (const [what, declare, message] of [
  ['a state', (store: Store) => store.stateSet({ name: 'a', help: 'A.', states: [long] }), /^the state of 'a' /],
  [
    'one of states',
    (store: Store) => store.stateSet({ name: 'a', help: 'A.', states: ['ok', long] }),
    /^the state of /,
  ],
  ['a process', (store: Store) => store.gauge({ name: 'a', help: 'A.', perProcess: long }), /^perProcess of a /],
  [
    'a label',
    (store: Store) => store.gauge({ name: 'a', help: 'A.', labelNames: ['b'] }).labels(long),
    /^the value of label b of a /,
  ],
] as const) {
  test(`the name of ${what} that is too long is refused, without a warning`, async (t) => {
    const store = temporaryStore(t);
    const warnings = await warningsOf(() => {
      assert.throws(() => declare(store), { code: 'ERR_PCM_LABEL_VALUE', message });
      assert.throws(() => declare(store), { message: tooLong });
    });
    assert.deepEqual(warnings, []);
    assert.deepEqual(seriesOf(store), []);
  });
}

test('a default label that is too long is refused when the store is opened', () => {
  assert.throws(() => openStore({ path: '/nowhere/at/all', defaultLabels: { app: long } }), {
    code: 'ERR_PCM_LABEL_VALUE',
    message: /^the value of default label 'app' 'x{20}'/,
  });
});

test('states that the store would have as the same text are refused', (t) => {
  const store = temporaryStore(t);
  for (const states of [['\ud800', '\ud801'], ['\ud800']]) {
    assert.throws(() => store.stateSet({ name: 'a', help: 'A.', states }), {
      code: 'ERR_PCM_STATE',
      message: /texts of Unicode.*'\\ud800'/i,
    });
  }
  assert.deepEqual(seriesOf(store), []);
  store.stateSet({ name: 'a', help: 'A.', states: ['\u{1f600}'] }).set('\u{1f600}');
  assert.equal(numberOf(store, 'a', { a: '\u{1f600}' }), 1);
});

test('a state is toggled by true and false only', (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ name: 'phase', help: 'P.', states: ['a'] });
  for (const holds of ['no', 'false', 1, undefined]) {
    assert.throws(() => phase.toggle('a', holds as never), {
      code: 'ERR_PCM_STATE',
      message: /toggle of phase takes true or false, not /,
    });
  }
  assert.equal(numberOf(store, 'phase'), 0);
});

test('options of render, metrics and snapshot are checked as those of families are', async (t) => {
  const store = temporaryStore(t);
  const refused = (message: RegExp) => ({ code: 'ERR_PCM_OPTION', message });
  for (const options of [null, 5, []]) {
    await assert.rejects(store.render(options as never), refused(/must be an object with syntax, .*, not /));
    await assert.rejects(store.metrics(options as never), refused(/must be an object with syntax, .*, not /));
    assert.throws(() => store.snapshot(options as never), refused(/must be an object with createdAt, .*, not /));
  }
  await assert.rejects(store.render({ foo: 1 } as never), refused(/unknown option 'foo'; render has syntax, /));
  assert.throws(() => store.snapshot({ foo: 1 } as never), refused(/unknown option 'foo'/));
  await assert.rejects(store.metrics({ syntax: 'protobuf' as never }), refused(/"protobuf".*; render gives its bytes/));
  assert.equal((await store.render(negotiateFormat('text/plain'))).length, 0);
});

test('formats that there are not have no content type', () => {
  for (const format of [
    { syntax: 'nope', escaping: 'x' },
    { syntax: 'text' },
    null,
    { syntax: 'text', escaping: 'x' },
  ]) {
    assert.throws(() => contentTypeOf(format as never), { code: 'ERR_PCM_OPTION' });
  }
  assert.throws(() => contentTypeOf({ syntax: 'nope', escaping: 'dots' } as never), {
    message: /one of "text".*'nope'/,
  });
});

test('what is no header is not negotiated', () => {
  assert.throws(() => negotiateFormat(5 as never), { code: 'ERR_PCM_ARGUMENT', message: /Accept .*, not 5/ });
});

test('seconds since a reading of another clock are not observed', (t) => {
  const store = temporaryStore(t);
  const wait = store.histogram({ name: 'wait_seconds', help: 'W.' });
  assert.throws(() => wait.observeSince(Date.now()), {
    code: 'ERR_PCM_AMOUNT_NEGATIVE',
    message:
      /observeSince of wait_seconds takes an earlier reading of performance\.now\(\), not \d+, .*; Date\.now\(\)/,
  });
  assert.ok(wait.observeSince(performance.now()) >= 0);
  const [series] = store.snapshot()[0]?.series ?? [];
  assert.ok(series !== undefined && 'count' in series);
  assert.equal(series.count, 1);
});

test('series are removed by labels with names, or all', (t) => {
  const store = temporaryStore(t);
  const jobs = store.counter({ name: 'jobs_total', help: 'J.', labelNames: ['job'] });
  jobs.labels('x').inc();
  for (const labels of ['x', null, ['x'], 5]) {
    assert.throws(() => store.removeSeries('jobs_total', labels as never), {
      code: 'ERR_PCM_ARGUMENT',
      message: /labels must be an object with a value for each label, not .*; leave it out for all series/,
    });
  }
  assert.equal(numberOf(store, 'jobs_total'), 1);
  store.removeSeries('jobs_total', { job: 'x' });
  assert.deepEqual(seriesOf(store), []);
});
