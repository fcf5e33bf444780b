/** What the kernel gives to a process: time, memory, descriptors. From getrusage and /proc, whose files cost microseconds. */
import { readdir, readFile } from 'node:fs/promises';
import type { Instrument } from './instrument.js';
import type { Store } from './store.js';

/** CPU time that was used, by user and system. */
export function cpuTime(store: Store, perProcess: string): Instrument {
  const counter = (kind: string, help: string) =>
    store.counter({ name: `process_cpu_${kind}seconds_total`, help, perProcess });
  const user = counter('user_', 'User CPU time spent in seconds.');
  const system = counter('system_', 'System CPU time spent in seconds.');
  const total = counter('', 'User and system CPU time spent in seconds.');
  // Of the whole process, also where it was collected before.
  for (const counted of [user, system, total]) counted.reset();
  let before = { user: 0, system: 0 };
  return {
    look() {
      const now = process.cpuUsage();
      const userSeconds = (now.user - before.user) / 1e6;
      const systemSeconds = (now.system - before.system) / 1e6;
      before = now;
      user.inc(userSeconds);
      system.inc(systemSeconds);
      total.inc(userSeconds + systemSeconds);
    },
  };
}

/** When the process began. */
export function startTime(store: Store, perProcess: string): Instrument {
  store
    .gauge({
      name: 'process_start_time_seconds',
      help: 'Start time of the process since the Unix epoch in seconds.',
      perProcess,
    })
    .set(Date.now() / 1000 - process.uptime());
  return {};
}

const MEMORY = [
  ['VmRSS', 'process_resident_memory_bytes', 'Resident memory size in bytes.'],
  ['VmSize', 'process_virtual_memory_bytes', 'Virtual memory size in bytes.'],
  ['VmData', 'process_heap_bytes', 'Process heap size in bytes.'],
] as const;

/** Memory as the kernel sees it. */
export function memory(store: Store, perProcess: string): Instrument {
  const gauges = MEMORY.map(([field, metric, help]) => ({
    pattern: new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm'),
    gauge: store.gauge({ name: metric, help, perProcess }),
  }));
  return {
    async look() {
      const status = await readFile('/proc/self/status', 'utf8');
      for (const { pattern, gauge } of gauges) {
        const kilobytes = pattern.exec(status)?.[1];
        if (kilobytes !== undefined) gauge.set(Number(kilobytes) * 1024);
      }
    },
  };
}

/** Open file descriptors, and how many there may be. */
export function descriptors(store: Store, perProcess: string): Instrument {
  const open = store.gauge({ name: 'process_open_fds', help: 'Number of open file descriptors.', perProcess });
  const most = store.gauge({ name: 'process_max_fds', help: 'Maximum number of open file descriptors.', perProcess });
  return {
    async look() {
      const [entries, limits] = await Promise.all([readdir('/proc/self/fd'), readFile('/proc/self/limits', 'utf8')]);
      const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
      // One of them is the directory itself.
      open.set(entries.length - 1);
      most.set(limit === undefined ? Number.POSITIVE_INFINITY : Number(limit));
    },
  };
}
