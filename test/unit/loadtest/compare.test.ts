import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Series } from '../../../loadtest/findings.js';
import { compareRuns, renderComparison } from '../../../loadtest/report/compare.js';
import type { RunDocument } from '../../../loadtest/report/document.js';
import { renderPage } from '../../../loadtest/report/page.js';
import { inventedRun } from '../../support/loadtest-run.js';

/** A run whose scenario `request` holds just these samples of one contender. */
function runWith(figure: string, samples: number[]): RunDocument {
  const run = inventedRun(1);
  const series: Series[] = [{ figure, contender: 'percpu-metrics', point: '', samples }];
  return {
    ...run,
    scenarios: run.scenarios.filter(({ name }) => name === 'request').map((one) => ({ ...one, series })),
  };
}

function kinds(figure: string, before: number[], after: number[]): string[] {
  return compareRuns(runWith(figure, before), runWith(figure, after)).changes.map(({ kind }) => kind);
}

describe('a comparison of two runs', () => {
  it('finds nothing between a run and itself', () => {
    assert.deepEqual(compareRuns(inventedRun(1), inventedRun(1)).changes, []);
    assert.match(
      renderComparison(inventedRun(1), inventedRun(1)),
      /Of [\d,]+ figures 0 changed beyond the noise; were both runs of the same, up to [\d.]+ would be marked by chance\.$/,
    );
  });

  it('tells regressions from improvements by what is better', () => {
    const [low, high] = [
      [98, 99, 100, 101, 102],
      [118, 119, 120, 121, 122],
    ];
    assert.deepEqual(kinds('throughput', high, low), ['regression']);
    assert.deepEqual(kinds('throughput', low, high), ['improvement']);
    assert.deepEqual(kinds('cpu', low, high), ['regression']);
    assert.deepEqual(kinds('cpu', high, low), ['improvement']);
  });

  it('marks nothing that lies within the noise, is small, or was measured too seldom', () => {
    assert.deepEqual(kinds('throughput', [80, 90, 100, 110, 120], [60, 70, 85, 95, 105]), []);
    assert.deepEqual(kinds('throughput', [99.8, 99.9, 100, 100.1, 100.2], [96, 96.1, 96.2, 96.3, 96.4]), []);
    assert.deepEqual(kinds('throughput', [100, 101, 102, 103], [50, 51, 52, 53]), []);
  });

  it('says what it could not compare, and of what was 0 no multiple', () => {
    const run = runWith('throughput', [1, 1, 1]);
    const other = { ...run, scenarios: inventedRun(1).scenarios.filter(({ name }) => name === 'lanes') };
    const text = renderComparison(run, other);
    assert.match(text, /The runs have no scenario in common\./);
    assert.match(text, /^Not measured any more: the scenario request$/m);
    assert.match(text, /^Not measured before: the scenario lanes$/m);
    assert.match(
      renderComparison(runWith('throughput', [0, 0, 0, 0, 0]), runWith('throughput', [5, 5, 5, 5, 5])),
      / was 0$/m,
    );
    const versions = { 'prom-client': '15.1.3' };
    assert.match(
      renderComparison({ ...run, versions }, { ...run, versions: { 'prom-client': '16.0.0' } }),
      /Not the same conditions: prom-client 15\.1\.3 and 16\.0\.0/,
    );
  });

  it('names what only one of the runs has, as part of the largest that is missing', () => {
    const run = inventedRun(1);
    const without = (drop: (one: Series & { scenario: string }) => boolean): RunDocument => ({
      ...run,
      scenarios: run.scenarios.map((findings) => ({
        ...findings,
        series: findings.series.filter((one) => !drop({ ...one, scenario: findings.name })),
      })),
    });
    const less = without(
      ({ scenario, figure, contender, point }) =>
        scenario === 'memory' ||
        (scenario === 'dense' && contender === 'atomic') ||
        (scenario === 'request' && figure === 'p99') ||
        (scenario === 'lanes' && figure === 'scrape' && point === '512') ||
        (scenario === 'scrape' && point === '1,000 counters') ||
        (scenario === 'contention' && figure === 'native' && contender === 'rseq') ||
        (scenario === 'contention' && figure === 'threads' && contender === 'rseq' && point === '4'),
    );
    const names = [
      'request: Latency, p99',
      'dense: all of atomic',
      'contention: Increments per second, C, back to back, rseq',
      'contention: Increments per second, worker threads, back to back, rseq, 4',
      'scrape: all at 1,000 counters',
      'the scenario memory',
      'lanes: Duration of a scrape, 512',
    ];
    const lines = (before: RunDocument, after: RunDocument): string[] =>
      renderComparison(before, after)
        .split('\n')
        .filter((line) => line.startsWith('Not '));
    assert.deepEqual(
      lines(run, less),
      names.map((name) => `Not measured any more: ${name}`),
    );
    assert.deepEqual(
      lines(less, run),
      names.map((name) => `Not measured before: ${name}`),
    );
    for (const name of names)
      assert.ok(renderPage(less, run).includes(`<li>Not measured any more: ${name}</li>`), name);
  });

  it('says of what has too few samples in one of the runs, or none', () => {
    const five = runWith('throughput', [1, 1, 1, 1, 1]);
    const four = runWith('throughput', [1, 1, 1, 1]);
    const line = /^Not told from noise with fewer than 5 rounds: request \(1 of 1 rows\)$/m;
    assert.match(renderComparison(five, four), line);
    assert.match(renderComparison(four, five), line);
    assert.match(renderComparison(five, runWith('throughput', [])), /^Not measured any more: the scenario request$/m);
  });

  it('shows regressions first, and where the conditions differ', () => {
    const before = inventedRun(1);
    const after = { ...inventedRun(2), quick: true };
    const { changes, compared } = compareRuns(before, after);
    const [first, ...rest] = changes;
    assert.equal(first?.kind, 'regression');
    assert.equal(rest.at(-1)?.kind, 'improvement');
    const text = renderComparison(before, after);
    assert.match(text, /Not the same conditions: one of the runs is a quick one/);
    assert.match(text, /^WORSE .*\+100\.0 %$/m);
    // Half of what was measured twice as high is better, so all of it changed.
    assert.equal(changes.length, compared);
    const chance = `Of ${compared.toLocaleString('en-US')} figures ${compared.toLocaleString('en-US')} changed beyond the noise`;
    assert.ok(text.includes(chance) && renderPage(after, before).includes(chance));
  });
});
