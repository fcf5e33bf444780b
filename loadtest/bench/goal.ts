/**
 * The ratios that the design promises, and whether a run of the benchmark reached them. Each compares two rows of the
 * same run, repetition by repetition.
 */
import { pairedRatios, type Summary, summarize } from '../statistics.js';
import { findMeasurement, type Measurement } from './measurement.js';

/** A promise about the cost of one row as a multiple of another's. */
export interface BenchGoal {
  title: string;
  language: Measurement['language'];
  /** The row whose cost is divided ... */
  row: string;
  /** ... by the cost of this one. */
  by: string;
  /** One thread, or one per CPU. */
  load: 'alone' | 'busy';
  atLeast?: number;
  atMost?: number;
}

/** A goal and how it came out; `null` where a row was not measured. */
export interface BenchGoalReport extends BenchGoal {
  ratio: Summary | null;
  met: boolean | null;
}

export const benchGoals: readonly BenchGoal[] = [
  // Inlined against inlined, as it is in the addon; and once more through the function that other programs call, which
  // pays for the call and for looking at the back end, while what it is held against still does not.
  ...(['rseq_inline', 'rseq'] as const).flatMap((by): BenchGoal[] => {
    const multiple = `as a multiple of rseq ${by === 'rseq' ? 'through pcm_cell_add()' : 'inlined'}`;
    return [
      {
        title: `native: getcpu and an atomic add cost, ${multiple}`,
        language: 'native',
        row: 'percpu_atomic',
        by,
        load: 'alone',
        atLeast: 7.7,
      },
      {
        title: `native: one shared atomic with every CPU busy costs, ${multiple}`,
        language: 'native',
        row: 'atomic',
        by,
        load: 'busy',
        atLeast: 20,
      },
    ];
  }),
  {
    title: 'JavaScript: a bound inc() costs, as a multiple of an empty Node-API call',
    language: 'javascript',
    row: 'inc-rseq',
    by: 'noop',
    load: 'alone',
    atMost: 2.2,
  },
  {
    title: "JavaScript: prom-client's bound child costs, as a multiple of a bound inc()",
    language: 'javascript',
    row: 'prom-client-bound',
    by: 'inc-rseq',
    load: 'alone',
    atLeast: 12,
  },
  {
    title: 'JavaScript: a bound observe() costs, as a multiple of a bound inc()',
    language: 'javascript',
    row: 'observe-rseq',
    by: 'inc-rseq',
    load: 'alone',
    atMost: 2,
  },
];

/** Holds a run against a goal; the median of the ratios decides. */
export function judgeGoal(goal: BenchGoal, measurements: readonly Measurement[], cpus: number): BenchGoalReport {
  const threads = goal.load === 'alone' ? 1 : cpus;
  const row = findMeasurement(measurements, goal.language, goal.row, threads);
  const by = findMeasurement(measurements, goal.language, goal.by, threads);
  if (row === undefined || by === undefined) return { ...goal, ratio: null, met: null };
  const ratio = summarize(pairedRatios(row.nanoseconds, by.nanoseconds));
  const met = ratio.median >= (goal.atLeast ?? 0) && ratio.median <= (goal.atMost ?? Number.POSITIVE_INFINITY);
  return { ...goal, ratio, met };
}
