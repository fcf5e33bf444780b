/**
 * What a scenario is: contenders that are measured in alternation, and a conclusion that follows from the samples
 * alone, whichever way it goes.
 */
import type { Count, Figure, Goal } from '../findings.js';
import type { Lookup } from '../lookup.js';
import { onAllCpus, type Pinning } from '../pinning.js';
import type { Recorder } from '../recorder.js';
import { LIBRARIES } from '../services/series.js';

/** What a scenario is run with. */
export interface RunContext {
  /** Few and short rounds, small sizes. */
  quick: boolean;
  /** Rounds instead of the scenario's own number. */
  rounds: number | undefined;
  pinning: Pinning;
  /** A directory for stores, removed after the run. */
  directory: string;
  signal: AbortSignal;
  recorder: Recorder;
  /** Says how many steps there will be; gives what reports each. */
  progress: (steps: number) => (activity: string) => void;
}

/** What follows from the samples. */
export interface Conclusion {
  verdict: string;
  goals: Goal[];
}

/** A comparison. */
export interface Scenario {
  name: string;
  title: string;
  axis: string | null;
  baseline: string;
  figures: readonly Figure[];
  /**
   * Measures into the recorder.
   *
   * @throws Error when a contender fails, or the signal's reason; all processes are ended either way
   */
  run(context: RunContext): Promise<void>;
  conclude(lookup: Lookup, counts: readonly Count[]): Conclusion;
}

/** Does what a contender may fail at: a rival's failure is told, and the run goes on; one of ours ends it. */
export async function attempt<T>(
  { signal, recorder }: RunContext,
  name: string,
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (name === LIBRARIES[0]) throw error;
    recorder.note(`${name}: ${what} failed. ${(error as Error).message}`);
    return undefined;
  }
}

/** The fewer rounds of a quick run, or those that were asked for. */
export function roundsOf({ quick, rounds }: RunContext, few: number, many: number): number {
  return rounds ?? (quick ? few : many);
}

/**
 * Does some work for which this process, and what it starts meanwhile, has all CPUs: who is started by a process that is
 * pinned shares its CPU.
 */
export async function unpinned<T>(context: RunContext, work: (free: RunContext) => Promise<T>): Promise<T> {
  const pinning: Pinning = { pinned: false, reason: 'all CPUs are wanted' };
  return await onAllCpus(context.pinning, () => work({ ...context, pinning }));
}
