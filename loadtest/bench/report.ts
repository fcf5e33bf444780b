/**
 * What a run of the benchmark amounts to: per row the median and the quartiles, and its cost as a multiple of two other
 * rows, taken repetition by repetition. The tables show what the JSON holds; nothing is computed for people only.
 */
import { pairedRatios, type Summary, summarize } from '../statistics.js';
import { formatNumber, formatRatio, formatSpread, renderTable } from '../table.js';
import { type BenchGoalReport, benchGoals, judgeGoal } from './goal.js';
import type { RowCount } from './javascript.js';
import { findMeasurement, type Measurement } from './measurement.js';

/** A row with one number of threads, summarized. */
export interface BenchRow extends Measurement {
  /** Nanoseconds of one operation. */
  summary: Summary;
  /** Cost as a multiple of our own increment: `rseq` among native rows, `inc-rseq` among JavaScript's. */
  timesOurs: Summary | null;
  /** Cost as a multiple of an empty Node-API call; of JavaScript rows only. */
  timesNoop: Summary | null;
}

/** A run, summarized. */
export interface BenchReport {
  cpus: number;
  rows: BenchRow[];
  counts: RowCount[];
  /** The modes of stores of ours, by row; those of native rows are `native`. */
  modes: Record<string, string>;
  goals: BenchGoalReport[];
  /** Every row counted what it was called. */
  exact: boolean;
}

/** @param cpus - threads of the rows that keep every CPU busy */
export function reportBench(measurements: readonly Measurement[], counts: RowCount[], cpus: number): BenchReport {
  const times = (one: Measurement, row: string): Summary | null => {
    const other = findMeasurement(measurements, one.language, row, one.threads);
    return other === undefined ? null : summarize(pairedRatios(one.nanoseconds, other.nanoseconds));
  };
  return {
    cpus,
    rows: measurements.map((one) => ({
      ...one,
      summary: summarize(one.nanoseconds),
      timesOurs: times(one, one.language === 'native' ? 'rseq' : 'inc-rseq'),
      timesNoop: one.language === 'native' ? null : times(one, 'noop'),
    })),
    counts,
    modes: modesOf(measurements, counts),
    goals: benchGoals.map((goal) => judgeGoal(goal, measurements, cpus)),
    exact: counts.every(({ expected, counted }) => counted === null || counted === expected),
  };
}

function modesOf(measurements: readonly Measurement[], counts: readonly RowCount[]): Record<string, string> {
  const native = measurements.find(({ mode }) => mode !== undefined)?.mode;
  const stores = counts.flatMap(({ row, mode }) => (mode === null ? [] : [[row, mode] as const]));
  return { ...(native === undefined ? {} : { native }), ...Object.fromEntries(stores) };
}

function renderModes(modes: Readonly<Record<string, string>>): string {
  return `Modes in force: ${Object.entries(modes)
    .map(([row, mode]) => `${row} ${mode}`)
    .join('; ')}.`;
}

const LOOSE = 'Threads are not pinned, for which taskset (util-linux) is needed: they may have shared a CPU.';

/** The report as it is printed. */
export function renderBench(report: BenchReport): string {
  return [
    renderLanguage(report, 'native', 'Native, ns per increment'),
    renderLanguage(report, 'javascript', 'JavaScript, ns per call'),
    ...(report.counts.every(({ pinned }) => pinned) ? [] : [LOOSE]),
    renderModes(report.modes),
    report.goals.map(renderGoal).join('\n'),
  ].join('\n\n');
}

function renderLanguage(report: BenchReport, language: Measurement['language'], title: string): string {
  const own = report.rows.filter((row) => row.language === language);
  const multiples = language === 'native' ? ['x rseq'] : ['x noop', 'x inc()'];
  const cells = (row: BenchRow | undefined): string[] => [
    formatNumber(row?.summary.median, 2),
    formatSpread(row?.summary, 2),
    ...(language === 'native' ? [] : [formatRatio(row?.timesNoop?.median)]),
    formatRatio(row?.timesOurs?.median),
  ];
  const rows = own
    .filter(({ threads }) => threads === 1)
    .map((alone) => {
      const busy = own.find(({ row, threads }) => row === alone.row && threads === report.cpus && threads > 1);
      return [alone.title, ...cells(alone), ...cells(busy), ...exactness(report, alone)];
    });
  const columns = ['quartiles', ...multiples];
  const exact = language === 'native' ? [] : ['exact'];
  const heading = [title, 'alone', ...columns, `${report.cpus} threads`, ...columns, ...exact];
  return renderTable(heading, rows);
}

function exactness({ counts }: BenchReport, { row, language }: BenchRow): string[] {
  if (language === 'native') return [];
  const count = counts.find((one) => one.row === row);
  if (count === undefined || count.counted === null) return ['-'];
  return [count.counted === count.expected ? 'yes' : `NO: ${count.counted} of ${count.expected}`];
}

function renderGoal({ title, atLeast, atMost, ratio, met }: BenchGoalReport): string {
  const threshold = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  if (ratio === null) return `${title}, ${threshold}: not measured`;
  return `${title}, ${threshold}: ${met ? 'met' : 'missed'} (${formatRatio(ratio.median)}, ${formatSpread(ratio, 2)})`;
}
