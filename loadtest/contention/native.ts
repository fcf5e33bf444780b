/** Writers in C: the benchmark that is built beside the addon, with a number of threads and work between increments. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseNativeLine } from '../bench/native.js';
import { packageRoot } from '../results.js';
import type { Design } from '../services/counters.js';

/** The rows of the native benchmark that stand for a design, inlined where there is such a row. */
const ROWS: Readonly<Record<string, Design>> = {
  rseq_inline: 'rseq',
  percpu_atomic: 'percpu-atomic',
  atomic: 'atomic',
  store_atomic_padded: 'atomic-padded',
  plain: 'plain lane',
};

/** What is measured. */
export interface NativeWriters {
  threads: number;
  /** Steps of arithmetic between two increments. */
  work: number;
  increments: number;
  signal: AbortSignal;
}

/**
 * Increments per second of all threads together, by design. The program itself checks the counts.
 *
 * @throws Error when a count was not exact, or the program failed otherwise
 */
export async function runNativeWriters({
  threads,
  work,
  increments,
  signal,
}: NativeWriters): Promise<Map<Design, number>> {
  const program = join(packageRoot, 'build', 'Release', 'pcm_bench');
  const numbers = { '--rounds': 1, '--threads': threads, '--work': work, '--increments': increments };
  const options = Object.entries(numbers).flatMap(([name, value]) => [name, String(value)]);
  const { stdout } = await promisify(execFile)(program, options, { signal });
  const rates = new Map<Design, number>();
  for (const line of stdout.trim().split('\n')) {
    const { name, ns_per_op } = parseNativeLine(line);
    const design = ROWS[name];
    if (design !== undefined) rates.set(design, (threads / ns_per_op) * 1e9);
  }
  return rates;
}
