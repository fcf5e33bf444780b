import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../../../loadtest/findings.js';
import { Recorder } from '../../../loadtest/recorder.js';
import { renderChart } from '../../../loadtest/report/chart.js';
import { renderPage } from '../../../loadtest/report/page.js';
import { exactnessOf, tablesOf } from '../../../loadtest/report/tables.js';
import { renderFindings } from '../../../loadtest/report/text.js';
import { scenarios } from '../../../loadtest/scenarios/index.js';
import type { Scenario } from '../../../loadtest/scenarios/scenario.js';
import { inventedRun } from '../../support/loadtest-run.js';

const request = scenarios.find(({ name }) => name === 'request') as Scenario;
/** The figures of `request` with one point. */
const scenario: Scenario = {
  ...request,
  axis: null,
  conclude: (lookup) => ({
    verdict: 'The plugin was measured.',
    goals: (['throughput', 'cpu'] as const).map((figure) =>
      judge(`${figure} with the plugin`, lookup.ratio(figure, 'percpu-metrics', 'bare')?.median, { atLeast: 0.97 }),
    ),
  }),
};
const count = { point: '', what: 'http_requests_total', expected: 1000, promised: true };

/** @param kept - throughput of the plugin by round, where that of the bare app is 1,000, 500 and 1,100 */
function recorded(kept: readonly number[]): Recorder {
  const recorder = new Recorder(scenario);
  for (const rate of [1000, 500, 1100]) recorder.add('throughput', 'bare', '', rate);
  for (const rate of kept) recorder.add('throughput', 'percpu-metrics', '', rate);
  return recorder;
}

describe('the findings of a scenario', () => {
  it('take ratios round by round against the baseline', () => {
    const findings = recorded([970, 480, 1056]).findings(1);
    assert.equal(findings.goals[0]?.measured, 0.96);
    assert.equal(tablesOf(findings)[0]?.rows[1]?.at(-1), '0.96x (0.96..0.97)');
  });

  it('say of a goal whether it was met, missed or not measured', () => {
    const text = renderFindings(recorded([980, 490, 1078]).findings(1));
    assert.match(text, /throughput with the plugin: at least 0\.97: met \(0\.980\)/);
    assert.match(text, /cpu with the plugin: .*not measured/);
    assert.match(renderFindings(recorded([900, 450, 990]).findings(1)), /at least 0\.97: missed \(0\.900\)/);
  });

  it('pass when every promised count is exact, and only then', () => {
    const recorder = recorded([970, 480, 1056]);
    recorder.count({ ...count, contender: 'percpu-metrics', counted: 1000 });
    recorder.count({ ...count, contender: 'prom-client', counted: 999, promised: false });
    assert.equal(recorder.findings(1).passed, true);
    recorder.count({ ...count, contender: 'percpu-metrics', counted: 999 });
    const findings = recorder.findings(1);
    assert.equal(findings.passed, false);
    assert.deepEqual(exactnessOf(findings).rows, [
      ['percpu-metrics', 'NO', '2', 'http_requests_total: 999 instead of 1000', ''],
      ['prom-client', 'no, nor promised', '1', 'http_requests_total: 999 instead of 1000', ''],
    ]);
  });

  it('fail when requests were not answered, even if the counts agree', () => {
    const recorder = recorded([970, 480, 1056]);
    recorder.lost('percpu-metrics', 0);
    assert.equal(recorder.findings(1).passed, true);
    recorder.lost('percpu-metrics', 1);
    assert.equal(recorder.findings(1).passed, false);
    assert.match(renderFindings(recorder.findings(1)), /percpu-metrics: 1 requests were refused or not answered/);
  });

  it('pair what was measured in the same round, also where a round of one of them is missing', () => {
    const recorder = new Recorder(scenario);
    for (const rate of [1000, 500, 1100]) recorder.add('throughput', 'bare', '', rate);
    recorder.miss('throughput', 'percpu-metrics', '');
    for (const rate of [480, 1078]) recorder.add('throughput', 'percpu-metrics', '', rate);
    const measured = recorder.findings(1).goals[0]?.measured ?? 0;
    assert.ok(Math.abs(measured - 0.97) < 1e-12, String(measured));
  });

  it('are printed with the middle half of the samples, the way round that is narrower', () => {
    const text = renderFindings(recorded([970, 480, 1056]).findings(1));
    assert.match(text, /^ +bare +percpu-metrics$/m);
    assert.match(text, /^Requests per second, \/s +1,000 \(750\.\.1,050\) +970 \(725\.\.1,013\)$/m);
    assert.match(text, /^Requests per second, times bare +1\.00x \(1\.00\.\.1\.00\) +0\.96x \(0\.96\.\.0\.97\)$/m);
    const dense = new Recorder(scenarios.find(({ name }) => name === 'dense') as Scenario);
    for (const design of ['rseq', 'percpu-atomic', 'atomic'])
      for (const value of [10, 20, 30]) dense.add('cpu-1', design, '1000', value);
    for (const value of [10, 20, 30]) dense.add('cpu-1', 'rseq', '1', value);
    const printed = renderFindings(dense.findings(1));
    assert.match(printed, /^increments per request +1000 +1$/m);
    const two = new Recorder(scenarios.find(({ name }) => name === 'dense') as Scenario);
    for (const point of ['1', '10', '100', '1000']) two.add('cpu-1', 'a contender', point, 1);
    assert.match(renderFindings(two.findings(1)), /^increments per request +a contender$/m);
    assert.match(printed, /^percpu-atomic +20\.0 \(15\.0\.\.25\.0\), 1\.00x \(1\.00\.\.1\.00\) +-$/m);
  });

  it('have no multiples of what is 0 or below', () => {
    for (const kept of [
      [970, -480, 1056],
      [970, 0, 1056],
    ]) {
      const findings = recorded(kept).findings(1);
      assert.equal(findings.goals[0]?.measured, null);
      assert.equal(tablesOf(findings)[0]?.rows[1]?.at(-1), '-');
    }
  });

  it('leave out what could not be measured', () => {
    const recorder = recorded([970, 480, 1056]);
    recorder.add('cpu', 'bare', '', undefined);
    for (let round = 0; round < 3; round += 1) recorder.miss('p999', 'bare', '');
    assert.deepEqual(tablesOf(recorder.findings(1))[0]?.heading, [
      '',
      'Requests per second, /s',
      'Requests per second, times bare',
    ]);
  });
});

describe('the verdict of a scenario', () => {
  it('is one sentence that follows from the samples, whichever way they go', () => {
    for (const { name, verdict } of inventedRun(1).scenarios) {
      assert.match(verdict, /^[A-Z].*\.$/s, name);
      assert.doesNotMatch(verdict, /NaN|undefined|Infinity/, name);
    }
    const better = new Recorder(request);
    for (const [point, contender, rate] of [
      ['of its own', 'bare', 1000],
      ['of its own', 'percpu-metrics', 960],
      ['of its own', 'OpenTelemetry SDK', 990],
      ['with both apps', 'bare', 1000],
      ['with both apps', 'percpu-metrics', 970],
    ] as const) {
      better.add('throughput', contender, point, rate);
    }
    assert.match(
      better.findings(1).verdict,
      /keeps 97\.0 %.* same process, and 96\.0 %.*OpenTelemetry SDK.*keeps 99\.0 %, which is not less/,
    );
  });
});

describe('the verdict of memory', () => {
  it('tells all numbers of series, and not only the one that suits', () => {
    const recorder = new Recorder(scenarios.find(({ name }) => name === 'memory') as Scenario);
    for (const [point, ours, theirs] of [
      ['1,000', 757, 394],
      ['100,000', 348, 389],
    ] as const) {
      recorder.add('total', 'percpu-metrics', point, ours);
      recorder.add('total', 'prom-client', point, theirs);
    }
    assert.match(
      recorder.findings(1).verdict,
      /348 bytes .*, less than the 389 of prom-client; at 1,000 it is 757 to 394; /,
    );
  });
});

describe('the page', () => {
  it('has a chart, a table and a sentence for each scenario, and escapes what it shows', () => {
    const page = renderPage(inventedRun(1));
    for (const { name } of scenarios) assert.match(page, new RegExp(`<section id="${name}">`));
    assert.equal(page.match(/class="verdict"/g)?.length, scenarios.length);
    assert.ok((page.match(/<svg /g)?.length ?? 0) > scenarios.length);
    assert.ok(page.includes('&lt;b&gt;&amp;amp;&lt;/b&gt;') && !page.includes('<b>'));
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
  });

  it('has the table of a figure under its chart', () => {
    const [, dense = ''] = /<section id="dense">(.*?)<\/section>/s.exec(renderPage(inventedRun(1))) ?? [];
    assert.deepEqual(dense.match(/<svg |<caption>CPU/g)?.slice(0, 4), ['<svg ', '<caption>CPU', '<svg ', '<svg ']);
    assert.match(dense, /<td>[\d.,]+ \([\d.,]+\), \d+\.\d+x \([\d.]+\)<\/td>/);
  });

  it('says when a promised count is off', () => {
    assert.doesNotMatch(renderPage(inventedRun(1)), /NOT every count/);
    assert.match(renderPage(inventedRun(1, 999)), /NOT every count/);
  });
});

describe('a chart', () => {
  it('has error bars that are seen on a bar of any colour', () => {
    const [figure] = scenario.figures;
    const chart = (figure && renderChart(recorded([970, 480, 1056]).findings(1), figure)) ?? '';
    // Of two bars: a line and two ends each, and the same below them, wider and in white.
    assert.equal(chart.match(/stroke="#222222" stroke-width="1(.5)?"/g)?.length, 6 + 1);
    assert.equal(chart.match(/stroke="#ffffff" stroke-width="3(.5)?"/g)?.length, 6);
  });

  it('can be drawn of values that are all the same, nothing or very far apart', () => {
    const [figure] = scenario.figures;
    for (const values of [[0], [5], [2.6], [1e-6, 1e9]]) {
      const recorder = new Recorder(scenario);
      for (const [index, value] of values.entries()) recorder.add('throughput', `contender ${index}`, '', value);
      for (const scale of ['linear', 'log'] as const) {
        const chart = figure && renderChart(recorder.findings(1), { ...figure, scale });
        assert.doesNotMatch(chart ?? 'undefined', /NaN|undefined|Infinity/);
      }
    }
  });
});
