/** Builds and runs native/proof/torture.c: what it found, as numbers. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildVariant, type Mutation } from './native-variant.js';

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
  /** Times that a reader saw a number that was less than before, of this many looks. */
  readonly decreases: number;
  readonly refreshes: number;
  /** 1 if a gauge was not what it had been set to. */
  readonly wrongSets: number;
  /** Processes that could not attach or ended badly. */
  readonly failures: number;
  readonly modes: { readonly none: number; readonly libc: number; readonly self: number };
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

/** The torture with the points of injection, and with a mutation if there is one. */
export function buildTorture(mutation?: Mutation): Promise<string> {
  return buildVariant({
    name: mutation ? `torture-${mutation.name}` : 'torture',
    sources,
    flags: ['-O1', '-include', 'proof/inject.h'],
    ...(mutation ? { mutation } : {}),
  });
}

/** The torture of the core as it is shipped: nothing but the kernel interrupts. */
export function buildPlainTorture(): Promise<string> {
  return buildVariant({ name: 'torture-plain', sources, flags: ['-O3'] });
}

/** The torture of a core without critical sections, where all is counted in atomic lanes. */
export function buildTortureWithoutRseq(): Promise<string> {
  return buildVariant({ name: 'torture-no-rseq', sources, flags: ['-O3', '-DPCM_NO_RSEQ'] });
}

/** Runs it in a directory that is empty, with 6 threads per CPU in each process. */
export async function runTorture(executable: string, directory: string, options: TortureOptions) {
  const threads = Math.min(6 * availableParallelism(), 48);
  const { milliseconds, lanes = 0, roles } = options;
  const { stdout } = await promisify(execFile)(
    executable,
    ['run', directory, `${milliseconds}`, `${lanes}`, `${threads}`, roles.join(','), launcher],
    { timeout: milliseconds + 180_000 },
  );
  return JSON.parse(stdout) as TortureReport;
}

/** Nothing lost, nothing made up, never down; and that the run was one that could have found it. */
export function assertExact(report: TortureReport): void {
  const { lost, surplus, decreases, wrongSets, failures } = report;
  const findings = { lost, surplus, decreases, wrongSets, failures };
  const none = { lost: 0, surplus: 0, decreases: 0, wrongSets: 0, failures: 0 };
  assert.deepEqual(findings, none, JSON.stringify(report));
  assert.ok(report.increments > 0 && report.refreshes > 0, JSON.stringify(report));
}

/** Points 6 and 7 are between the instructions that add a double: whoever counts integers only does not pass them. */
const POINTS_OF_DOUBLES = [6, 7];

/** The points of injection that have not interrupted each kind of operation that passes them, in words. */
export function missedPoints({ hits }: TortureReport): string[] {
  return Object.entries(hits).flatMap(([kind, counts]) =>
    counts.flatMap((count, point) =>
      count > 0 || (kind === 'integer' && POINTS_OF_DOUBLES.includes(point)) ? [] : [`point ${point} of ${kind}`],
    ),
  );
}
