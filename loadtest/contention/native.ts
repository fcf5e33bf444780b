/** Writers in C: the benchmark that is built beside the addon, with a number of threads and work between increments. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseNativeLine } from '../bench/native.js';
import { packageRoot } from '../results.js';
import type { Design } from '../services/counters.js';

/**
 * The rows of the native benchmark that stand for a design, inlined where there is such a row. A single counter has a
 * cache line to itself, so that padding it would change nothing: a row of atomic-padded would be the loop of atomic.
 */
const ROWS: Readonly<Record<string, Design>> = {
  rseq_inline: 'rseq',
  percpu_atomic: 'percpu-atomic',
  atomic: 'atomic',
  plain: 'plain lane',
};

/** What is measured. */
export interface NativeWriters {
  threads: number;
  /** Steps of arithmetic between two increments. */
  work: number;
  milliseconds: number;
  signal: AbortSignal;
}

/** What came of it, for a design. */
export interface NativeRun {
  design: Design;
  /** Of all threads together, from the first increment to the last. */
  incrementsPerSecond: number;
  /** The back end in force for rseq. */
  mode: string;
  /** What the counter holds, and what it should; of designs that share one. */
  counted: number | undefined;
  expected: number | undefined;
}

/** Between two looks at the clock, which cost next to nothing beside so many. */
const BATCH = 10_000;

/** Reads what the native benchmark printed. */
export function nativeRunsOf(stdout: string): NativeRun[] {
  return stdout
    .trim()
    .split('\n')
    .map(parseNativeLine)
    .flatMap(({ name, ns_in_all, increments, mode, counted, expected }) => {
      const design = ROWS[name];
      const incrementsPerSecond = (increments / ns_in_all) * 1e9;
      return design === undefined ? [] : [{ design, incrementsPerSecond, mode, counted, expected }];
    });
}

/** @throws Error when the program fails */
export async function runNativeWriters({ threads, work, milliseconds, signal }: NativeWriters): Promise<NativeRun[]> {
  const program = join(packageRoot, 'build', 'Release', 'pcm_bench');
  const numbers = {
    '--rounds': 1,
    '--threads': threads,
    '--work': work,
    '--increments': BATCH,
    '--milliseconds': milliseconds,
  };
  const options = Object.entries(numbers).flatMap(([name, value]) => [name, String(value)]);
  const { stdout } = await promisify(execFile)(program, options, { signal });
  return nativeRunsOf(stdout);
}
