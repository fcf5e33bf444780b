/**
 * Waits until processes are at rest that share CPUs with the one whose turn comes next. What a service does behind its last
 * answer, such as collecting garbage in threads of its own, would be paid for by whoever happens to come after it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf } from './cpu-time.js';
import type { RunContext } from './scenarios/scenario.js';

/** Something that may still be at work behind its turn. */
export interface Resting {
  readonly name: string;
  /** CPU time of all that belongs to it so far; `undefined` where that is not known, or where it has ended. */
  cpuSeconds(): number | undefined;
}

/** What time it is, in milliseconds, and how to let some of it pass. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

const WINDOW_MILLISECONDS = 20;
/** Of one CPU, for all of them together. */
const MOST_AT_REST = 0.1;
const MOST_MILLISECONDS = 1000;
const OF_PROCESS: Clock = { now: () => performance.now(), sleep };

/**
 * Waits until all of them together use less than a tenth of a CPU, for a second at most.
 *
 * @returns the one that was busiest where they did not come to rest
 */
export async function restOf(all: readonly Resting[], clock = OF_PROCESS): Promise<Resting | undefined> {
  const began = clock.now();
  let last = lookAt(all, clock);
  for (;;) {
    await clock.sleep(WINDOW_MILLISECONDS);
    const next = lookAt(all, clock);
    const span = next.at - last.at;
    const used = all.map((_, index) => usedBetween(last.cpu[index], next.cpu[index], span));
    last = next;
    if (used.reduce((sum, one) => sum + one, 0) < MOST_AT_REST * span) return undefined;
    if (next.at - began >= MOST_MILLISECONDS) return all[used.indexOf(Math.max(...used))];
  }
}

/** Before a turn: waits as {@link restOf} does, and records who did not come to rest. */
export async function beforeTurn(
  { signal, recorder }: RunContext,
  all: readonly Resting[],
  clock = OF_PROCESS,
): Promise<void> {
  signal.throwIfAborted();
  if (cpuSecondsOf(process.pid) === undefined) {
    recorder.note('The kernel tells no CPU time of threads: turns began whether others had come to rest or not.');
    return;
  }
  const busy = await restOf(all, clock);
  if (busy !== undefined) recorder.restless(busy.name);
}

/** CPU times, and when that was. */
interface Look {
  at: number;
  cpu: readonly (number | undefined)[];
}

function lookAt(all: readonly Resting[], clock: Clock): Look {
  return { cpu: all.map((one) => one.cpuSeconds()), at: clock.now() };
}

/** Milliseconds of CPU time. */
function usedBetween(before: number | undefined, after: number | undefined, span: number): number {
  // Who has ended is at rest.
  if (before === undefined || after === undefined) return 0;
  // A thread or child that has ended takes its time with it: what the others used is not known of this window.
  return after < before ? span : (after - before) * 1000;
}
