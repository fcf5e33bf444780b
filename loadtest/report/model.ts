/**
 * A cost model that is fitted to the measurements of a run, and what it predicts for machines with more CPUs. Three
 * straight lines, each of which has a reason:
 *
 * - an increment with `w` writers on the same series, each on a CPU of its own, costs `a + k (w - 1)`: a shared word is
 *   handed from CPU to CPU, and each further writer makes everybody wait for one more hand-over;
 * - a scrape costs `c + d S + b S (L - 1)` for S series and L lanes: text per series, 8 bytes to read per series and lane;
 * - a series takes `m + n L` bytes of the file.
 *
 * A slope that the spread of the measurements may have made is none: `k` is 0 where the middle halves of the samples of
 * the fewest and the most writers touch. All that is said of numbers of CPUs that were not measured is a prediction: it
 * knows nothing of sockets, of cache that a store no longer fits into, or of memory controllers.
 */
import type { Findings } from '../findings.js';
import { Lookup } from '../lookup.js';
import { formatNumber } from '../table.js';
import type { TextTable } from './tables.js';

/** CPUs that predictions are made for. */
export const PREDICTED_CPUS = [8, 64, 256] as const;
/** Series of the predicted scrape. */
const SERIES = 100_000;

/** A straight line through measured points. */
export interface Line {
  intercept: number;
  slope: number;
}

/** Least squares; `undefined` for fewer than two different places. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line | undefined {
  const mean = (pick: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const meanX = mean(([x]) => x);
  const meanY = mean(([, y]) => y);
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (points.length < 2 || spread === 0) return undefined;
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  return { slope, intercept: meanY - slope * meanX };
}

const valueAt = ({ intercept, slope }: Line, x: number): number => intercept + slope * x;

function lookupOf(scenarios: readonly Findings[], name: string): Lookup | undefined {
  const findings = scenarios.find((one) => one.name === name);
  return findings && new Lookup(findings);
}

function pointsOf(
  lookup: Lookup,
  figure: string,
  contender: string,
  most = Number.POSITIVE_INFINITY,
): [number, number][] {
  return lookup.points(figure).flatMap((point): [number, number][] => {
    const median = lookup.median(figure, contender, point);
    return median === undefined || Number(point) > most ? [] : [[Number(point), median]];
  });
}

/** Numbers of CPUs that this machine does not have, so that what is said of them is a prediction. */
const predictedOf = (cpus: number): number[] => PREDICTED_CPUS.filter((count) => count > cpus);

/** A line as it is written; the second term is what `per` stands for. */
const written = ({ intercept, slope }: Line, decimals: number, per: string): string =>
  `${formatNumber(intercept, decimals)} ${slope < 0 ? '-' : '+'} ${formatNumber(Math.abs(slope), decimals)} ${per}`;

/** Nanoseconds of an increment, where so many writers have a rate in millions per second together. */
const costOf = (writers: number, rate: number): number => (writers / rate) * 1000;

/** Whether the cost of an increment with the most writers is told from that with one by more than its spread. */
function isApart(lookup: Lookup, figure: string, contender: string, cpus: number): boolean {
  const points = pointsOf(lookup, figure, contender, cpus).map(([writers]) => writers);
  const costs = [Math.min(...points), Math.max(...points)].flatMap((writers): [number, number][] => {
    const rate = lookup.summary(figure, contender, String(writers));
    return rate ? [[costOf(writers, rate.upperQuartile), costOf(writers, rate.lowerQuartile)]] : [];
  });
  const [[lowOfOne, highOfOne] = [0, 0], [lowOfMany, highOfMany] = [0, 0]] = costs;
  return highOfOne < lowOfMany || highOfMany < lowOfOne;
}

/** Nanoseconds of an increment of one of so many writers. */
function incrementRows(scenarios: readonly Findings[], cpus: number): string[][] {
  const lookup = lookupOf(scenarios, 'contention');
  if (lookup === undefined) return [];
  const rows: string[][] = [];
  for (const [figure, language] of [
    ['native', 'C'],
    ['threads', 'worker threads'],
  ] as const) {
    for (const contender of lookup.contenders(figure)) {
      const costs = pointsOf(lookup, figure, contender, cpus).map(([writers, rate]): [number, number] => [
        writers - 1,
        costOf(writers, rate),
      ]);
      const fitted = fitLine(costs);
      if (fitted === undefined) continue;
      const mean = costs.reduce((sum, [, cost]) => sum + cost, 0) / costs.length;
      const line = isApart(lookup, figure, contender, cpus) ? fitted : { intercept: mean, slope: 0 };
      // One that gets cheaper with more writers does not become free.
      const floor = Math.min(...costs.map(([, cost]) => cost));
      const cost = (writers: number): string => formatNumber(Math.max(floor, valueAt(line, writers - 1)), 1);
      const name = `increment in ${language}, ${contender}, ns`;
      rows.push([name, written(line, 2, '(w - 1)'), cost(cpus), ...predictedOf(cpus).map(cost)]);
    }
  }
  return rows;
}

/** Milliseconds of a scrape, as far as it is the library's. */
function scrapeRows(scenarios: readonly Findings[], cpus: number): string[][] {
  const scrapes = lookupOf(scenarios, 'scrape');
  const lanes = lookupOf(scenarios, 'lanes');
  if (scrapes === undefined || lanes === undefined) return [];
  const bySeries = scrapes.points('latency').flatMap((point): [number, number][] => {
    const median = scrapes.median('latency', 'percpu-metrics', point);
    return point.endsWith(' counters') && median !== undefined
      ? [[Number(point.replace(/ counters|,/g, '')), median]]
      : [];
  });
  const series = fitLine(bySeries);
  const wide = fitLine(pointsOf(lanes, 'scrape', 'percpu-metrics'));
  // Each series of that scenario was incremented once.
  const measured = scenarios.find(({ name }) => name === 'lanes')?.counts[0]?.expected ?? 0;
  if (series === undefined || wide === undefined || !(measured > 0)) return [];
  const cost = (count: number): string =>
    formatNumber(valueAt(series, SERIES) + (wide.slope / measured) * SERIES * (count - cpus), 1);
  const perLane = wide.slope / measured;
  const line = `${written(series, 6, 'S')} + ${formatNumber(perLane, 9)} S (L - 1)`;
  const name = `scrape of ${formatNumber(SERIES, 0)} counters over HTTP, ms`;
  return [[name, line, cost(cpus), ...predictedOf(cpus).map(cost)]];
}

function memoryRows(scenarios: readonly Findings[], cpus: number): string[][] {
  const lookup = lookupOf(scenarios, 'memory');
  const line = lookup && fitLine(pointsOf(lookup, 'lanes', 'percpu-metrics'));
  if (line === undefined) return [];
  const bytes = (count: number): string => formatNumber(valueAt(line, count), 0);
  return [['file of a counter series, bytes', written(line, 1, 'L'), bytes(cpus), ...predictedOf(cpus).map(bytes)]];
}

/** The model as a table; without rows where too little was measured. */
export function modelTable(scenarios: readonly Findings[], cpus: number): TextTable {
  return {
    caption: '',
    heading: [
      'cost model',
      'line',
      `${cpus} CPUs, fitted`,
      ...predictedOf(cpus).map((count) => `${count} CPUs, prediction`),
    ],
    rows: [...incrementRows(scenarios, cpus), ...scrapeRows(scenarios, cpus), ...memoryRows(scenarios, cpus)],
  };
}
