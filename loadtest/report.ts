/**
 * What a scenario's turns amount to: medians, spreads, ratios to the baseline taken round by round, exactness. The table
 * shows what the JSON holds; nothing is computed for people only.
 */
import type { ContenderResult, Mode, Turn } from './alternation.js';
import type { Goal, Scenario } from './scenarios/scenario.js';
import { pairedRatios, type Summary, summarize } from './statistics.js';
import { formatNumber, formatRatio, formatSpread, renderTable } from './table.js';

/** All turns of one contender, summarized. */
export interface ContenderReport {
  name: string;
  mode: Mode | null;
  requestsPerSecond: Summary;
  /** Milliseconds. */
  p50: Summary;
  p99: Summary;
  /** CPU time of the service per request, in microseconds. */
  cpuPerRequest: Summary | null;
  /** Throughput as a part of the baseline's. */
  ratio: Summary;
  /** What the same CPU time would serve, as a part of the baseline's. */
  cpuRatio: Summary | null;
  /** Requests that were answered otherwise than 2xx, or not at all. */
  lost: number;
  /** Every check of every turn held; `null` where nothing is counted. */
  exact: boolean | null;
  rounds: Turn[];
}

/** A goal and how it came out. */
export interface GoalReport extends Goal {
  measured: number;
  met: boolean;
}

/** A scenario, summarized. */
export interface ScenarioReport {
  name: string;
  title: string;
  baseline: string;
  connections: number;
  requestsPerRound: number;
  contenders: ContenderReport[];
  goal: GoalReport | null;
  /** No request was lost and no count was off. */
  passed: boolean;
}

/** @throws Error when the baseline is not among the results */
export function reportScenario(scenario: Scenario, results: readonly ContenderResult[]): ScenarioReport {
  const baseline = results.find(({ name }) => name === scenario.baseline);
  if (baseline === undefined) throw new Error(`The baseline "${scenario.baseline}" was not measured.`);
  const contenders = results.map((result) => reportContender(result, baseline));
  return {
    name: scenario.name,
    title: scenario.title,
    baseline: scenario.baseline,
    connections: scenario.connections,
    requestsPerRound: baseline.rounds[0]?.answered ?? 0,
    contenders,
    goal: scenario.goal === undefined ? null : reportGoal(scenario.goal, contenders),
    passed: contenders.every(({ lost, exact }) => lost === 0 && exact !== false),
  };
}

function reportContender({ name, mode, rounds }: ContenderResult, baseline: ContenderResult): ContenderReport {
  const throughputs = (turns: readonly Turn[]): number[] => turns.map(({ requestsPerSecond }) => requestsPerSecond);
  const own = cpuTimes(rounds);
  const other = cpuTimes(baseline.rounds);
  const counts = rounds.flatMap((turn) => turn.counts);
  return {
    name,
    mode,
    requestsPerSecond: summarize(throughputs(rounds)),
    p50: summarize(rounds.map(({ p50 }) => p50)),
    p99: summarize(rounds.map(({ p99 }) => p99)),
    cpuPerRequest: own && summarize(own),
    ratio: summarize(pairedRatios(throughputs(rounds), throughputs(baseline.rounds))),
    cpuRatio: own && other && summarize(pairedRatios(other, own)),
    lost: rounds.reduce((sum, { refused, failed }) => sum + refused + failed, 0),
    exact: counts.length === 0 ? null : counts.every(({ expected, counted }) => expected === counted),
    rounds,
  };
}

/** Microseconds per request, or `null` where a turn has none. */
function cpuTimes(turns: readonly Turn[]): number[] | null {
  const times = turns.flatMap(({ cpuSeconds, answered }) => (cpuSeconds === null ? [] : (cpuSeconds / answered) * 1e6));
  return times.length === turns.length ? times : null;
}

function reportGoal(goal: Goal, contenders: readonly ContenderReport[]): GoalReport {
  const contender = contenders.find(({ name }) => name === goal.contender);
  if (contender === undefined) throw new Error(`The goal's "${goal.contender}" was not measured.`);
  const measured = contender.ratio.median;
  return { ...goal, measured, met: measured >= goal.ratio };
}

/** The report as it is printed. */
export function renderScenario(report: ScenarioReport): string {
  const heading = ['', 'requests/s', 'quartiles', 'p50 ms', 'p99 ms', 'CPU us/req', `vs ${report.baseline}`];
  const rows = report.contenders.map((contender) => [
    contender.name,
    formatNumber(contender.requestsPerSecond.median, 0),
    formatSpread(contender.requestsPerSecond, 0),
    formatNumber(contender.p50.median, 2),
    formatNumber(contender.p99.median, 2),
    formatNumber(contender.cpuPerRequest?.median, 2),
    formatRatio(contender.ratio.median),
    formatSpread(contender.ratio, 2),
    formatRatio(contender.cpuRatio?.median),
    contender.exact === null ? '-' : contender.exact ? 'yes' : 'NO',
    describeMode(contender.mode),
  ]);
  const table = renderTable([...heading, 'quartiles', 'per CPU s', 'exact', 'mode'], rows);
  const size = `${report.contenders[0]?.rounds.length ?? 0} rounds of ${formatNumber(report.requestsPerRound, 0)} requests`;
  return [
    `${report.title}\n${size}, ${report.connections} connections\n`,
    table,
    ...failures(report),
    ...verdict(report),
  ].join('\n');
}

function describeMode(mode: Mode | null): string {
  if (mode === null) return '-';
  return mode.registration === 'none' ? mode.backend : `${mode.backend} (${mode.registration})`;
}

function failures({ contenders }: ScenarioReport): string[] {
  return contenders.flatMap(({ name, lost, rounds }) => {
    const off = rounds.flatMap(({ counts }) => counts).find(({ expected, counted }) => expected !== counted);
    return [
      ...(lost > 0 ? [`${name}: ${lost} requests were refused or not answered, so its counts prove nothing.`] : []),
      ...(off ? [`${name}: ${off.metric} is ${off.counted} where ${off.expected} requests were answered.`] : []),
    ];
  });
}

function verdict({ goal, baseline }: ScenarioReport): string[] {
  if (goal === null) return [];
  const percent = (ratio: number): string => `${formatNumber(ratio * 100, 1)} %`;
  const threshold = `at least ${percent(goal.ratio)} of the throughput of ${baseline}`;
  return ['', `${goal.contender} keeps ${threshold}: ${goal.met ? 'met' : 'missed'} (${percent(goal.measured)}).`];
}
