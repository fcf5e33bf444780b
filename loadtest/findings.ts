/**
 * What a scenario has found out, as it is saved: samples by figure, contender and point of the axis, counts against
 * what they had to be, and what follows from them. Everything that is shown to people is computed from this file, so a
 * report can be made again, and two runs compared, without measuring anything.
 */

/** A quantity that a scenario measures. */
export interface Figure {
  name: string;
  title: string;
  unit: string;
  better: 'higher' | 'lower';
  /** Digits behind the point in tables. */
  decimals: number;
  /** `null` for a figure that is only listed. */
  chart: 'bars' | 'lines' | null;
  /** How the chart scales its values. */
  scale: 'linear' | 'log';
}

/** One figure of one contender at one point, round by round. */
export interface Series {
  figure: string;
  contender: string;
  point: string;
  samples: number[];
  /** Rounds, from 0 and ascending, in which there was nothing to measure: they have no sample. */
  missed?: number[];
}

/** What a contender counted, against what it had to. */
export interface Count {
  contender: string;
  point: string;
  what: string;
  expected: number;
  counted: number;
  /** The contender promises this count to be exact; if not, a difference is a finding and no failure. */
  promised: boolean;
}

/** A threshold, and what was measured; `measured` is `null` where nothing was. */
export interface Goal {
  title: string;
  atLeast?: number;
  atMost?: number;
  unit: string;
  measured: number | null;
  met: boolean;
}

/** A scenario, measured. */
export interface Findings {
  name: string;
  title: string;
  /** What the points of all series are; `null` where there is but one. */
  axis: string | null;
  /** The contender that ratios refer to. */
  baseline: string;
  figures: Figure[];
  series: Series[];
  counts: Count[];
  /** The modes of stores of ours, by contender. */
  modes: Record<string, string>;
  notes: string[];
  /** One sentence. */
  verdict: string;
  goals: Goal[];
  seconds: number;
  /** Every count that was promised is exact, and no request was lost that had to be answered. */
  passed: boolean;
}

/** Whether a count is off that its contender promises. */
export function isBroken({ promised, expected, counted }: Count): boolean {
  return promised && expected !== counted;
}

/** Judges a measured value against a threshold. */
export function judge(
  title: string,
  measured: number | undefined,
  threshold: { atLeast: number } | { atMost: number },
  unit = '',
): Goal {
  const met =
    measured !== undefined && ('atLeast' in threshold ? measured >= threshold.atLeast : measured <= threshold.atMost);
  return { title, ...threshold, unit, measured: measured ?? null, met };
}
