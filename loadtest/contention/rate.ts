/** What writers amount to that were at work together. */
import type { WriterRun } from './writer.js';

/**
 * Increments per second of all writers, from the first one's beginning to the last one's end: were each writer's own
 * rate added up, time that it spent alone would count for all of them.
 */
export function rateOf(runs: readonly Pick<WriterRun, 'calls' | 'began' | 'ended'>[]): number {
  const calls = runs.reduce((sum, run) => sum + run.calls, 0);
  const began = Math.min(...runs.map((run) => run.began));
  const ended = Math.max(...runs.map((run) => run.ended));
  return (calls / (ended - began)) * 1000;
}
