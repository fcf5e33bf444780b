/**
 * Keeps what runs at the same time on CPUs of their own: the generator of load and the service that it loads, and the
 * threads of the benchmark. Left to the scheduler they trade places during a run, or share a CPU while another one is
 * idle, and a figure then depends on what has nothing to do with what is compared. Where that cannot be done the run
 * goes on without, and says so.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Where the processes of a run are kept, or why they are not. */
export type Pinning =
  | { pinned: true; serverCpu: number; generatorCpu: number; siblings: boolean; cpus: number[] }
  | { pinned: false; reason: string };

/** Expands what the kernel writes for a set of CPUs, such as `0-2,5`. */
export function parseCpuList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/**
 * Chooses a CPU for the service and another for the generator: one that does not share a core with the first, if there
 * is one.
 *
 * @param allowed - CPUs that this process may use
 * @param siblings - CPUs of the same core as the first of them
 */
export function choosePinning(allowed: readonly number[], siblings: readonly number[]): Pinning {
  const [serverCpu, ...others] = allowed;
  const apart = others.find((cpu) => !siblings.includes(cpu));
  const generatorCpu = apart ?? others[0];
  if (serverCpu === undefined || generatorCpu === undefined) {
    return { pinned: false, reason: 'there is one CPU only, which the generator and the service share' };
  }
  return { pinned: true, serverCpu, generatorCpu, siblings: apart === undefined, cpus: [...allowed] };
}

/** CPUs that this process may use, ascending. */
export function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return parseCpuList(list ?? '');
}

/**
 * Pins the calling thread, which may be a worker, and nothing else of its process.
 *
 * @returns whether that was possible
 */
export function pinThread(cpu: number): boolean {
  // Read on the thread itself: PID/task/TID.
  const thread = basename(readlinkSync('/proc/thread-self'));
  return spawnSync('taskset', ['-c', '-p', String(cpu), thread], { stdio: 'ignore' }).status === 0;
}

/** Pins this process, which is the generator, to its CPU and tells where the services belong. */
export function pinGenerator(): Pinning {
  const cpus = allowedCpus();
  const pinning = choosePinning(cpus, siblingsOf(cpus[0] ?? 0));
  if (!pinning.pinned) return pinning;
  const taskset = spawnSync('taskset', ['-a', '-c', '-p', String(pinning.generatorCpu), String(process.pid)]);
  if (taskset.error !== undefined) return { pinned: false, reason: 'the command taskset (util-linux) is missing' };
  if (taskset.status !== 0) return { pinned: false, reason: `taskset failed: ${taskset.stderr.toString().trim()}` };
  return pinning;
}

/** Gives this process, and what it starts, all CPUs back while some work runs that wants them. */
export async function onAllCpus<T>(pinning: Pinning, work: () => Promise<T>): Promise<T> {
  if (!pinning.pinned) return await work();
  const pin = (cpus: readonly number[]): void => {
    spawnSync('taskset', ['-a', '-c', '-p', cpus.join(','), String(process.pid)], { stdio: 'ignore' });
  };
  pin(pinning.cpus);
  try {
    return await work();
  } finally {
    pin([pinning.generatorCpu]);
  }
}

function siblingsOf(cpu: number): number[] {
  try {
    return parseCpuList(readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'utf8'));
  } catch {
    return [];
  }
}

/** The command that runs Node with these arguments where services belong. */
export function serviceCommand(pinning: Pinning, nodeArguments: readonly string[]): [string, ...string[]] {
  const node: [string, ...string[]] = [process.execPath, ...nodeArguments];
  return pinning.pinned ? ['taskset', '-c', String(pinning.serverCpu), ...node] : node;
}

/** The pinning in one line, for people. */
export function describePinning(pinning: Pinning): string {
  if (!pinning.pinned) return `not pinned: ${pinning.reason}`;
  const siblings = pinning.siblings ? ' (two threads of one core)' : '';
  return `service on CPU ${pinning.serverCpu}, generator on CPU ${pinning.generatorCpu}${siblings}`;
}
