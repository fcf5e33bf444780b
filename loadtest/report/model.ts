/**
 * A cost model that is fitted to the measurements of a run, and what it predicts for machines with more CPUs. Each part
 * has a reason:
 *
 * - an increment of a word that all writers share costs `a + k (w - 1)` with `w` writers, each on a CPU of its own: the
 *   word is handed from CPU to CPU, and each further writer makes everybody wait for one more hand-over;
 * - an increment of a word that no other writer adds to costs `a`, whatever their number: nothing is handed over. What
 *   such a row costs more with the second writer of a run is the machine's (cores that are shared, the heap, the
 *   frequency), would be no line to 256 CPUs, and is in the range of `a`, which is that of all rounds of all points;
 * - a further increment of a request over S series costs `i(S)` in one thread, which is not given as a formula: what it takes
 *   more over many series is what no longer fits into a cache, which is no straight line. It is the slope of the CPU time of
 *   a request;
 * - a scrape costs `c + d S + b S (L - L0)` for S series and L lanes, where it was measured with L0: text per series, and
 *   8 bytes to read per series and lane. All of it is measured over HTTP between scrapes of others, which leave the lanes
 *   to be read from memory again: a scrape of `lanes` that follows another one costs a part of that;
 * - a series takes `m + n L` bytes of the file.
 *
 * Each round is fitted by itself; what is given is the median of the rounds with their middle half. A slope that their
 * noise may have made is none, and no single round decides that. No increment depends on the number of lanes, as it
 * touches that of its own CPU only, nor any cost of a scrape on the number of writers, who are not asked. What could not be
 * fitted is named. All that is said of numbers of CPUs that were not measured is a prediction: it knows nothing of
 * sockets, of cache that a store no longer fits into, or of memory controllers.
 */
import type { Findings } from '../findings.js';
import type { Lookup } from '../lookup.js';
import { IS_WIDE, WIDE } from '../scrape/size.js';
import type { MiddleHalf } from '../statistics.js';
import { type CostLine, estimates, type Gap, half, lookupOf, type Outcome, parametersOf } from './cost-line.js';
import { incrementLines } from './increment-lines.js';
import { fitPlaces, inCommonRounds, type Place, valueAt } from './line.js';
import { seriesLines } from './series-lines.js';

/** Series of the predicted scrape. */
const SERIES = 100_000;
const OURS = 'percpu-metrics';

/** What all lines of a run are. */
export interface CostModel {
  lines: CostLine[];
  gaps: Gap[];
}

/** Fits the model. @param cpus - of the machine that was measured */
export function fitModel(scenarios: readonly Findings[], cpus: number): CostModel {
  const outcomes = [
    ...[...incrementLines(scenarios, cpus), ...seriesLines(scenarios)],
    ...[scrapeLine(scenarios, cpus), memoryLine(scenarios, cpus)],
  ];
  return {
    lines: outcomes.filter((outcome) => 'formula' in outcome),
    gaps: outcomes.filter((outcome) => 'reason' in outcome),
  };
}

function times({ lowerQuartile, median, upperQuartile }: MiddleHalf, factor: number): MiddleHalf {
  return { lowerQuartile: lowerQuartile * factor, median: median * factor, upperQuartile: upperQuartile * factor };
}

/** Milliseconds of scrapes by the number of their series, and of the largest of them that was measured over more lanes. */
function scrapePlaces(lookup: Lookup): { bySeries: readonly Place[]; wide: WidePlace | undefined } {
  const placesOf = (pattern: RegExp): Place[] =>
    lookup.points('latency').flatMap((point) => {
      const series = pattern.exec(point)?.[1];
      if (series === undefined) return [];
      return [{ x: Number(series.replaceAll(',', '')), rounds: lookup.rounds('latency', OURS, point) }];
    });
  const bySeries = placesOf(/^([\d,]+) counters$/);
  const wide = placesOf(new RegExp(`^([\\d,]+) counters${IS_WIDE}$`)).slice(-1);
  const common = inCommonRounds([...bySeries, ...wide]);
  return { bySeries: common.slice(0, bySeries.length), wide: common[bySeries.length] };
}

type WidePlace = ReturnType<typeof inCommonRounds>[number];

function scrapeLine(scenarios: readonly Findings[], cpus: number): Outcome {
  const subject = `scrape of ${SERIES.toLocaleString('en-US')} counters over HTTP`;
  const lookup = lookupOf(scenarios, 'scrape');
  if (lookup === undefined) return { subject, reason: 'the scenario scrape was not run' };
  const { bySeries, wide } = scrapePlaces(lookup);
  if (wide === undefined || cpus >= WIDE)
    return { subject, reason: 'no store of more lanes than this machine has CPUs was scraped' };
  const fit = fitPlaces(bySeries);
  if (typeof fit === 'string') return { subject, reason: fit };
  if (!fit.rises) return { subject, reason: 'the number of series made no difference beyond the noise' };
  // What each further lane adds to each series, by the line of the same round: with as many lanes as were measured the
  // prediction is what was measured.
  const perLane = fit.lines.map(
    (line, round) => ((wide.rounds[round] ?? 0) - valueAt(line, wide.x)) / (wide.x * (WIDE - cpus)),
  );
  const { intercept, slope } = parametersOf(fit);
  const nanoseconds = 1e6;
  return {
    ...{ kind: 'scrape', subject, unit: 'ms', decimals: 1, formula: `c + d S + b S (L - ${cpus})` },
    parameters: [
      { name: 'c', unit: 'ms', decimals: 2, value: intercept },
      { name: 'd', unit: 'ns per series', decimals: 1, value: slope && times(slope, nanoseconds) },
      { name: 'b', unit: 'ns per series and lane', decimals: 3, value: times(half(perLane), nanoseconds) },
    ],
    ...estimates(cpus, (count) =>
      half(fit.lines.map((line, round) => valueAt(line, SERIES) + (perLane[round] ?? 0) * SERIES * (count - cpus))),
    ),
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
