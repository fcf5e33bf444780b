/** Untyped values, infos and state sets, default labels, and what is refused of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

function only(store: Store): [type: string | undefined, series: unknown] {
  const [family] = store.snapshot();
  return [family?.type, family?.series];
}

test('what is untyped counts like a gauge', (t) => {
  const store = temporaryStore(t);
  const given = store.untyped({ name: 'given', help: 'From elsewhere.' });
  given.set(2.5);
  given.inc();
  assert.deepEqual(only(store), ['untyped', [{ labels: {}, value: 3.5 }]]);
});

test('an info has its facts as labels and is 1', (t) => {
  const store = temporaryStore(t);
  const info = store.infoMetric({ name: 'build_info', help: 'Build.', labels: { version: '1.2', patch: 3 } });
  assert.equal(info.type, 'info');
  assert.deepEqual(only(store), ['info', [{ labels: { version: '1.2', patch: '3' }, value: 1 }]]);
  store.infoMetric({ name: 'build_info', help: 'Build.', labels: { version: '1.3', patch: 0 } });
  assert.equal(store.snapshot()[0]?.series.length, 2);
});

test('a state set is in the state that was set last', (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ name: 'phase', help: 'Phase.', states: ['start', 'run', 'stop'] });
  const value = (state: string) => numberOf(store, 'phase', { phase: state });
  const values = () => ['start', 'run', 'stop'].map(value);
  assert.deepEqual(values(), [0, 0, 0]);
  phase.set('start');
  assert.deepEqual(values(), [1, 0, 0]);
  phase.set('stop');
  assert.deepEqual(values(), [0, 0, 1]);
  phase.toggle('run', true);
  assert.deepEqual(values(), [0, 1, 1]);
  phase.toggle('stop', false);
  assert.deepEqual(values(), [0, 1, 0]);
});

test('a state set with labels has its states for each of their values', (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'], labelNames: ['job'] });
  assert.deepEqual(phase.labelNames, ['job']);
  phase.labels('a').set('up');
  phase.labels({ job: 'b' }).set('down');
  assert.equal(numberOf(store, 'phase', { job: 'a', phase: 'up' }), 1);
  assert.equal(numberOf(store, 'phase', { job: 'b', phase: 'up' }), 0);
  assert.equal(numberOf(store, 'phase', { job: 'b', phase: 'down' }), 1);
  assert.equal(phase.labels('a'), phase.labels({ job: 'a' }));
});

test('default labels are labels of every family, behind its own, unless it has them itself', (t) => {
  const store = temporaryStore(t, { defaultLabels: { instance: 'a', zone: 3 } });
  const requests = store.counter({ name: 'requests_total', help: 'Requests.', labelNames: ['method'] });
  requests.labels('GET').inc();
  requests.labels({ method: 'GET' }).inc();
  assert.deepEqual(requests.labelNames, ['method']);
  store
    .gauge({ name: 'up', help: 'Up.', labelNames: ['zone'] })
    .labels('z')
    .set(1);
  store.counter({ name: 'plain_total', help: 'Plain.' }).inc();
  store.stateSet({ name: 'phase', help: 'Phase.', states: ['up'] }).set('up');
  assert.deepEqual(
    store.snapshot().map((family) => family.series.map((series) => [series.labels, 'value' in series && series.value])),
    [
      [[{ method: 'GET', instance: 'a', zone: '3' }, 2]],
      [[{ zone: 'z', instance: 'a' }, 1]],
      [[{ instance: 'a', zone: '3' }, 1]],
      [[{ phase: 'up', instance: 'a', zone: '3' }, 1]],
    ],
  );
});

test('stores with other values of default labels have series of their own in the same families', (t) => {
  const store = temporaryStore(t, { defaultLabels: { instance: 'a' } });
  const other = openStore({ path: store.path, defaultLabels: { instance: 'b' } });
  t.after(() => other.close());
  store.counter({ name: 'a_total', help: 'A.' }).inc();
  other.counter({ name: 'a_total', help: 'A.' }).inc(2);
  assert.equal(numberOf(store, 'a_total', { instance: 'a' }), 1);
  assert.equal(numberOf(store, 'a_total', { instance: 'b' }), 2);
});

test('a timer with labels stores at its end, in the series that it is told then', (t) => {
  const store = temporaryStore(t);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', labelNames: ['queue'] });
  const last = store.gauge({ name: 'last_seconds', help: 'Last.', labelNames: ['queue'] });
  const stop = wait.startTimer();
  const stopLast = last.startTimer();
  const seconds = [stop('a'), stop({ queue: 'a' }), stopLast('a')];
  const [series] = store.snapshot()[0]?.series ?? [];
  assert.ok(series !== undefined && 'sum' in series);
  assert.deepEqual([series.labels, series.count], [{ queue: 'a' }, 2]);
  assert.equal(series.sum, (seconds[0] ?? 0) + (seconds[1] ?? 0));
  assert.equal(numberOf(store, 'last_seconds', { queue: 'a' }), seconds[2]);
});

test('seconds since a moment, and those of a piece of work, are observed whether it succeeds or not', async (t) => {
  const store = temporaryStore(t);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.' });
  const last = store.gauge({ name: 'last_seconds', help: 'Last.' });
  const count = () => {
    const [series] = store.snapshot()[0]?.series ?? [];
    return series !== undefined && 'count' in series ? series.count : undefined;
  };
  assert.ok(wait.observeSince(performance.now() - 2000) >= 2);
  assert.equal(count(), 1);
  assert.equal(
    wait.time(() => 5),
    5,
  );
  assert.throws(() => wait.time(() => assert.fail('no')), /no/);
  assert.equal(count(), 3);
  let finish: (value: number) => void = () => {};
  const work = wait.time(
    () =>
      new Promise<number>((resolve) => {
        finish = resolve;
      }),
  );
  assert.equal(count(), 3);
  finish(7);
  assert.equal(await work, 7);
  assert.equal(count(), 4);
  await assert.rejects(
    wait.time(async () => assert.fail('later')),
    /later/,
  );
  assert.equal(count(), 5);
  last.time(() => {});
  assert.ok(numberOf(store, 'last_seconds') > 0);
});

test('zero makes a series appear and leaves one alone that is there', (t) => {
  const store = temporaryStore(t);
  const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', labelNames: ['queue'], buckets: [1] });
  wait.zero('a');
  wait.zero({ queue: 'b' });
  assert.deepEqual(
    store.snapshot()[0]?.series.map((series) => series.labels['queue']),
    ['a', 'b'],
  );
  wait.labels('a').observe(2);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const there = other.histogram({ name: 'wait_seconds', help: 'Wait.', labelNames: ['queue'], buckets: [1] });
  there.zero('a');
  there.zero('c');
  assert.deepEqual(
    store.snapshot()[0]?.series.map((series) => [series.labels['queue'], 'count' in series && series.count]),
    [
      ['a', 1],
      ['b', 0],
      ['c', 0],
    ],
  );
});

for (const [what, declare, code, message] of [
  [
    'an info without _info',
    (store: Store) => store.infoMetric({ name: 'build', help: 'B.', labels: { a: 1 } }),
    'ERR_PCM_METRIC_NAME',
    /'build' .* end in _info/,
  ],
  [
    'an info without facts',
    (store: Store) => store.infoMetric({ name: 'a_info', help: 'B.', labels: {} }),
    'ERR_PCM_OPTION',
    /at least one fact, not {}/,
  ],
  [
    'an info with an unknown option',
    (store: Store) => store.infoMetric({ name: 'a_info', help: 'B.', labels: { a: 1 }, unit: 's' } as never),
    'ERR_PCM_OPTION',
    /'unit'; an info has/,
  ],
  [
    'an info that is nothing',
    (store: Store) => store.infoMetric(undefined as never),
    'ERR_PCM_OPTION',
    /labels of the info undefined/,
  ],
  [
    'a fact that is no text',
    (store: Store) => store.infoMetric({ name: 'a_info', help: 'B.', labels: { a: true as never } }),
    'ERR_PCM_LABEL_VALUE',
    /is true/,
  ],
  ['no states', (store: Store) => store.stateSet({ name: 'a', help: 'A.', states: [] }), 'ERR_PCM_STATE', /not \[\]/],
  [
    'a state twice',
    (store: Store) => store.stateSet({ name: 'a', help: 'A.', states: ['x', 'x'] }),
    'ERR_PCM_STATE',
    /each once/,
  ],
  [
    'a state that is no text',
    (store: Store) => store.stateSet({ name: 'a', help: 'A.', states: [1 as never] }),
    'ERR_PCM_STATE',
    /not \[ 1 \]/,
  ],
  [
    'a state set that is nothing',
    (store: Store) => store.stateSet(undefined as never),
    'ERR_PCM_STATE',
    /states of undefined/,
  ],
  [
    'a label with the name of the state set',
    (store: Store) => store.stateSet({ name: 'a', help: 'A.', states: ['x'], labelNames: ['a'] }),
    'ERR_PCM_LABEL_NAME',
    /twice/,
  ],
  [
    'quantile as a label of a summary',
    (store: Store) => store.summary({ name: 'a', help: 'A.', labelNames: ['quantile'] }),
    'ERR_PCM_LABEL_NAME',
    /a summary uses it/,
  ],
  [
    'le as a label of a native histogram',
    (store: Store) => store.nativeHistogram({ name: 'a', help: 'A.', labelNames: ['le'] }),
    'ERR_PCM_LABEL_NAME',
    /bounds of its buckets/,
  ],
] as const) {
  test(`${what} is refused, and nothing is declared`, (t) => {
    const store = temporaryStore(t);
    assert.throws(() => declare(store), { name: 'PercpuMetricsError', code, message });
    assert.deepEqual(
      store.snapshot().flatMap((family) => family.series),
      [],
    );
  });
}

test('a state that the set does not have changes nothing', (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'] });
  phase.set('up');
  const refused = { code: 'ERR_PCM_STATE', message: /phase has the states up, down, not 'off'/ };
  assert.throws(() => phase.set('off' as never), refused);
  assert.throws(() => phase.toggle('off' as never, true), refused);
  assert.equal(numberOf(store, 'phase', { phase: 'up' }), 1);
});

test('a state set with other states is another definition', (t) => {
  const store = temporaryStore(t);
  const phase = store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'] });
  assert.equal(store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'] }) as unknown, phase);
  assert.throws(() => store.stateSet({ name: 'phase', help: 'Phase.', states: ['up'] }), {
    code: 'ERR_PCM_DEFINITION_CONFLICT',
    message: /has a stateset phase with the states up, down; it cannot also have up;/,
  });
});

for (const labelNames of [[], ['job']]) {
  test(`states that another process has not declared are another definition, with labels [${labelNames}]`, (t) => {
    const store = temporaryStore(t, { defaultLabels: { zone: 'z' } });
    const other = openStore({ path: store.path, defaultLabels: { zone: 'y' } });
    t.after(() => other.close());
    const declare = (of: Store, states: string[]) => of.stateSet({ name: 'phase', help: 'P.', labelNames, states });
    const values = labelNames.map(() => 'a');
    declare(store, ['up', 'down'])
      .labels(...values)
      .set('up');
    for (const states of [['on', 'off'], ['up'], ['down', 'off']]) {
      assert.throws(() => declare(other, states), {
        code: 'ERR_PCM_DEFINITION_CONFLICT',
        message: new RegExp(`phase with the states up, down; it cannot also have ${states.join(', ')}; use one list`),
        details: { name: 'phase', existing: ['up', 'down'], wanted: states },
      });
    }
    assert.equal(store.snapshot()[0]?.series.length, 2);
    declare(other, ['down', 'up'])
      .labels(...values)
      .set('down');
    assert.equal(numberOf(store, 'phase', { zone: 'y', phase: 'down' }), 1);
  });
}

test('states that another process has declared meanwhile are found by the first set with labels', (t) => {
  const store = temporaryStore(t);
  const other = openStore({ path: store.path });
  t.after(() => other.close());
  const ours = store.stateSet({ name: 'phase', help: 'P.', labelNames: ['job'], states: ['up', 'down'] });
  const theirs = other.stateSet({ name: 'phase', help: 'P.', labelNames: ['job'], states: ['on'] });
  ours.labels('a').set('up');
  assert.throws(() => theirs.labels('a'), { code: 'ERR_PCM_DEFINITION_CONFLICT' });
  ours.labels('b').set('up');
  assert.equal(store.snapshot()[0]?.series.length, 4);
});

for (const [defaultLabels, code, message] of [
  [{ le: 'x' }, 'ERR_PCM_LABEL_NAME', /'le' is no name for a label of wait/],
  [{ __a: 'x' }, 'ERR_PCM_LABEL_NAME', /'__a'/],
] as const) {
  test(`the default label ${Object.keys(defaultLabels)[0]} is refused where a family is declared`, (t) => {
    const store = temporaryStore(t, { defaultLabels });
    assert.throws(() => store.histogram({ name: 'wait', help: 'Wait.' }), { code, message });
    assert.deepEqual(store.snapshot(), []);
  });
}

for (const defaultLabels of [3, null, ['a'], { a: true }, { a: undefined }]) {
  test(`default labels ${JSON.stringify(defaultLabels)} are refused`, () => {
    assert.throws(() => openStore({ defaultLabels: defaultLabels as never }), {
      code: 'ERR_PCM_OPTION',
      message: /option defaultLabels must be an object with a text or a number per label name/,
    });
  });
}
