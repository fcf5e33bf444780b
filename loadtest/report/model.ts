/**
 * A cost model that is fitted to the measurements of a run, and what it predicts for machines with more CPUs. Three
 * straight lines, each of which has a reason:
 *
 * - an increment with `w` writers on the same series, each on a CPU of its own, costs `a + k (w - 1)`: a shared word is
 *   handed from CPU to CPU, and each further writer makes everybody wait for one more hand-over;
 * - a scrape costs `c + d S + b S (L - L0)` for S series and L lanes, where it was measured with L0: text per series, and
 *   8 bytes to read per series and lane;
 * - a series takes `m + n L` bytes of the file.
 *
 * Each round is fitted by itself; what is given is the median of the rounds with their middle half. A slope that their
 * noise may have made is none. What could not be fitted is named. All
 * that is said of numbers of CPUs that were not measured is a prediction: it knows nothing of sockets, of cache that a
 * store no longer fits into, or of memory controllers.
 */
import type { Findings } from '../findings.js';
import { Lookup } from '../lookup.js';
import { type MiddleHalf, summarize } from '../statistics.js';
import { type Fit, fitPlaces, type Place, valueAt } from './line.js';

/** CPUs that predictions are made for. */
const PREDICTED_CPUS = [8, 64, 256] as const;
/** Series of the predicted scrape. */
const SERIES = 100_000;
const OURS = 'percpu-metrics';

/** A coefficient. */
export interface Parameter {
  name: string;
  unit: string;
  /** Digits behind the point in tables. */
  decimals: number;
  /** `null` for a slope that is not told from noise, and taken as 0. */
  value: MiddleHalf | null;
}

/** What a line says of a machine with so many CPUs. */
export interface Estimate extends MiddleHalf {
  cpus: number;
}

/** A line that was fitted. */
export interface CostLine {
  kind: 'increment' | 'scrape' | 'memory';
  subject: string;
  /** Of the estimates. */
  unit: string;
  decimals: number;
  formula: string;
  parameters: Parameter[];
  /** For the machine that was measured. */
  fitted: Estimate;
  /** For machines with more CPUs, which nobody measured. */
  predictions: Estimate[];
}

/** A line that could not be fitted. */
export interface Gap {
  subject: string;
  reason: string;
}

/** What all lines of a run are. */
export interface CostModel {
  lines: CostLine[];
  gaps: Gap[];
}

/** Fits the model. @param cpus - of the machine that was measured */
export function fitModel(scenarios: readonly Findings[], cpus: number): CostModel {
  const outcomes = [...incrementLines(scenarios, cpus), scrapeLine(scenarios, cpus), memoryLine(scenarios, cpus)];
  return {
    lines: outcomes.filter((outcome) => 'formula' in outcome),
    gaps: outcomes.filter((outcome) => 'reason' in outcome),
  };
}

type Outcome = CostLine | Gap;

function lookupOf(scenarios: readonly Findings[], name: string): Lookup | undefined {
  const findings = scenarios.find((one) => one.name === name);
  return findings && new Lookup(findings);
}

function half(values: readonly number[]): MiddleHalf {
  const { lowerQuartile, median, upperQuartile } = summarize(values);
  return { lowerQuartile, median, upperQuartile };
}

/** What the sum of two quantities is whose rounds are not the same: as far apart as both together can make it. */
function sum(one: MiddleHalf, other: MiddleHalf): MiddleHalf {
  return {
    lowerQuartile: one.lowerQuartile + other.lowerQuartile,
    median: one.median + other.median,
    upperQuartile: one.upperQuartile + other.upperQuartile,
  };
}

function times({ lowerQuartile, median, upperQuartile }: MiddleHalf, factor: number): MiddleHalf {
  return { lowerQuartile: lowerQuartile * factor, median: median * factor, upperQuartile: upperQuartile * factor };
}

/** For the machine itself, and for those that have more CPUs. */
function estimates(cpus: number, of: (cpus: number) => MiddleHalf): Pick<CostLine, 'fitted' | 'predictions'> {
  const predictions = PREDICTED_CPUS.filter((count) => count > cpus).map((count) => ({ cpus: count, ...of(count) }));
  return { fitted: { cpus, ...of(cpus) }, predictions };
}

/** The two parameters of a line: its second is `null` where it does not rise. */
function parametersOf({ lines, rises }: Fit): { intercept: MiddleHalf; slope: MiddleHalf | null } {
  return {
    intercept: half(lines.map(({ intercept }) => intercept)),
    slope: rises ? half(lines.map(({ slope }) => slope)) : null,
  };
}

function incrementLines(scenarios: readonly Findings[], cpus: number): Outcome[] {
  const lookup = lookupOf(scenarios, 'contention');
  if (lookup === undefined) return [{ subject: 'increments', reason: 'the scenario contention was not run' }];
  return [
    { figure: 'native', language: 'C' },
    { figure: 'threads', language: 'worker threads' },
  ].flatMap(({ figure, language }) =>
    lookup.contenders(figure).map((contender) => {
      const subject = `increment in ${language}, ${contender}`;
      return incrementLine(subject, incrementPlaces(lookup, figure, contender, cpus), cpus);
    }),
  );
}

/** Nanoseconds by the number of the other writers. Writers that wait for a CPU are no longer on one of their own. */
function incrementPlaces(lookup: Lookup, figure: string, contender: string, cpus: number): Place[] {
  return lookup.points(figure).flatMap((point): Place[] => {
    const writers = Number(point);
    const rounds = lookup.rounds(figure, contender, point).map((rate) => rate && (writers / rate) * 1000);
    return writers > cpus || rounds.length === 0 ? [] : [{ x: writers - 1, rounds }];
  });
}

function incrementLine(subject: string, places: readonly Place[], cpus: number): Outcome {
  const fit = fitPlaces(places);
  if (typeof fit === 'string') return { subject, reason: fit };
  const { intercept, slope } = parametersOf(fit);
  return {
    ...{ kind: 'increment', subject, unit: 'ns', decimals: 1, formula: 'a + k (w - 1)' },
    parameters: [
      { name: 'a', unit: 'ns', decimals: 2, value: intercept },
      { name: 'k', unit: 'ns per further writer', decimals: 2, value: slope },
    ],
    ...estimates(cpus, (count) => half(fit.lines.map((line) => valueAt(line, count - 1)))),
  };
}

/** As far as it is the library's. */
function scrapeLine(scenarios: readonly Findings[], cpus: number): Outcome {
  const scrapes = lookupOf(scenarios, 'scrape');
  const lanes = lookupOf(scenarios, 'lanes');
  // Each series of that scenario was incremented once.
  const measured = scenarios.find(({ name }) => name === 'lanes')?.counts[0]?.expected ?? 0;
  const subject = `scrape of ${SERIES.toLocaleString('en-US')} counters over HTTP`;
  if (scrapes === undefined || lanes === undefined || measured === 0) {
    return { subject, reason: 'it takes the scenarios scrape and lanes' };
  }
  const bySeries = fitPlaces(
    scrapes
      .points('latency')
      .filter((point) => /^[\d,]+ counters$/.test(point))
      .map((point) => ({
        x: Number(point.replace(/ counters|,/g, '')),
        rounds: scrapes.rounds('latency', OURS, point),
      })),
  );
  const byLanes = fitPlaces(
    lanes.points('scrape').map((point) => ({ x: Number(point), rounds: lanes.rounds('scrape', OURS, point) })),
  );
  if (typeof bySeries === 'string') return { subject, reason: bySeries };
  if (typeof byLanes === 'string') return { subject, reason: byLanes };
  if (!bySeries.rises) return { subject, reason: 'the number of series made no difference beyond the noise' };
  const perLane = byLanes.rises ? half(byLanes.lines.map(({ slope }) => slope / measured)) : null;
  const own = half(bySeries.lines.map((line) => valueAt(line, SERIES)));
  const { intercept, slope } = parametersOf(bySeries);
  const nanoseconds = 1e6;
  return {
    ...{ kind: 'scrape', subject, unit: 'ms', decimals: 1, formula: `c + d S + b S (L - ${cpus})` },
    parameters: [
      { name: 'c', unit: 'ms', decimals: 2, value: intercept },
      { name: 'd', unit: 'ns per series', decimals: 1, value: slope && times(slope, nanoseconds) },
      { name: 'b', unit: 'ns per series and lane', decimals: 3, value: perLane && times(perLane, nanoseconds) },
    ],
    ...estimates(cpus, (count) => (perLane === null ? own : sum(own, times(perLane, SERIES * (count - cpus))))),
  };
}

function memoryLine(scenarios: readonly Findings[], cpus: number): Outcome {
  const subject = 'file of a counter series';
  const lookup = lookupOf(scenarios, 'memory');
  if (lookup === undefined) return { subject, reason: 'the scenario memory was not run' };
  const places = lookup
    .points('lanes')
    .map((point) => ({ x: Number(point), rounds: lookup.rounds('lanes', OURS, point) }));
  const fit = fitPlaces(places);
  if (typeof fit === 'string') return { subject, reason: fit };
  const { intercept, slope } = parametersOf(fit);
  return {
    ...{ kind: 'memory', subject, unit: 'bytes', decimals: 0, formula: 'm + n L' },
    parameters: [
      { name: 'm', unit: 'bytes', decimals: 1, value: intercept },
      { name: 'n', unit: 'bytes per lane', decimals: 1, value: slope },
    ],
    ...estimates(cpus, (count) => half(fit.lines.map((line) => valueAt(line, count)))),
  };
}
