import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Findings } from '../../../loadtest/findings.js';
import { Recorder } from '../../../loadtest/recorder.js';
import { onsetTablesOf } from '../../../loadtest/report/onset.js';
import { renderPage } from '../../../loadtest/report/page.js';
import { renderFindings } from '../../../loadtest/report/text.js';
import { scenarios } from '../../../loadtest/scenarios/index.js';
import type { Scenario } from '../../../loadtest/scenarios/scenario.js';
import { inventedRun } from '../../support/loadtest-run.js';

/** Multiples of rseq, in its rounds, by increments per request. */
type Multiples = Readonly<Record<string, readonly number[]>>;

/** A run of `dense` with one rival. */
function dense(series: number, quantities: Readonly<Record<string, Multiples>>): Findings {
  const recorder = new Recorder(scenarios.find(({ name }) => name === 'dense') as Scenario);
  for (const [quantity, points] of Object.entries(quantities)) {
    for (const [point, multiples] of Object.entries(points)) {
      for (const multiple of multiples) {
        recorder.add(`${quantity}-${series}`, 'rseq', point, 10);
        recorder.add(`${quantity}-${series}`, 'atomic', point, 10 * multiple);
      }
    }
  }
  return recorder.findings(1);
}

const same = { 1: [1, 1, 1, 1, 1], 10: [1, 1, 1, 1, 1] };

describe('where designs begin to differ', () => {
  it('is told of each quantity, beyond the noise, and only from where on it lasts', () => {
    // Beyond the noise at 1, but not at 10; from 100 on for good.
    const rising = {
      1: [1.2, 1.2, 1.2, 1.2, 1.2],
      10: [0.8, 1.2, 1.2, 1.2, 1.3],
      100: [1.1, 1.1, 1.2, 1.3, 1.3],
      1000: [2, 2, 2, 2, 2],
    };
    const falling = Object.fromEntries(
      Object.entries(rising).map(([point, multiples]) => [point, multiples.map((multiple) => 1 / multiple)]),
    );
    const little = { 1: [1.02, 1.02, 1.03, 1.04, 1.04], 10: [1.02, 1.02, 1.03, 1.04, 1.04] };
    const found = dense(100, { cpu: rising, throughput: falling, p50: same, p99: falling, p999: little });
    assert.deepEqual(onsetTablesOf(found), [
      {
        caption:
          'From how many increments per request on a design differs from rseq beyond the noise, over 100 series; ' +
          'of what does not, 1 % may be told apart by chance',
        heading: ['', 'requests/s', 'p50', 'p99', 'p99.9', 'CPU per request'],
        rows: [
          ['atomic', 'worse from 100 (0.83x)', 'never', 'better from 100 (0.83x)', 'never', 'worse from 100 (1.20x)'],
        ],
      },
    ]);
  });

  it('is not told of rounds that are too few, nor where nothing was measured', () => {
    assert.deepEqual(onsetTablesOf(dense(100, { cpu: { 1: [2, 2, 2, 2] } })), []);
    const [table] = onsetTablesOf(dense(1, { cpu: { 1: [2, 2, 2, 2, 2] } }));
    assert.deepEqual(table?.rows, [['atomic', '-', '-', '-', '-', 'worse from 1 (2.00x)']]);
    assert.match(table?.caption ?? '', /over one series;/);
  });

  it('is the same in the verdict as in the table', () => {
    // The first median above 5 % is at 1, which the spread does not tell from 1.
    const spread = { 1: [0.9, 0.95, 1.08, 1.2, 1.3], 10: [0.9, 0.95, 1.08, 1.2, 1.3] };
    const never = dense(100, { cpu: spread });
    assert.equal(onsetTablesOf(never)[0]?.rows[0]?.at(-1), 'never');
    assert.match(never.verdict, /: atomic is not told from rseq beyond the noise; /);
    const late = dense(100, { cpu: { ...spread, 10: [1.2, 1.2, 1.3, 1.4, 1.4] } });
    assert.equal(onsetTablesOf(late)[0]?.rows[0]?.at(-1), 'worse from 10 (1.30x)');
    assert.match(late.verdict, /: atomic costs more than rseq from 10 increments on \(30 %\); /);
    const cheap = dense(100, { cpu: { 1: [0.8, 0.8, 0.8, 0.8, 0.8] } });
    assert.equal(onsetTablesOf(cheap)[0]?.rows[0]?.at(-1), 'better from 1 (0.80x)');
    assert.match(cheap.verdict, /: atomic costs less than rseq from one increment on \(20 %\); /);
    assert.match(
      cheap.verdict,
      /prom-client was measured in too few rounds to be told from rseq; better than rseq beyond the noise: atomic in [^;]*\.$/,
    );
  });

  it('leaves out points that have too few rounds', () => {
    const [table] = onsetTablesOf(dense(100, { cpu: { 1: [2, 2, 2, 2, 2], 10: [1] } }));
    assert.equal(table?.rows[0]?.at(-1), 'worse from 1 (2.00x)');
  });

  it('is not said to begin nowhere where the last points have too few rounds', () => {
    const [table] = onsetTablesOf(dense(100, { cpu: { ...same, 100: [2, 2] }, p99: same }));
    assert.deepEqual(table?.rows, [['atomic', '-', '-', 'never', '-', 'not up to 10']]);
  });

  it('is printed and on the page, for each number of series, and of no other scenario', () => {
    const run = inventedRun(1);
    const page = renderPage(run);
    for (const findings of run.scenarios) {
      const count = findings.name === 'dense' ? 3 : 0;
      const [, section = ''] = new RegExp(`<section id="${findings.name}">(.*?)</section>`, 's').exec(page) ?? [];
      for (const text of [renderFindings(findings), section])
        assert.equal(text.match(/From how many increments/g)?.length ?? 0, count, findings.name);
    }
  });
});
