import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Findings } from '../../../loadtest/findings.js';
import { Recorder } from '../../../loadtest/recorder.js';
import type { CostLine } from '../../../loadtest/report/cost-line.js';
import { fitLine, fitPlaces } from '../../../loadtest/report/line.js';
import { type CostModel, fitModel } from '../../../loadtest/report/model.js';
import { modelTablesOf } from '../../../loadtest/report/model-tables.js';
import { renderPage } from '../../../loadtest/report/page.js';
import { renderModel } from '../../../loadtest/report/text.js';
import { scenarios } from '../../../loadtest/scenarios/index.js';
import type { Scenario } from '../../../loadtest/scenarios/scenario.js';
import { inventedRun } from '../../support/loadtest-run.js';

/** Samples of a figure of one contender, by point. */
type Samples = Readonly<Record<string, readonly number[]>>;

function findingsOf(name: string, figure: string, contender: string, samples: Samples): Findings {
  const recorder = new Recorder(scenarios.find((one) => one.name === name) as Scenario);
  for (const [point, values] of Object.entries(samples))
    for (const value of values) recorder.add(figure, contender, point, value);
  recorder.count({ contender, point: '1', what: 'increments', expected: 1000, counted: 1000, promised: true });
  return recorder.findings(1);
}

/** As many rounds as it takes to tell anything from noise. */
const five = (value: number): number[] => Array.from({ length: 5 }, () => value);

/** Writers in C on two CPUs, by their nanoseconds per increment. */
function contention(nanoseconds: Readonly<Record<number, readonly number[]>>, contender = 'atomic'): Findings {
  const rates = Object.entries(nanoseconds).map(([writers, values]) => [
    writers,
    values.map((one) => (Number(writers) / one) * 1000),
  ]);
  return findingsOf('contention', 'native', contender, Object.fromEntries(rates));
}

/** Requests of one thread that take 30 us and so many nanoseconds for each increment, by the number of their series. */
function dense(nanoseconds: Readonly<Record<number, readonly number[]>>): Findings {
  const recorder = new Recorder(scenarios.find(({ name }) => name === 'dense') as Scenario);
  for (const [series, values] of Object.entries(nanoseconds))
    for (const increments of [1, 10, 1000])
      for (const value of values)
        recorder.add(`cpu-${series}`, 'rseq', String(increments), 30 + (value * increments) / 1000);
  return recorder.findings(1);
}

function only(model: CostModel): CostLine {
  assert.equal(model.lines.length, 1, JSON.stringify(model));
  return model.lines[0] as CostLine;
}

/** Rounded, as quartiles are not exact in binary. */
function rounded(value: { lowerQuartile: number; median: number; upperQuartile: number } | null | undefined) {
  return value && [value.lowerQuartile, value.median, value.upperQuartile].map((one) => Number(one.toFixed(6)));
}

const SCRAPE = 'scrape of 100,000 counters over HTTP';
const gapOf = (model: CostModel, subject: string): string =>
  model.gaps.find((gap) => gap.subject === subject)?.reason ?? '';

const parameter = (line: CostLine, name: string): unknown =>
  rounded(line.parameters.find((one) => one.name === name)?.value);

describe('a straight line', () => {
  it('is fitted where there are two places at least', () => {
    const line = fitLine([
      [1, 3],
      [2, 5],
      [3, 7],
    ]);
    assert.deepEqual(line, { slope: 2, intercept: 1 });
    const one = fitLine([
      [1, 3],
      [1, 5],
    ]);
    assert.equal(one, undefined);
    assert.equal(fitLine([]), undefined);
  });

  it('is fitted to rounds that have all places, and leaves the others out', () => {
    const fit = fitPlaces([
      { x: 0, rounds: [1, 1, undefined, 1, 1, 1] },
      { x: 1, rounds: [3, 4, 900, 5, 6, 7] },
      { x: 2, rounds: [5, 7, 900, 9, 11, 13] },
    ]);
    assert.deepEqual(fit, {
      rises: true,
      lines: [
        { slope: 2, intercept: 1 },
        { slope: 3, intercept: 1 },
        { slope: 4, intercept: 1 },
        { slope: 5, intercept: 1 },
        { slope: 6, intercept: 1 },
      ],
    });
  });
});

describe('the cost model', () => {
  it('gives parameters and predictions with the middle half of the rounds', () => {
    const line = only(fitModel([contention({ 1: [10, 10, 10, 10, 10], 2: [11, 12, 13, 14, 15] })], 2));
    assert.deepEqual(parameter(line, 'a'), [10, 10, 10]);
    assert.deepEqual(parameter(line, 'k'), [2, 3, 4]);
    assert.deepEqual(rounded(line.fitted), [12, 13, 14]);
    assert.deepEqual(
      line.predictions.map((one) => [one.cpus, ...(rounded(one) ?? [])]),
      [
        [8, 24, 31, 38],
        [64, 136, 199, 262],
        [256, 520, 775, 1030],
      ],
    );
  });

  it('fits no writers that have to wait for a CPU', () => {
    const more = { 1: five(10), 2: five(20), 3: five(900) };
    assert.deepEqual(parameter(only(fitModel([contention(more)], 2)), 'k'), [10, 10, 10]);
  });

  it('takes no slope from what the noise may have made, nor one downwards', () => {
    const noise = { 1: [9.8, 9.9, 10, 10.1, 10.2], 2: [9.9, 10, 10.2, 10.3, 10.5] };
    const small = { 1: five(10), 2: five(10.3) };
    const downwards = { 1: five(20), 2: five(10) };
    for (const samples of [noise, small, downwards]) {
      const line = only(fitModel([contention(samples)], 2));
      assert.equal(parameter(line, 'k'), null);
      for (const prediction of line.predictions) assert.deepEqual(rounded(prediction), parameter(line, 'a'));
      assert.match(renderModel({ lines: [line], gaps: [] }), /none beyond noise/);
    }
    assert.deepEqual(parameter(only(fitModel([contention(downwards)], 2)), 'a'), [15, 15, 15]);
  });

  it('takes the slope of nearly all rounds where one was disturbed', () => {
    // The rounds of "atomic" in C in a run in which one of a single writer took as long as those of two.
    const alone = [8.2, 6.6, 18.6, 8.4, 9.8, 41.2, 8.4];
    const both = [42, 39.9, 31.9, 42.1, 41.1, 32.1, 40.1];
    const line = only(fitModel([contention({ 1: alone, 2: both })], 2));
    assert.deepEqual(parameter(line, 'a'), [8.3, 8.4, 14.2]);
    assert.deepEqual(parameter(line, 'k'), [22.3, 31.7, 33.5]);
  });

  it('gives writers that share no word one cost for any number of them, with the range of all points', () => {
    const lines = ['rseq', 'percpu-atomic', 'prom-client', 'plain lane'].map((contender) =>
      only(fitModel([contention({ 1: five(10), 2: [20, 20, 20, 20, 60], 3: five(900) }, contender)], 2)),
    );
    for (const line of lines) {
      assert.equal(line.formula, 'a');
      assert.deepEqual(parameter(line, 'a'), [10, 15, 20]);
      for (const prediction of line.predictions) assert.deepEqual(rounded(prediction), [10, 15, 20]);
    }
    const shared = ['atomic', 'atomic-padded', 'Atomics.add'].map((contender) =>
      only(fitModel([contention({ 1: five(10), 2: five(20) }, contender)], 2)),
    );
    for (const line of shared) assert.deepEqual(parameter(line, 'k'), [10, 10, 10]);
  });

  it('tells an increment of a request by number of series, as the slope of CPU time by increments', () => {
    const line = only(fitModel([dense({ 1: [40, 41, 42, 43, 44], 100: five(45), 10000: [80, 81, 82, 83, 184] })], 2));
    assert.equal(line.formula, 'i(S)');
    assert.equal(line.subject, 'increment of a request, rseq');
    assert.deepEqual(parameter(line, 'i(1)'), [41, 42, 43]);
    assert.deepEqual(parameter(line, 'i(100)'), [45, 45, 45]);
    assert.deepEqual(parameter(line, 'i(10,000)'), [81, 82, 83]);
    assert.deepEqual(parameter(line, 'i(10,000) - i(1)'), [40, 40, 40]);
    assert.deepEqual([line.fitted, line.predictions], [null, []]);
  });

  it('takes nothing for more series, nor for an increment, that the noise may have made', () => {
    const noise = only(fitModel([dense({ 1: [40, 41, 42, 43, 44], 10000: [41, 39, 46, 43, 45] })], 2));
    assert.deepEqual(parameter(noise, 'i(1)'), [41, 42, 43]);
    assert.equal(parameter(noise, 'i(10,000) - i(1)'), null);
    const cheap = only(fitModel([dense({ 1: [-3, 2, -1, 4, 0] })], 2));
    assert.equal(parameter(cheap, 'i(1)'), null);
    assert.equal(parameter(cheap, 'i(1) - i(1)'), undefined);
    assert.match(
      renderModel({ lines: [cheap], gaps: [] }),
      /in one thread, for any number of CPUs and lanes: i\(S\)\n/,
    );
    const seldom = fitModel([dense({ 1: [40, 41, 42, 43] })], 2);
    assert.equal(gapOf(seldom, 'increment of a request, rseq'), 'it takes 5 rounds to tell a slope from noise');
  });

  it('adds the lanes of more CPUs to a scrape, as it was measured with more lanes', () => {
    const scrape = findingsOf('scrape', 'latency', 'percpu-metrics', {
      '1,000 counters': five(2),
      '100,000 counters': [9.9, 10.9, 11.9, 12.9, 13.9],
      '100,000 counters, 64 lanes': [30, 31, 32, 33, 84],
      '1,000 counters, loaded': five(900),
    });
    // Warm, and in no service: not what the model is of.
    const lanes = findingsOf('lanes', 'scrape', 'percpu-metrics', { 1: five(1), 101: five(1.1) });
    const line = only(fitModel([scrape, lanes], 2));
    assert.equal(line.formula, 'c + d S + b S (L - 2)');
    assert.deepEqual(rounded(line.fitted), [10.9, 11.9, 12.9]);
    const [, wide] = line.predictions;
    assert.deepEqual([wide?.cpus, ...(rounded(wide) ?? [])], [64, 31, 32, 33]);
    const missing = fitModel([findingsOf('scrape', 'latency', 'percpu-metrics', { '1 counters': five(2) })], 2);
    assert.match(gapOf(missing, SCRAPE), /^no store of more lanes than this machine has CPUs was scraped$/);
  });

  it('says what it could not fit, and why', () => {
    assert.deepEqual(fitModel([], 2), {
      lines: [],
      gaps: [
        { subject: 'increments', reason: 'the scenario contention was not run' },
        { subject: 'increments by number of series', reason: 'the scenario dense was not run' },
        { subject: 'scrape of 100,000 counters over HTTP', reason: 'the scenario scrape was not run' },
        { subject: 'file of a counter series', reason: 'the scenario memory was not run' },
      ],
    });
    const seldom = fitModel([contention({ 1: [10, 10, 10, 10], 2: [20, 20, 20, 20] })], 2);
    assert.deepEqual(seldom.lines, []);
    const subject = 'increment in C, atomic';
    assert.deepEqual(seldom.gaps[0], { subject, reason: 'it takes 5 rounds to tell a slope from noise' });
    const alone = fitModel([contention({ 1: five(10), 2: five(20) })], 1);
    assert.deepEqual(alone.gaps[0], { subject, reason: 'fewer than two points were measured' });
    assert.match(renderModel(alone), /^Not fitted, as fewer than two points were measured: increment in C, atomic\.$/m);
  });

  it('fits no scrape of which the number of series tells nothing', () => {
    const same = findingsOf('scrape', 'latency', 'percpu-metrics', {
      '1 counters': five(5),
      '2 counters': five(5),
      '2 counters, 64 lanes': five(9),
    });
    assert.match(gapOf(fitModel([same], 2), SCRAPE), /^the number of series made no difference/);
  });

  it('marks as a prediction what was not measured', () => {
    const model = fitModel(inventedRun(1).scenarios, 2);
    assert.deepEqual(model.gaps, []);
    const tables = modelTablesOf(model);
    assert.equal(tables.length, 5);
    for (const { caption, heading, rows } of tables) {
      // The same on all machines.
      if (caption.endsWith(': i(S)')) continue;
      assert.deepEqual(heading.slice(-4), [
        '2 CPUs, fitted',
        '8 CPUs, prediction',
        '64 CPUs, prediction',
        '256 CPUs, prediction',
      ]);
      for (const row of rows) {
        assert.equal(row.length, heading.length, row[0]);
        assert.match(row.at(-1) ?? '', /^[\d.,]+ \([\d.,]+\)$/);
      }
    }
  });

  it('predicts nothing for machines that are not larger', () => {
    const [table] = modelTablesOf(fitModel(inventedRun(1).scenarios, 64));
    assert.deepEqual(table?.heading.slice(-2), ['64 CPUs, fitted', '256 CPUs, prediction']);
  });

  it('is in the page, with what it lacks', () => {
    const run = inventedRun(1);
    assert.match(renderPage(run), /<section id="model">.*<caption>An increment.*256 CPUs, prediction/s);
    const lanes = { ...run, scenarios: run.scenarios.filter(({ name }) => name === 'lanes') };
    assert.match(renderPage(lanes), /<li>Not fitted, as the scenario contention was not run: increments\.<\/li>/);
  });
});
