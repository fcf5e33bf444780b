/** Infos and state sets that are brought up to date before each scrape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from 'percpu-metrics';
import { numberOf, temporaryStore } from '../../support/temporary-store.js';

const failures = 'percpu_metrics_collect_failures_total';

function factsOf(store: Store, name: string): unknown {
  return store
    .snapshot()
    .find((family) => family.name === name)
    ?.series.map(({ labels }) => labels);
}

test('collect of an info states its facts anew, in place of the old ones', async (t) => {
  const store = temporaryStore(t);
  let leader: string | number = 'a';
  store.infoMetric({
    name: 'cluster_info',
    help: 'Cluster.',
    labels: { leader: 'nobody', version: 1 },
    collect(info) {
      assert.equal(this, info);
      info.set({ leader, version: 1 });
    },
  });
  assert.deepEqual(factsOf(store, 'cluster_info'), [{ leader: 'nobody', version: '1' }]);
  for (leader of ['a', 'b', 'b', 'a', 7]) {
    assert.match(await store.metrics(), new RegExp(`cluster_info\\{leader="${leader}",version="1"\\} 1`));
    assert.deepEqual(factsOf(store, 'cluster_info'), [{ leader: String(leader), version: '1' }]);
  }
});

test('facts that cannot be stated leave those that there are', (t) => {
  const store = temporaryStore(t);
  const info = store.infoMetric({ name: 'cluster_info', help: 'Cluster.', labels: { leader: 'a' } });
  assert.throws(() => info.set({ other: 'b' }), { code: 'ERR_PCM_LABEL_NAME' });
  assert.throws(() => info.set({ leader: {} as never }), { code: 'ERR_PCM_LABEL_VALUE' });
  assert.deepEqual(factsOf(store, 'cluster_info'), [{ leader: 'a' }]);
});

test('collect of a state set sets its state; one that fails or is late is counted, and the scrape goes on', async (t) => {
  const store = temporaryStore(t);
  let state: 'up' | 'down' = 'up';
  store.stateSet({ name: 'phase', help: 'Phase.', states: ['up', 'down'], collect: (phase) => phase.set(state) });
  store.stateSet({
    name: 'late',
    help: 'Late.',
    states: ['yes'],
    collect: () => new Promise(() => {}),
    collectTimeout: 1,
  });
  store.infoMetric({
    name: 'broken_info',
    help: 'Broken.',
    labels: { a: 1 },
    collect: () => {
      throw new Error('it does not work');
    },
  });
  for (state of ['up', 'down'] as const) {
    await store.metrics();
    assert.deepEqual(
      ['up', 'down'].map((phase) => numberOf(store, 'phase', { phase })),
      state === 'up' ? [1, 0] : [0, 1],
    );
  }
  assert.equal(numberOf(store, failures, { collector: 'late', reason: 'timeout' }), 2);
  assert.equal(numberOf(store, failures, { collector: 'broken_info', reason: 'error' }), 2);
  assert.deepEqual(factsOf(store, 'broken_info'), [{ a: '1' }]);
});

test('a collect that is no function, or a time limit that is none, is refused', (t) => {
  const store = temporaryStore(t);
  const facts = { name: 'a_info', help: 'A.', labels: { a: 1 } };
  const states = { name: 's', help: 'S.', states: ['on'] } as const;
  for (const wrong of [{ collect: 5 as never }, { collectTimeout: 0 }]) {
    assert.throws(() => store.infoMetric({ ...facts, ...wrong }), { code: 'ERR_PCM_OPTION' });
    assert.throws(() => store.stateSet({ ...states, ...wrong }), { code: 'ERR_PCM_OPTION' });
  }
  assert.deepEqual(store.snapshot(), []);
});
