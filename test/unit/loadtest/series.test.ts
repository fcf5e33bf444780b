/** What the scenario of many series judges: each way of making them has its bound, and so has opening the largest store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from '../../../loadtest/recorder.js';
import { series } from '../../../loadtest/scenarios/series.js';

test('making series is judged by 1 s in one process and 3 s in several, opening by 100 ms', () => {
  const recorder = new Recorder(series);
  for (const [point, milliseconds] of [
    ['100,000 by 1 process', 1100],
    ['100,000 by 4 processes, a part each', 900],
    ['100,000 by 4 processes, all each', 2900],
  ] as const)
    recorder.add('make', 'percpu-metrics', point, milliseconds);
  for (const [point, milliseconds] of [
    ['1,000', 30],
    ['100,000', 120],
  ] as const)
    recorder.add('open', 'percpu-metrics', point, milliseconds);
  assert.deepEqual(
    recorder.findings(1).goals.map(({ atMost, unit, measured, met }) => [atMost, unit, measured, met]),
    [
      [100, 'ms', 120, false],
      [1, 's', 1.1, false],
      [3, 's', 0.9, true],
      [3, 's', 2.9, true],
    ],
  );
});
