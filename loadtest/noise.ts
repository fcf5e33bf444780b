/**
 * What is called a difference. Two samples of the same thing never agree, and the fewer values they have, the further
 * apart their medians and quartiles lie by chance. So it is their ranks that decide, by the exact test of Mann and
 * Whitney, whose rate of false alarms is known whatever the values are distributed like, and however few they are.
 *
 * Samples that were taken in alternation are tested as if they had not been: what slows both sides of a round spreads both
 * samples, which hides differences and makes none.
 */
import { summarize } from './statistics.js';

/** Part of the comparisons that mark a difference at most where there is none. */
export const FALSE_ALARMS = 0.01;
/**
 * Values that each sample needs: of the 252 orders of five and five values 2 have all of one sample on one side, which
 * is less than {@link FALSE_ALARMS}; of the 70 orders of four and four 2 are more.
 */
export const LEAST_SAMPLES = 5;
/** Part that two medians have to be apart at least: one process more or less makes a few percent by itself. */
export const LEAST_CHANGE = 0.05;

/** Orders of so many and so many values in which at most `limit` pairs are the wrong way round. */
function ordersWithin(limit: number, first: number, second: number): number {
  // By number of the second's values and of wrong pairs: the greatest of all values belongs to either sample. Only sums
  // of what is positive, so that large numbers of orders keep their precision.
  const orders = Array.from({ length: second + 1 }, () => new Float64Array(limit + 1));
  for (const row of orders) row[0] = 1;
  for (let one = 1; one <= first; one += 1) {
    for (let other = 1; other <= second; other += 1) {
      const [fewer, row] = [orders[other - 1], orders[other]] as [Float64Array, Float64Array];
      // From the end: a row is read where it is still that of one value less in the first sample.
      for (let pairs = limit; pairs >= 0; pairs -= 1)
        row[pairs] = (fewer[pairs] ?? 0) + (pairs >= other ? (row[pairs - other] ?? 0) : 0);
    }
  }
  return (orders[second] as Float64Array).reduce((sum, count) => sum + count, 0);
}

/** All orders of so many and so many values: the ways to choose the places of the second's. */
function ordersOf(first: number, second: number): number {
  let ways = 1;
  for (let one = 1; one <= second; one += 1) ways = (ways * (first + one)) / one;
  return ways;
}

/** Of how many of all orders of their values at most it can be said that they are as far apart as these, on either side. */
export function chanceOf(first: readonly number[], second: readonly number[]): number {
  const pairs = first.flatMap((one) => second.map((other) => Math.sign(one - other)));
  // A tie speaks against both sides.
  const wrong = Math.min(...[1, -1].map((side) => pairs.filter((sign) => sign !== side).length));
  return Math.min(1, (2 * ordersWithin(wrong, first.length, second.length)) / ordersOf(first.length, second.length));
}

/** Whether each of two samples has enough values to be told from the other. */
export function canBeTold(first: readonly number[], second: readonly number[]): boolean {
  return Math.min(first.length, second.length) >= LEAST_SAMPLES;
}

/** Whether two samples differ by more than their noise, and by more than little. */
export function differsBeyondNoise(first: readonly number[], second: readonly number[]): boolean {
  if (!canBeTold(first, second) || chanceOf(first, second) > FALSE_ALARMS) return false;
  const [before, after] = [summarize(first).median, summarize(second).median];
  return Math.abs(after - before) > LEAST_CHANGE * Math.abs(before);
}

/** The same of a second sample that is above a first one, whose greatest value is not looked at. */
function chanceOfRise(first: readonly number[], second: readonly number[]): number {
  const rest = [...first].sort((one, other) => one - other).slice(0, -1);
  const wrong = rest.flatMap((one) => second.filter((other) => other <= one)).length;
  // By how many of the second's values lie below that greatest one; those above it are above all others as well.
  let orders = 0;
  for (let below = 0; below <= second.length; below += 1) orders += ordersWithin(wrong, rest.length, below);
  return Math.min(1, orders / ordersOf(first.length, second.length));
}

/**
 * Whether a second sample lies above a first one by more than their noise, and by more than little. What disturbs a round
 * makes it dearer, and a single such value of the first one would hide what all others say. So both are also tested
 * without the first one's greatest. Either test has half of {@link FALSE_ALARMS}, which is what that of both sides has on this one.
 */
export function risesBeyondNoise(first: readonly number[], second: readonly number[]): boolean {
  if (!canBeTold(first, second)) return false;
  const [before, after] = [summarize(first).median, summarize(second).median];
  if (after - before <= LEAST_CHANGE * Math.abs(before)) return false;
  return chanceOf(first, second) <= FALSE_ALARMS || chanceOfRise(first, second) <= FALSE_ALARMS / 2;
}
