/**
 * What the scrape scenario judges: of sums over workers each registry that was measured, and no other; of the text, the
 * event loop and what is allocated the largest number of series.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Goal } from '../../../loadtest/findings.js';
import { Recorder } from '../../../loadtest/recorder.js';
import { scrape } from '../../../loadtest/scenarios/scrape.js';
import { mostRoundsOf, sizesOf } from '../../../loadtest/scrape/size.js';

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

test('a sum over workers is judged idle where it was measured so, and else under load', () => {
  const titles = (points: readonly string[]): string[] => {
    const recorder = new Recorder(scrape);
    for (const point of points) recorder.add('cluster', 'percpu-metrics', point, 10);
    return recorder
      .findings(1)
      .goals.filter(({ title }) => title.startsWith('scrape of a cluster'))
      .map(({ title }) => title);
  };
  const as = 'times as fast as the cluster registry';
  const points = ['2 x 10 histograms', '8 x 10 histograms', '2 x 10 histograms, loaded', '8 x 10 histograms, loaded'];
  assert.deepEqual(titles(points), [`scrape of a cluster, 8 x 10 histograms, ${as}`]);
  assert.deepEqual(titles(points.slice(2)), [`scrape of a cluster, 8 x 10 histograms, loaded, ${as}`]);
});

test('clusters of as many workers are scraped idle and under load', () => {
  const clusters = sizesOf(false).filter(({ workers }) => workers > 0);
  assert.deepEqual(
    [false, true].map((loaded) => clusters.filter((size) => size.loaded === loaded).map(({ workers }) => workers)),
    [
      [2, 4, 8],
      [2, 4, 8],
    ],
  );
  assert.deepEqual(
    clusters.map((size) => Math.min(9, mostRoundsOf(size))),
    [5, 5, 5, 3, 3, 3],
  );
  assert.ok(sizesOf(true).some(({ workers, loaded }) => workers > 0 && loaded));
  assert.ok(clusters.every(({ point, loaded }) => point.endsWith(', loaded') === loaded));
});

test('text, delay and memory are judged by the largest number of series, the text by its store of many lanes as well', () => {
  const recorder = new Recorder(scrape);
  const point = '100,000 counters';
  for (const name of ['1,000 counters', point, `${point}, 64 lanes`, `${point}, loaded`])
    recorder.add('latency', 'percpu-metrics', name, 5);
  for (const [name, milliseconds] of [
    [point, 240],
    [`${point}, 64 lanes`, 90],
  ] as const) {
    recorder.add('render', 'percpu-metrics', name, 2);
    recorder.add('render', 'prom-client', name, milliseconds);
  }
  recorder.add('tail', 'percpu-metrics', point, 1.5);
  recorder.add('allocated', 'percpu-metrics', '1,000 counters', 3);
  recorder.add('allocated', 'percpu-metrics', point, 3.5);
  const judged = recorder.findings(1).goals.map(({ title, measured, met }) => [title, measured, met]);
  const goal = (start: string) =>
    judged.filter(([title]) => String(title).startsWith(start)).map((one) => one.slice(1));
  assert.deepEqual(goal('text of'), [
    [120, true],
    [45, false],
  ]);
  assert.deepEqual(goal('delay of the event loop while'), [[1.5, false]]);
  assert.deepEqual(goal('allocated by a second scrape'), [[0.5, true]]);
});
