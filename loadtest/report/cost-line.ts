/** A line of the cost model: what something costs by what it depends on, with the middle half of the rounds it was fitted to. */
import type { Findings } from '../findings.js';
import { Lookup } from '../lookup.js';
import { type MiddleHalf, summarize } from '../statistics.js';
import type { Fit } from './line.js';

/** CPUs that predictions are made for. */
const PREDICTED_CPUS = [8, 64, 256] as const;

/** A coefficient. */
export interface Parameter {
  name: string;
  unit: string;
  /** Digits behind the point in tables. */
  decimals: number;
  /** `null` for what is not told from noise, and taken as 0. */
  value: MiddleHalf | null;
}

/** What a line says of a machine with so many CPUs. */
export interface Estimate extends MiddleHalf {
  cpus: number;
}

/** A line that was fitted. */
export interface CostLine {
  kind: 'shared increment' | 'own increment' | 'increment by series' | 'scrape' | 'memory';
  subject: string;
  /** Of the estimates. */
  unit: string;
  decimals: number;
  formula: string;
  parameters: Parameter[];
  /** For the machine that was measured; `null` for what is the same on all. */
  fitted: Estimate | null;
  /** For machines with more CPUs, which nobody measured. */
  predictions: Estimate[];
}

/** Something that could not be fitted. */
export interface Gap {
  subject: string;
  reason: string;
}

/** What came of fitting a line. */
export type Outcome = CostLine | Gap;

/** The findings of a scenario, where it was run. */
export function lookupOf(scenarios: readonly Findings[], name: string): Lookup | undefined {
  const findings = scenarios.find((one) => one.name === name);
  return findings && new Lookup(findings);
}

export function half(values: readonly number[]): MiddleHalf {
  const { lowerQuartile, median, upperQuartile } = summarize(values);
  return { lowerQuartile, median, upperQuartile };
}

/** For the machine itself, and for those that have more CPUs. */
export function estimates(cpus: number, of: (cpus: number) => MiddleHalf): Pick<CostLine, 'fitted' | 'predictions'> {
  const predictions = PREDICTED_CPUS.filter((count) => count > cpus).map((count) => ({ cpus: count, ...of(count) }));
  return { fitted: { cpus, ...of(cpus) }, predictions };
}

/** The two parameters of a line: its second is `null` where it does not rise. */
export function parametersOf({ lines, rises }: Fit): { intercept: MiddleHalf; slope: MiddleHalf | null } {
  return {
    intercept: half(lines.map(({ intercept }) => intercept)),
    slope: rises ? half(lines.map(({ slope }) => slope)) : null,
  };
}
