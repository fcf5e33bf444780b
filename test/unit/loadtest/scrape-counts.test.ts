/** What a scrape says is held against what was counted before the rounds and after them, requests of the load included. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { Recorder } from '../../../loadtest/recorder.js';
import type { RunContext } from '../../../loadtest/scenarios/scenario.js';
import { checkAll, measureRound, scrape } from '../../../loadtest/scenarios/scrape.js';
import { Entrant, LOAD, THREADS } from '../../../loadtest/scrape/entrant.js';
import type { Size } from '../../../loadtest/scrape/size.js';
import { COUNTER, HISTOGRAM, LIBRARIES } from '../../../loadtest/services/series.js';
import { nodeRunsSuccessor, SUCCESSOR } from '../../../loadtest/successor.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const counters: Size = { point: '10 counters', counters: 10, histograms: 0, workers: 0, loaded: true };
const histograms: Size = { ...counters, point: '10 histograms', counters: 0, histograms: 10 };
const cluster: Size = { ...counters, point: '2 x 10 counters', workers: 2, loaded: false };
const loadedCluster: Size = { ...cluster, point: '2 x 10 counters, loaded', loaded: true };
const ROUNDS = 2;
/** Those that sum over workers, with all that this Node has. */
const REGISTRIES = nodeRunsSuccessor() ? [...LIBRARIES, SUCCESSOR, THREADS] : LIBRARIES;

interface Run {
  context: RunContext;
  entrants: Map<string, Entrant>;
}

async function start(t: TestContext, size: Size, names: readonly string[] = LIBRARIES): Promise<Run> {
  const context: RunContext = {
    ...{ quick: true, rounds: 1, directory: temporaryDirectory(t), signal: new AbortController().signal },
    ...{ pinning: { pinned: false, reason: 'not needed here' } as const, progress: () => () => {} },
    recorder: new Recorder(scrape),
  };
  const entrants = new Map<string, Entrant>();
  for (const name of names) {
    const entrant = await Entrant.start(context, name, size);
    t.after(() => entrant.stop());
    entrants.set(name, entrant);
  }
  return { context, entrants };
}

for (const [size, sample, untouched] of [
  [counters, COUNTER, 10],
  [histograms, `${HISTOGRAM}_count`, 10],
  [cluster, COUNTER, 20],
  [loadedCluster, COUNTER, 20],
] as const) {
  test(`sums of ${size.point} are those of all that was counted`, async (t) => {
    const names = size.workers > 0 ? REGISTRIES : LIBRARIES;
    const { context, entrants } = await start(t, size, names);
    await checkAll(context, size, 'first', entrants);
    for (let round = 1; round <= ROUNDS; round += 1) await measureRound(context, size, entrants);
    await checkAll(context, size, 'last', entrants);
    const { counts, passed } = context.recorder.findings(1);
    assert.deepEqual(
      counts.map(({ contender, what }) => [contender, what]),
      ['first', 'last'].flatMap((which) => names.map((name) => [name, `${sample} in the ${which} scrape`])),
    );
    for (const { what, expected, counted, promised } of counts) {
      assert.equal(counted, expected);
      assert.ok(promised);
      // The load has counted as well: it was there before each scrape and went on until that had ended.
      if (size.loaded && what.includes('last'))
        assert.ok(expected >= untouched + ROUNDS * 2 * LOAD.burst, `${expected}`);
      else assert.equal(expected, untouched);
    }
    assert.ok(passed);
  });
}

test('one increment that is too many after the rounds fails the scenario', async (t) => {
  const { context, entrants } = await start(t, counters);
  await checkAll(context, counters, 'first', entrants);
  await measureRound(context, counters, entrants);
  using store = openStore({ path: `${context.directory}/scrape-10-counters` });
  const [family] = store.snapshot().filter(({ name }) => name === COUNTER);
  assert.ok(family);
  const labelNames = ['shop', 'kind'] as const;
  store.counter({ name: COUNTER, help: family.help, labelNames }).labels('shop-0', 'kind-0').inc();
  await checkAll(context, counters, 'last', entrants);
  const { counts, passed } = context.recorder.findings(1);
  const off = counts.filter(({ expected, counted }) => expected !== counted);
  assert.deepEqual(
    off.map(({ contender, what, expected, counted }) => [contender, what, counted - expected]),
    [['percpu-metrics', `${COUNTER} in the last scrape`, 1]],
  );
  assert.equal(passed, false);
});
