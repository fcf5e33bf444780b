import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContenderResult, Turn } from '../../../loadtest/alternation.js';
import { renderScenario, reportScenario } from '../../../loadtest/report.js';
import type { Scenario } from '../../../loadtest/scenarios/scenario.js';

const scenario: Scenario = {
  name: 'plugin',
  title: 'A small handler',
  request: { method: 'GET', path: '/' },
  connections: 8,
  contenders: [],
  baseline: 'bare',
  quick: { rounds: 3, roundSeconds: 1 },
  full: { rounds: 3, roundSeconds: 1 },
  goal: { contender: 'plugin', ratio: 0.95 },
};

function turn(requestsPerSecond: number, change: Partial<Turn> = {}): Turn {
  const fired = { answered: 1000, refused: 0, failed: 0, seconds: 1000 / requestsPerSecond, p50: 1, p99: 3 };
  return { ...fired, requestsPerSecond, cpuSeconds: 0.01, counts: [], ...change };
}

function count(counted: number): Turn['counts'] {
  return [{ metric: 'http_requests_total', expected: 1000, counted }];
}

const bare: ContenderResult = { name: 'bare', mode: null, rounds: [turn(1000), turn(500), turn(1100)] };

function plugin(rounds: Turn[]): ContenderResult {
  return { name: 'plugin', mode: { backend: 'rseq', registration: 'libc', aborts: 0, fallbacks: 0 }, rounds };
}

const exact = plugin([970, 480, 1056].map((rate) => turn(rate, { cpuSeconds: 0.0125, counts: count(1000) })));

describe('the report of a scenario', () => {
  it('takes ratios round by round against the baseline', () => {
    const report = reportScenario(scenario, [bare, exact]);
    assert.deepEqual(report.contenders[0]?.ratio.median, 1);
    assert.equal(report.contenders[1]?.ratio.median, 0.96);
    assert.deepEqual(report.goal, { contender: 'plugin', ratio: 0.95, measured: 0.96, met: true });
  });

  it('compares CPU time per request the same way', () => {
    const [, ours] = reportScenario(scenario, [bare, exact]).contenders;
    assert.equal(ours?.cpuPerRequest?.median, 12.5);
    assert.equal(ours?.cpuRatio?.median, 0.8);
  });

  it('does without CPU time where the kernel does not tell it', () => {
    const silent = plugin(exact.rounds.map((one) => ({ ...one, cpuSeconds: null })));
    const [, ours] = reportScenario(scenario, [bare, silent]).contenders;
    assert.equal(ours?.cpuPerRequest, null);
    assert.equal(ours?.cpuRatio, null);
  });

  it('passes when every count of every turn is what was answered', () => {
    const report = reportScenario(scenario, [bare, exact]);
    assert.equal(report.passed, true);
    assert.deepEqual(
      report.contenders.map((contender) => contender.exact),
      [null, true],
    );
  });

  it('fails on a single count that is one too low, and shows it', () => {
    const [first, second] = exact.rounds as [Turn, Turn, Turn];
    const report = reportScenario(scenario, [bare, plugin([first, second, turn(1056, { counts: count(999) })])]);
    assert.equal(report.passed, false);
    assert.match(renderScenario(report), /plugin: http_requests_total is 999 where 1000 requests were answered/);
    assert.match(renderScenario(report), /^plugin .* NO /m);
  });

  it('fails when requests were refused or not answered, even if the counts agree', () => {
    for (const loss of [{ refused: 1 }, { failed: 1 }]) {
      const [first, second] = exact.rounds as [Turn, Turn, Turn];
      const report = reportScenario(scenario, [
        bare,
        plugin([first, second, turn(1056, { counts: count(1000), ...loss })]),
      ]);
      assert.equal(report.passed, false);
      assert.match(renderScenario(report), /plugin: 1 requests were refused or not answered/);
    }
  });

  it('says of a goal that was not reached that it was missed, with the figure', () => {
    const slow = plugin([900, 450, 990].map((rate) => turn(rate, { counts: count(1000) })));
    const text = renderScenario(reportScenario(scenario, [bare, slow]));
    assert.match(text, /at least 95\.0 % of the throughput of bare: missed \(90\.0 %\)/);
  });

  it('shows the mode that was in force', () => {
    assert.match(renderScenario(reportScenario(scenario, [bare, exact])), /^plugin .* yes {2}rseq \(libc\)$/m);
  });

  it('refuses results without the baseline', () => {
    assert.throws(() => reportScenario(scenario, [exact]), /baseline "bare"/);
  });
});
