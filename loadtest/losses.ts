/**
 * Where somebody else is better than whom a scenario is about. The sentence under a scenario ends with it, so that no figure
 * that speaks against this package has to be found in a table.
 */
import type { Figure } from './findings.js';
import type { Lookup } from './lookup.js';
import { differsBeyondNoise, LEAST_CHANGE } from './noise.js';
import { formatNumber } from './table.js';

/** A figure at a point of the axis at which the median of a rival is better by more than little. */
interface Loss {
  figure: Figure;
  rival: string;
  point: string;
  ours: number;
  theirs: number;
  /** By the rule of `noise.ts`, which few rounds never satisfy. */
  beyondNoise: boolean;
}

/** Who is compared, and in what. */
export interface Rivalry {
  ours: string;
  rivals: readonly string[];
  figures: readonly Figure[];
}

interface Place {
  figure: Figure;
  rival: string;
  point: string;
}

/** All that both sides have samples of. */
function placesOf(lookup: Lookup, { ours, rivals, figures }: Rivalry): Place[] {
  return rivals.flatMap((rival) =>
    figures.flatMap((figure) =>
      lookup
        .points(figure.name)
        .filter((point) => [ours, rival].every((contender) => lookup.samples(figure.name, contender, point).length > 0))
        .map((point) => ({ figure, rival, point })),
    ),
  );
}

function lossAt(lookup: Lookup, contender: string, { figure, rival, point }: Place): Loss[] {
  const { name, better } = figure;
  const ours = lookup.median(name, contender, point) as number;
  const theirs = lookup.median(name, rival, point) as number;
  const lead = better === 'lower' ? ours - theirs : theirs - ours;
  if (lead <= LEAST_CHANGE * Math.abs(theirs)) return [];
  const beyondNoise = differsBeyondNoise(lookup.samples(name, rival, point), lookup.samples(name, contender, point));
  return [{ figure, rival, point, ours, theirs, beyondNoise }];
}

const gapOf = ({ ours, theirs }: Loss): number => Math.abs(ours - theirs) / Math.abs(theirs);

/** The losses of one figure to one rival, at least one: all points, and the values of the one where they are furthest apart. */
function describeGroup(losses: readonly Loss[]): string {
  const worst = losses.reduce((one, other) => (gapOf(other) > gapOf(one) ? other : one));
  const { figure, ours, theirs } = worst;
  const unit = figure.unit && ` ${figure.unit}`;
  const values = `${formatNumber(theirs, figure.decimals)}${unit} to ${formatNumber(ours, figure.decimals)}`;
  const points = losses.map(({ point }) => point).join(' / ');
  const where = losses.length > 1 ? `${points}, most at ${worst.point}` : points;
  return `"${figure.title}" (${where && `${where}: `}${values})`;
}

/** By rival, and by figure of each. */
function describeGroups(losses: readonly Loss[]): string {
  const rivals = [...new Set(losses.map(({ rival }) => rival))];
  return rivals
    .map((rival) => {
      const own = losses.filter((loss) => loss.rival === rival);
      const figures = [...new Set(own.map(({ figure }) => figure))];
      return `${rival} in ${figures.map((figure) => describeGroup(own.filter((loss) => loss.figure === figure))).join(', ')}`;
    })
    .join(', ');
}

/**
 * Says who is better in what, for the end of a sentence: first what is beyond the noise, then what the medians alone
 * say. Whatever is less than {@link LEAST_CHANGE} apart is the same.
 */
export function describeLosses(lookup: Lookup, rivalry: Rivalry): string {
  const places = placesOf(lookup, rivalry);
  const losses = places.flatMap((place) => lossAt(lookup, rivalry.ours, place));
  const percent = `${LEAST_CHANGE * 100} %`;
  const told = losses.filter(({ beyondNoise }) => beyondNoise);
  const untold = losses.filter(({ beyondNoise }) => !beyondNoise);
  if (places.length === 0) return `nothing was measured to compare ${rivalry.ours} with`;
  if (losses.length === 0) return `nowhere is another one better than ${rivalry.ours} by more than ${percent}`;
  return [
    ...(told.length > 0 ? [`better than ${rivalry.ours} beyond the noise: ${describeGroups(told)}`] : []),
    ...(untold.length > 0
      ? [`better than ${rivalry.ours} by their medians, but not told from noise: ${describeGroups(untold)}`]
      : []),
  ].join('; ');
}
