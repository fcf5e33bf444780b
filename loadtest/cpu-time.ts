/** CPU time of processes, as the kernel's schedule statistics tell it. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time in seconds of all threads of a process, and of the processes that it has started, as far as they live.
 *
 * @returns `undefined` where the process has ended, or the kernel keeps no such statistics
 */
export function cpuSecondsOf(pid: number): number | undefined {
  const tasks = tasksOf(pid);
  // First field: nanoseconds on a CPU, far finer than the ticks in /proc/PID/stat.
  const times = tasks.flatMap((task) => read(`${task}/schedstat`)?.split(' ', 1).map(Number) ?? []);
  if (times.length === 0) return undefined;
  // Of the main thread, which is the one that starts processes: every file that is read takes time from a turn's pause.
  const children = read(`/proc/${pid}/task/${pid}/children`)?.match(/\d+/g) ?? [];
  const own = times.reduce((sum, one) => sum + one, 0) / 1e9;
  return children.reduce((sum, child) => sum + (cpuSecondsOf(Number(child)) ?? 0), own);
}

function tasksOf(pid: number): string[] {
  const path = `/proc/${pid}/task`;
  try {
    return readdirSync(path).map((task) => `${path}/${task}`);
  } catch {
    return [];
  }
}

/** What a file holds, of a thread that may have ended in the meantime. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
