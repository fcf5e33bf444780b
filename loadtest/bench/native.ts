/**
 * Measures the rows that are written in C, with the benchmark that is built beside the addon. It takes its rows in
 * turns by itself and prints one JSON object per repetition.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Progress } from '../progress.js';
import { packageRoot } from '../results.js';
import type { Measurement } from './measurement.js';

/** What is measured, and how often. */
export interface NativePlan {
  rounds: number;
  signal: AbortSignal;
  progress: Progress;
}

/** One line of the native benchmark; what each number is stands in native/bench/bench.c. */
export interface NativeLine {
  name: string;
  threads: number;
  round: number;
  ns_per_op: number;
  ns_in_all: number;
  increments: number;
  /** Of rows that count. */
  counted?: number;
  expected?: number;
  mode: string;
}

const TITLES: Readonly<Record<string, string>> = {
  rseq: 'rseq, through pcm_cell_add()',
  rseq_inline: 'rseq, inlined',
  percpu_atomic: 'getcpu + atomic add per CPU',
  percpu_atomic_rseq_id: 'sched_getcpu + atomic add per CPU',
  atomic: 'one shared atomic',
  plain: 'plain word per thread',
  empty_call: 'an empty function, called',
  store_percpu_atomic: 'percpu-atomic, through pcm_cell_add()',
  store_atomic: 'atomic, through pcm_cell_add()',
  store_atomic_padded: 'atomic-padded, through pcm_cell_add()',
};

/** Units of progress that {@link measureNative} reports: one per repetition. */
export function countNativeRepetitions(rounds: number, threads: readonly number[]): number {
  return Object.keys(TITLES).length * rounds * threads.length;
}

/**
 * Reads one line of the native benchmark.
 *
 * @throws Error for anything but a repetition with a positive duration
 */
export function parseNativeLine(line: string): NativeLine {
  const value = JSON.parse(line) as Partial<NativeLine>;
  const { name, threads, round, ns_per_op, ns_in_all, increments, mode } = value;
  const isRepetition = typeof name === 'string' && typeof threads === 'number' && typeof round === 'number';
  if (!isRepetition || typeof increments !== 'number' || typeof mode !== 'string') {
    throw new Error(`The native benchmark printed something that is no repetition: ${line}`);
  }
  if (!((ns_per_op ?? 0) > 0) || !((ns_in_all ?? 0) > 0)) {
    throw new Error(`The native benchmark measured no time: ${line}`);
  }
  return value as NativeLine;
}

/** Adds a repetition to the row that it belongs to, which is made at its first one. */
export function addNativeLine(measurements: Measurement[], line: NativeLine): void {
  let row = measurements.find((one) => one.row === line.name && one.threads === line.threads);
  if (row === undefined) {
    const title = TITLES[line.name] ?? line.name;
    row = { row: line.name, title, language: 'native', threads: line.threads, nanoseconds: [], mode: line.mode };
    measurements.push(row);
  }
  row.nanoseconds.push(line.ns_per_op);
}

/** @throws Error when the benchmark fails, or the signal's reason */
export async function measureNative({ rounds, signal, progress }: NativePlan): Promise<Measurement[]> {
  signal.throwIfAborted();
  const program = join(packageRoot, 'build', 'Release', 'pcm_bench');
  const child = spawn(program, ['--rounds', String(rounds)], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signalName) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${signalName ?? `code ${code}`}.\n${complaints}`.trim()));
    });
  });
  const measurements: Measurement[] = [];
  // Lines that cannot be read must not hide why the program failed.
  ended.catch(() => {});
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === '') continue;
    const repetition = parseNativeLine(line);
    if (repetition.counted !== repetition.expected) throw new Error(`The native benchmark lost counts: ${line}`);
    addNativeLine(measurements, repetition);
    progress.advance(1, `native round ${repetition.round} ${repetition.name}`);
  }
  await ended;
  return measurements;
}
