/** From which point of an axis on a contender is told from another one: the first that is beyond the noise with all later ones. */
import type { Lookup } from './lookup.js';
import { canBeTold, differsBeyondNoise, LEAST_CHANGE } from './noise.js';

/** Where a difference begins. */
export interface Onset {
  point: string;
  /** The figure there as a multiple of the baseline's: the median of the rounds, paired. */
  multiple: number;
}

/**
 * Finds the onset of a rival's difference. Points at which one of both has too few rounds are left out.
 *
 * @returns `undefined` where no point has enough rounds
 */
export function onsetOf(lookup: Lookup, figure: string, rival: string, baseline: string): Onset | 'never' | undefined {
  const places = lookup.points(figure).flatMap((point) => {
    const own = lookup.samples(figure, rival, point);
    const theirs = lookup.samples(figure, baseline, point);
    const multiple = lookup.ratio(figure, rival, baseline, point)?.median;
    if (!canBeTold(own, theirs) || multiple === undefined) return [];
    return [{ point, multiple, differs: differsBeyondNoise(theirs, own) }];
  });
  if (places.length === 0) return undefined;
  for (const side of [1, -1]) {
    const onset = places.find((_, index) =>
      places.slice(index).every(({ multiple, differs }) => differs && side * (multiple - 1) > LEAST_CHANGE),
    );
    if (onset !== undefined) return { point: onset.point, multiple: onset.multiple };
  }
  return 'never';
}
