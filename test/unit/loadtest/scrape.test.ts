/** What the scrape scenario says of sums over workers: each registry that was measured is judged, no other is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Goal } from '../../../loadtest/findings.js';
import { Recorder } from '../../../loadtest/recorder.js';
import { scrape } from '../../../loadtest/scenarios/scrape.js';

const SUCCESSOR = '@prometheus-io/client';

function clusterGoals(milliseconds: Readonly<Record<string, number>>): Goal[] {
  const recorder = new Recorder(scrape);
  for (const [contender, value] of Object.entries(milliseconds))
    recorder.add('cluster', contender, '8 x 10,000 histograms', value);
  return recorder.findings(1).goals.filter(({ title }) => title.startsWith('scrape of a cluster'));
}

test('each registry that sums over workers has a goal of its own', () => {
  const measured = {
    'percpu-metrics': 10,
    'prom-client': 2000,
    [SUCCESSOR]: 500,
    [`${SUCCESSOR}, worker threads`]: 1000,
  };
  assert.deepEqual(
    clusterGoals(measured).map(({ title, measured, met }) => [title.replace(/^.* as fast as /, ''), measured, met]),
    [
      ['the cluster registry', 200, true],
      [`the cluster registry of ${SUCCESSOR}`, 50, false],
      [`the worker registry of ${SUCCESSOR}`, 100, true],
    ],
  );
});

test('a registry that did not run has no goal, but that of prom-client is missed where it did not answer', () => {
  assert.deepEqual(
    clusterGoals({ 'percpu-metrics': 10 }).map(({ measured, met }) => [measured, met]),
    [[null, false]],
  );
});
