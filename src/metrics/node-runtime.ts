/** What Node.js tells of itself: its event loop, its heap, its garbage collections, its version. */
import { constants, monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import type { Instrument } from './instrument.js';
import type { Store } from './store.js';

/** Milliseconds between two readings of the event loop's delay, which is never smaller than a reading's own lateness. */
const RESOLUTION = 20;
const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** Seconds by which a timer was late: readings come RESOLUTION apart, and only what is more than that is delay. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1e3);
}

const DELAYS = [
  ['', 'Mean', (delay: DelayHistogram) => late(delay.mean)],
  ['min_', 'Minimum', (delay: DelayHistogram) => late(delay.min)],
  ['max_', 'Maximum', (delay: DelayHistogram) => late(delay.max)],
  ['mean_', 'Mean', (delay: DelayHistogram) => late(delay.mean)],
  ['stddev_', 'Standard deviation', (delay: DelayHistogram) => delay.stddev / 1e9],
  ['p50_', '50th percentile', (delay: DelayHistogram) => late(delay.percentile(50))],
  ['p90_', '90th percentile', (delay: DelayHistogram) => late(delay.percentile(90))],
  ['p99_', '99th percentile', (delay: DelayHistogram) => late(delay.percentile(99))],
] as const;

function gauge(store: Store, perProcess: string, name: string, help: string) {
  return store.gauge({ name, help, perProcess });
}

/** How late timers are since the last look, and how busy the loop is. */
export function eventLoop(store: Store, perProcess: string): Instrument {
  const delays = DELAYS.map(([infix, what, read]) => ({
    read,
    gauge: gauge(store, perProcess, `nodejs_eventloop_lag_${infix}seconds`, `${what} of the delay of the event loop.`),
  }));
  const utilization = gauge(
    store,
    perProcess,
    'nodejs_eventloop_utilization',
    'Share of time that the event loop is busy.',
  );
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  let before = performance.eventLoopUtilization();
  return {
    look() {
      if (delay.count > 0) for (const { read, gauge } of delays) gauge.set(read(delay));
      delay.reset();
      const now = performance.eventLoopUtilization();
      utilization.set(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    },
    end() {
      delay.disable();
    },
  };
}

/** The heap of V8 and what is outside of it. */
export function heap(store: Store, perProcess: string): Instrument {
  const total = gauge(store, perProcess, 'nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.');
  const used = gauge(store, perProcess, 'nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.');
  const external = gauge(store, perProcess, 'nodejs_external_memory_bytes', 'Node.js external memory size in bytes.');
  const space = (kind: string) =>
    store.gauge({
      name: `nodejs_heap_space_size_${kind}_bytes`,
      help: `Process heap space size ${kind} from Node.js in bytes.`,
      labelNames: ['space'],
      perProcess,
    });
  const spaces = { total: space('total'), used: space('used'), available: space('available') };
  return {
    look() {
      const memory = process.memoryUsage();
      total.set(memory.heapTotal);
      used.set(memory.heapUsed);
      external.set(memory.external);
      for (const statistics of getHeapSpaceStatistics()) {
        const label = statistics.space_name.replace(/_space$/, '');
        spaces.total.labels(label).set(statistics.space_size);
        spaces.used.labels(label).set(statistics.space_used_size);
        spaces.available.labels(label).set(statistics.space_available_size);
      }
    },
  };
}

const GC_KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/** How long garbage collections take. */
export function garbageCollection(store: Store, perProcess: string): Instrument {
  const durations = store.histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labelNames: ['kind'],
    perProcess,
    buckets: GC_BUCKETS,
  });
  const byKind = new Map(Object.values(GC_KINDS).map((kind) => [kind, durations.labels(kind)]));
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      byKind.get(GC_KINDS[kind] ?? '')?.observe(entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return { end: () => observer.disconnect() };
}

/** Which Node.js runs. */
export function version(store: Store, perProcess: string): Instrument {
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  store
    .gauge({
      name: 'nodejs_version_info',
      help: 'Node.js version info.',
      labelNames: ['version', 'major', 'minor', 'patch'],
      perProcess,
    })
    .labels(process.version, major, minor, patch)
    .set(1);
  return {};
}
