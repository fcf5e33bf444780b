/**
 * Straight lines through what was measured in rounds. Each round is fitted by itself: what the rounds make of a line is
 * spread as they are, so that the spread of a prediction follows from theirs and needs no theory of errors.
 */
import { LEAST_SAMPLES, risesBeyondNoise } from '../noise.js';

/** A straight line. */
export interface Line {
  intercept: number;
  slope: number;
}

/** What was measured at one place, round by round; `undefined` where a round was missed. */
export interface Place {
  x: number;
  rounds: readonly (number | undefined)[];
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

/** The places with only those rounds that all of them have. */
export function inCommonRounds(places: readonly Place[]): { x: number; rounds: number[] }[] {
  const complete = (places[0]?.rounds ?? []).map((_, round) =>
    places.every(({ rounds }) => rounds[round] !== undefined),
  );
  return places.map(({ x, rounds }) => ({
    x,
    rounds: rounds.filter((one, round) => one !== undefined && complete[round]) as number[],
  }));
}

/** One line for each round that has all places. */
function fitRounds(places: readonly Place[]): Line[] {
  const common = inCommonRounds(places);
  const rounds = common[0]?.rounds ?? [];
  return rounds.flatMap(
    (_, round) => fitLine(common.map((place) => [place.x, place.rounds[round] as number] as const)) ?? [],
  );
}

export function valueAt({ intercept, slope }: Line, x: number): number {
  return intercept + slope * x;
}

/** The lines of all rounds. */
export interface Fit {
  lines: Line[];
  /** Whether the last place is higher than the first by more than the noise. */
  rises: boolean;
}

/**
 * Fits places in ascending order. A slope that the noise may have made is none, nor is one downwards: the lines are level
 * then, each at the mean of its round.
 *
 * @returns why there are no lines, where there is too little to fit
 */
export function fitPlaces(places: readonly Place[]): Fit | string {
  const [first, last] = [places[0], places.at(-1)];
  if (first === undefined || last === undefined || first === last) return 'fewer than two points were measured';
  const lines = fitRounds(places);
  if (lines.length < LEAST_SAMPLES) return `it takes ${LEAST_SAMPLES} rounds to tell a slope from noise`;
  if (risesBeyondNoise(samplesOf(first), samplesOf(last))) return { lines, rises: true };
  const meanX = places.reduce((sum, { x }) => sum + x, 0) / places.length;
  // Least squares go through the means of x and y.
  return { lines: lines.map((line) => ({ intercept: valueAt(line, meanX), slope: 0 })), rises: false };
}

function samplesOf({ rounds }: Place): number[] {
  return rounds.filter((value) => value !== undefined);
}
