/**
 * What a further increment of a request costs by the number of series that it is one of, out of `dense`: by how much the
 * CPU time of a request rises with its increments, over each number of series.
 */
import type { Findings } from '../findings.js';
import type { Lookup } from '../lookup.js';
import { risesBeyondNoise } from '../noise.js';
import { formatNumber } from '../table.js';
import { half, lookupOf, type Outcome, type Parameter } from './cost-line.js';
import { type Fit, fitPlaces } from './line.js';

const NANOSECONDS = 1000;

/** A line for each design. */
export function seriesLines(scenarios: readonly Findings[]): Outcome[] {
  const findings = scenarios.find(({ name }) => name === 'dense');
  const lookup = lookupOf(scenarios, 'dense');
  if (findings === undefined || lookup === undefined)
    return [{ subject: 'increments by number of series', reason: 'the scenario dense was not run' }];
  const sizes = findings.figures
    .flatMap(({ name }) => /^cpu-(\d+)$/.exec(name)?.[1] ?? [])
    .filter((size) => lookup.points(`cpu-${size}`).length > 0)
    .map(Number)
    .sort((one, other) => one - other);
  const designs = lookup.contenders(`cpu-${sizes[0] ?? ''}`);
  return designs.map((design) => lineOf(lookup, design, sizes));
}

/** Nanoseconds of a further increment, round by round. */
interface Slope {
  series: number;
  rounds: number[];
  rises: boolean;
}

function lineOf(lookup: Lookup, design: string, sizes: readonly number[]): Outcome {
  const subject = `increment of a request, ${design}`;
  const slopes: Slope[] = [];
  for (const series of sizes) {
    const fit = fitOf(lookup, design, series);
    if (typeof fit === 'string') return { subject, reason: fit };
    slopes.push({ series, rises: fit.rises, rounds: fit.lines.map(({ slope }) => slope * NANOSECONDS) });
  }
  return {
    ...{ kind: 'increment by series', subject, unit: 'ns', decimals: 1, formula: 'i(S)' },
    parameters: [...slopes.map(parameterOf), ...growthOf(slopes)],
    ...{ fitted: null, predictions: [] },
  };
}

function fitOf(lookup: Lookup, design: string, series: number): Fit | string {
  const figure = `cpu-${series}`;
  const places = lookup
    .points(figure)
    .map((point) => ({ x: Number(point), rounds: lookup.rounds(figure, design, point) }))
    .sort((one, other) => one.x - other.x);
  return fitPlaces(places);
}

const grouped = (number: number): string => formatNumber(number, 0);

function parameterOf({ series, rounds, rises }: Slope): Parameter {
  return { name: `i(${grouped(series)})`, unit: 'ns', decimals: 1, value: rises ? half(rounds) : null };
}

/** What an increment over the most series takes more than one over the fewest, where there are both. */
function growthOf(slopes: readonly Slope[]): Parameter[] {
  const [fewest, most] = [slopes[0], slopes.at(-1)];
  if (fewest === undefined || most === undefined || fewest === most) return [];
  const differences = most.rounds.flatMap((value, round) => {
    const less = fewest.rounds[round];
    return less === undefined ? [] : [value - less];
  });
  const name = `i(${grouped(most.series)}) - i(${grouped(fewest.series)})`;
  const told = risesBeyondNoise(fewest.rounds, most.rounds);
  return [{ name, unit: 'ns', decimals: 1, value: told ? half(differences) : null }];
}
