/** Finds series among findings, and what they amount to. */
import type { Findings, Series } from './findings.js';
import { pairedRatios, type Summary, summarize } from './statistics.js';

/** The series of a scenario, for whoever draws conclusions from them. */
export class Lookup {
  readonly #series: readonly Series[];

  constructor({ series }: Pick<Findings, 'series'>) {
    this.#series = series;
  }

  /** Points of a figure's axis, in the order in which they were measured. */
  points(figure: string): string[] {
    return [...new Set(this.#series.filter((one) => one.figure === figure).map(({ point }) => point))];
  }

  /** Contenders that a figure was measured of. */
  contenders(figure: string): string[] {
    return [...new Set(this.#series.filter((one) => one.figure === figure).map(({ contender }) => contender))];
  }

  /** Empty where nothing was measured. */
  samples(figure: string, contender: string, point = ''): readonly number[] {
    return this.#find(figure, contender, point)?.samples ?? [];
  }

  /** The samples in their rounds; `undefined` for one that was missed. */
  rounds(figure: string, contender: string, point = ''): (number | undefined)[] {
    return roundsOf(this.#find(figure, contender, point));
  }

  summary(figure: string, contender: string, point = ''): Summary | undefined {
    const samples = this.samples(figure, contender, point);
    return samples.length === 0 ? undefined : summarize(samples);
  }

  median(figure: string, contender: string, point = ''): number | undefined {
    return this.summary(figure, contender, point)?.median;
  }

  /**
   * A figure of a contender as a multiple of another's, round by round; rounds that one of them missed are left out. There
   * is none where a value is 0 or below, such as memory that shrank: it would be nothing, endless or negative.
   */
  ratio(figure: string, contender: string, other: string, point = ''): Summary | undefined {
    const own = this.rounds(figure, contender, point);
    const theirs = this.rounds(figure, other, point);
    if (own.length !== theirs.length) return undefined;
    const both = own.flatMap((one, round) => {
      const two = theirs[round];
      return one === undefined || two === undefined ? [] : [[one, two] as const];
    });
    if (both.length === 0 || both.flat().some((value) => value <= 0)) return undefined;
    return summarize(
      pairedRatios(
        both.map(([one]) => one),
        both.map(([, two]) => two),
      ),
    );
  }

  #find(figure: string, contender: string, point: string): Series | undefined {
    return this.#series.find((one) => one.figure === figure && one.contender === contender && one.point === point);
  }
}

function roundsOf(series: Series | undefined): (number | undefined)[] {
  const rounds: (number | undefined)[] = [...(series?.samples ?? [])];
  for (const round of series?.missed ?? []) rounds.splice(round, 0, undefined);
  return rounds;
}
