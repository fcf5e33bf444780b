/**
 * The designs that are compared, each as many counters as one likes: bound once, incremented by index. A process uses
 * one of them only, so that its call sites have seen no other kind.
 */
import { type Backend, openStore } from 'percpu-metrics';
import { Counter as PromCounter, Registry } from 'prom-client';

/** The designs. */
export const DESIGNS = [
  'rseq',
  'percpu-atomic',
  'atomic',
  'atomic-padded',
  'prom-client',
  'Atomics.add',
  'plain lane',
] as const;

/** One of {@link DESIGNS}. */
export type Design = (typeof DESIGNS)[number];

/** Those that are back ends of a store. */
export const BACK_ENDS: readonly Design[] = ['rseq', 'percpu-atomic', 'atomic', 'atomic-padded'];

/** What a thread or process needs to count. */
export interface CountersSetup {
  /** Number of counters. */
  size: number;
  storePath: string;
  /** Zeroed memory that the threads of a process share, for {@link memoryOf}. */
  memory: SharedArrayBuffer;
  /** Index of the thread among those that share the memory. */
  thread: number;
}

/** Counters of one design. */
export interface Counters {
  increment(index: number): void;
  /** The sum of all counters: of all threads and processes where `shared`, else of this one. */
  total(): Promise<number>;
  /** Whether writers share the counters, or each has its own which somebody has to add up. */
  shared: boolean;
}

const PAGE = 4096;

/** Bytes that so many threads need for so many counters. */
export function memoryOf(threads: number, size: number): number {
  return threads * laneBytes(size);
}

/** Lanes are whole pages, so that no two threads ever write to one cache line. */
function laneBytes(size: number): number {
  return Math.ceil((size * Float64Array.BYTES_PER_ELEMENT) / PAGE) * PAGE;
}

const name = 'loadtest_operations_total';
const help = 'Operations of the load test.';
const labelNames = ['method', 'route', 'status_code'] as const;
const routeOf = (index: number): string => `/orders/${index}`;

function stored(backend: Backend, { size, storePath }: CountersSetup): Counters {
  const store = openStore({ path: storePath, backend, capacity: size + 64 });
  const family = store.counter({ name, help, labelNames });
  const handles = Array.from({ length: size }, (_, index) => family.labels('GET', routeOf(index), '200'));
  return {
    increment: (index) => handles[index]?.inc(),
    total: async () => (await family.get()).values.reduce((sum, { value }) => sum + value, 0),
    shared: true,
  };
}

function promClient({ size }: CountersSetup): Counters {
  const counter = new PromCounter({ name, help, labelNames, registers: [new Registry()] });
  const children = Array.from({ length: size }, (_, index) => counter.labels('GET', routeOf(index), '200'));
  return {
    increment: (index) => children[index]?.inc(),
    total: async () => (await counter.get()).values.reduce((sum, { value }) => sum + value, 0),
    shared: false,
  };
}

function atomics({ size, memory }: CountersSetup): Counters {
  const words = new BigInt64Array(memory, 0, size);
  return {
    increment: (index) => void Atomics.add(words, index, 1n),
    total: async () => Number(words.reduce((sum, word) => sum + word, 0n)),
    shared: true,
  };
}

function plainLane({ size, memory, thread }: CountersSetup): Counters {
  const lane = new Float64Array(memory, thread * laneBytes(size), size);
  return {
    increment: (index) => {
      lane[index] = (lane[index] as number) + 1;
    },
    total: async () => lane.reduce((sum, value) => sum + value, 0),
    shared: false,
  };
}

/** Makes counters of a design. */
export function makeCounters(design: Design, setup: CountersSetup): Counters {
  switch (design) {
    case 'prom-client':
      return promClient(setup);
    case 'Atomics.add':
      return atomics(setup);
    case 'plain lane':
      return plainLane(setup);
    default:
      return stored(design, setup);
  }
}
