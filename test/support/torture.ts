/** Builds and runs native/proof/torture.c: what it found, as numbers. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildVariant, type Mutation, withoutRseq } from './native-variant.js';

/** The line that the torture prints. */
export interface TortureReport {
  /** Additions that were acknowledged. */
  readonly increments: number;
  /** Critical sections that the kernel restarted. */
  readonly aborts: number;
  readonly fallbacks: number;
  /** Processes that were ended by SIGKILL: those of the role, and children that were forked by processes that count. */
  readonly killed: number;
  readonly forkedKilled: number;
  /** Additions that were acknowledged and are not in the store, and that are in the store and were never begun. */
  readonly lost: number;
  readonly surplus: number;
  /** Operations that were begun by threads that were killed in them: a loss or a surplus of as many would not be seen. */
  readonly unknown: number;
  /** What is lost of each kind of amount: integers, doubles, the two of an observation, and both kinds in a gauge. */
  readonly lostOf: Readonly<Record<'integer' | 'fraction' | 'bucket' | 'sum' | 'gauge', number>>;
  /** Times that a reader saw a number that was less than before, of this many looks, so many of which saw a greater one. */
  readonly decreases: number;
  readonly looks: number;
  readonly rises: number;
  /** 1 if a gauge was not what it had been set to. */
  readonly wrongSets: number;
  /** Processes that could not attach or ended badly. */
  readonly failures: number;
  readonly modes: { readonly none: number; readonly libc: number; readonly self: number };
  /** Signals that threads had while they counted, of their process' timer and of each other. */
  readonly signals: { readonly timer: number; readonly threads: number };
  /** Interruptions at each point of injection, by what was being counted. */
  readonly hits: Readonly<Record<'integer' | 'fraction' | 'observation' | 'gauge', readonly number[]>>;
}

export interface TortureOptions {
  readonly milliseconds: number;
  readonly roles: readonly string[];
  /** Lanes of the store; those of the machine by default. */
  readonly lanes?: number;
}

const launcher = fileURLToPath(new URL('../../../build/Release/seccomp_launcher', import.meta.url));
const sources = ['core', 'proof/inject.c', 'proof/torture.c', 'proof/torture_worker.c'];

/**
 * One process of each kind: threads free, pinned, on one CPU, moved about; with forked children that are killed while they
 * count, also where threads register themselves; killed; without rseq.
 */
export const everyRole = [
  'unpinned',
  'pinned',
  'one-cpu',
  'storm',
  'fork-killed',
  'fork-self',
  'killed',
  'off',
] as const;

/** The same where nobody is killed half-way through an amount, which it has begun then and not acknowledged. */
export const undisturbedRoles = [
  'unpinned',
  'pinned',
  'one-cpu',
  'storm',
  'fork',
  'fork-pinned',
  'self',
  'off',
] as const;

/** Why the points of injection cannot be built for this machine, or `false`. */
export const skipInjection =
  process.arch === 'x64' || process.arch === 'arm64' ? false : 'the points of injection are for x86-64 and 64-bit ARM';

/** The torture with the points of injection, and with a mutation if there is one; for this machine or for 64-bit ARM. */
export function buildTorture(mutation?: Mutation, target: 'here' | 'arm64' = 'here'): Promise<string> {
  const name = ['torture', ...(mutation ? [mutation.name] : []), ...(target === 'arm64' ? [target] : [])].join('-');
  return buildVariant({
    name,
    sources,
    flags: ['-O1', '-include', 'proof/inject.h'],
    compiler: target === 'arm64' ? 'aarch64-linux-gnu-gcc' : 'gcc',
    ...(mutation ? { mutation } : {}),
  });
}

/** What {@link TortureOptions.roles} take away rseq with, for 64-bit ARM. */
export function buildArm64Launcher(): Promise<string> {
  const launcherSources = ['test/seccomp_launcher.c'];
  return buildVariant({
    name: 'arm64-seccomp_launcher',
    sources: launcherSources,
    flags: ['-O2'],
    compiler: 'aarch64-linux-gnu-gcc',
  });
}

/** The torture of the core as it is shipped: nothing but the kernel interrupts. */
export function buildPlainTorture(): Promise<string> {
  return buildVariant({ name: 'torture-plain', sources, flags: ['-O3'] });
}

/** The torture of a core without critical sections, where all is counted in atomic lanes. */
export function buildTortureWithoutRseq(): Promise<string> {
  return buildVariant({ name: 'torture-no-rseq', sources, flags: ['-O3', withoutRseq] });
}

/** The arguments of the torture. */
export function tortureArguments(directory: string, threads: number, launcherPath: string, options: TortureOptions) {
  const { milliseconds, lanes = 0, roles } = options;
  return ['run', directory, `${milliseconds}`, `${lanes}`, `${threads}`, roles.join(','), launcherPath];
}

/** What tortures have found that printed among other things. */
export function parseReports(output: string): TortureReport[] {
  return [...output.matchAll(/^\{"increments":.*\}$/gm)].map(([line]) => JSON.parse(line) as TortureReport);
}

/** Runs it in a directory that is empty, with 6 threads per CPU in each process. */
export async function runTorture(executable: string, directory: string, options: TortureOptions) {
  const threads = Math.min(6 * availableParallelism(), 48);
  const { stdout } = await promisify(execFile)(executable, tortureArguments(directory, threads, launcher, options), {
    timeout: options.milliseconds + 180_000,
  });
  return JSON.parse(stdout) as TortureReport;
}

/**
 * Nothing lost, nothing made up, never down; and that the run was one that could have found it.
 *
 * @param leastRises - Looks that have to see something grow.
 */
export function assertExact(report: TortureReport, leastRises = 10): void {
  const { lost, surplus, decreases, wrongSets, failures } = report;
  const findings = { lost, surplus, decreases, wrongSets, failures };
  const none = { lost: 0, surplus: 0, decreases: 0, wrongSets: 0, failures: 0 };
  assert.deepEqual(findings, none, JSON.stringify(report));
  assert.ok(report.increments > 0 && report.rises >= leastRises, JSON.stringify(report));
  if (report.killed + report.forkedKilled === 0) assert.equal(report.unknown, 0, JSON.stringify(report));
}

/**
 * Points 6 and 7 are before and behind an addition that is an instruction of its own: whoever counts integers only, on
 * x86-64, does not pass them.
 */
const POINTS_OF_ADDITION = [6, 7];

/** The points of injection that have not interrupted each kind of operation that passes them, in words. */
export function missedPoints({ hits }: TortureReport, machine: NodeJS.Architecture = process.arch): string[] {
  return Object.entries(hits).flatMap(([kind, counts]) =>
    counts.flatMap((count, point) => {
      const isPassed = machine === 'arm64' || kind !== 'integer' || !POINTS_OF_ADDITION.includes(point);
      return count > 0 || !isPassed ? [] : [`point ${point} of ${kind}`];
    }),
  );
}
