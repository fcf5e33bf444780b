/**
 * The few statistics that the comparisons report. Everything is a median with its quartiles: a shared machine gives
 * outliers in one direction only, and a mean would follow them. Nothing here rounds; that is left to the tables.
 */

/** Order statistics of one sample, in the unit of its values. */
export interface Summary {
  count: number;
  min: number;
  lowerQuartile: number;
  median: number;
  upperQuartile: number;
  max: number;
}

/** Where the middle half of a sample lies. */
export type MiddleHalf = Pick<Summary, 'lowerQuartile' | 'median' | 'upperQuartile'>;

/**
 * The value below which a fraction of a sample lies, linearly interpolated between the two nearest ranks.
 *
 * @param sorted - the sample in ascending order
 * @param fraction - from 0 (the minimum) to 1 (the maximum)
 * @throws RangeError for an empty sample or a fraction that is not between 0 and 1
 */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) throw new RangeError('A sample without values has no quantiles.');
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`A quantile lies between 0 and 1, not at ${fraction}.`);
  const rank = fraction * (sorted.length - 1);
  const below = Math.floor(rank);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (rank - below);
}

/**
 * Median, quartiles and extremes of a sample in any order, which is left as it is.
 *
 * @throws RangeError for an empty sample
 */
export function summarize(values: readonly number[]): Summary {
  const sorted = Float64Array.from(values).sort();
  return {
    count: sorted.length,
    min: quantile(sorted, 0),
    lowerQuartile: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    upperQuartile: quantile(sorted, 0.75),
    max: quantile(sorted, 1),
  };
}

/**
 * The ratios of two samples that were taken in alternation, round by round. A disturbance that lasts longer than a
 * round hits both sides and cancels out, which it does not in a ratio of two medians.
 *
 * @throws RangeError when the samples differ in length
 */
export function pairedRatios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) {
    throw new RangeError(
      `Pairs need as many numerators (${numerators.length}) as denominators (${denominators.length}).`,
    );
  }
  return numerators.map((numerator, round) => numerator / (denominators[round] as number));
}
