/**
 * The loops that the benchmark times, one literal loop per row. Three things would make such figures wrong, and this is
 * what is done about them:
 *
 * - Dead code: every loop changes memory that is read at the end and held against the number of calls. The empty call is
 *   native, which the compiler cannot see into and hence never drops.
 * - Call sites that have seen several kinds of handles are slower than those of an application. A process runs one row
 *   only (`row-process.ts`), so every call site of it, the library's included, has seen one kind.
 * - Code that is not compiled yet: each process runs its row for a while before anything is timed, and again for a
 *   moment in front of each repetition.
 *
 * The engine may inline what it can into these loops, which it may in an application just as well. The plain lane gains
 * most from that: it ends as a load, an add and a store on one address. It needs no native call, but one lane for each
 * thread that ever ran, which a reader has to find and sum, and a dead thread's must be folded in by someone.
 */
import { type Backend, openStore } from 'percpu-metrics';
import { Counter, Histogram, Registry } from 'prom-client';
import { addon } from '#src/binding.js';
import type { RowName } from './row.js';

/** What a thread of a row's process is given. */
export interface OperationSetup {
  storePath: string;
  /** Zeroed memory that all threads of the process share. */
  words: SharedArrayBuffer;
  /** Index of the thread. */
  thread: number;
}

/** A row, ready to be timed on one thread. */
export interface Operation {
  run(times: number): void;
  /** What was counted, by all threads where the row's word is shared; `undefined` where nothing is. */
  total(): Promise<number | undefined>;
}

/** Lanes are as far apart as pages, so that no two threads ever write to one cache line. */
export const LANE_BYTES = 4096;

const labelNames = ['method', 'route', 'status_code'] as const;
const values = ['GET', '/hello/:name', '200'] as const;
const name = 'bench_operations';
const help = 'Operations of the benchmark.';
/** Falls into the middle of the default buckets. */
const OBSERVED_SECONDS = 0.042;

function noop({ storePath }: OperationSetup): Operation {
  const { hot } = addon.open({ path: storePath });
  return {
    run(times) {
      for (let i = 0; i < times; i += 1) hot.noop();
    },
    total: async () => undefined,
  };
}

function increment(backend: Backend): (setup: OperationSetup) => Operation {
  return ({ storePath }) => {
    const counter = openStore({ path: storePath, backend }).counter({ name, help, labelNames });
    const handle = counter.labels(...values);
    return {
      run(times) {
        for (let i = 0; i < times; i += 1) handle.inc();
      },
      total: async () => (await counter.get()).values[0]?.value,
    };
  };
}

function observe({ storePath }: OperationSetup): Operation {
  const histogram = openStore({ path: storePath, backend: 'rseq' }).histogram({ name, help, labelNames });
  const handle = histogram.labels(...values);
  return {
    run(times) {
      for (let i = 0; i < times; i += 1) handle.observe(OBSERVED_SECONDS);
    },
    total: async () => (await histogram.get()).values.find(({ metricName }) => metricName === `${name}_count`)?.value,
  };
}

function atomicsBigInt64({ words }: OperationSetup): Operation {
  const array = new BigInt64Array(words);
  return {
    run(times) {
      for (let i = 0; i < times; i += 1) Atomics.add(array, 0, 1n);
    },
    total: async () => Number(Atomics.load(array, 0)),
  };
}

function atomicsInt32({ words }: OperationSetup): Operation {
  const array = new Int32Array(words);
  return {
    run(times) {
      for (let i = 0; i < times; i += 1) Atomics.add(array, 0, 1);
    },
    // Wraps at 2^32, which no run comes near.
    total: async () => Atomics.load(array, 0) >>> 0,
  };
}

function lanePerThread({ words, thread }: OperationSetup): Operation {
  const lane = new Float64Array(words, thread * LANE_BYTES, 1);
  return {
    run(times) {
      for (let i = 0; i < times; i += 1) lane[0] = (lane[0] as number) + 1;
    },
    total: async () => lane[0],
  };
}

function promClientBound(): Operation {
  const counter = new Counter({ name, help, labelNames, registers: [new Registry()] });
  const child = counter.labels(...values);
  return {
    run(times) {
      for (let i = 0; i < times; i += 1) child.inc();
    },
    total: async () => (await counter.get()).values[0]?.value,
  };
}

function promClientLabels(): Operation {
  const counter = new Counter({ name, help, labelNames, registers: [new Registry()] });
  const [method, route, status_code] = values;
  return {
    run(times) {
      // A new object per call, as in a hook, where the labels come from the request.
      for (let i = 0; i < times; i += 1) counter.inc({ method, route, status_code });
    },
    total: async () => (await counter.get()).values[0]?.value,
  };
}

function promClientObserve(): Operation {
  const histogram = new Histogram({ name, help, labelNames, registers: [new Registry()] });
  const child = histogram.labels(...values);
  return {
    run(times) {
      for (let i = 0; i < times; i += 1) child.observe(OBSERVED_SECONDS);
    },
    total: async () => (await histogram.get()).values.find(({ metricName }) => metricName === `${name}_count`)?.value,
  };
}

/** Prepares a row on the thread that will run it. */
export const operations: Readonly<Record<RowName, (setup: OperationSetup) => Operation>> = {
  noop,
  'inc-rseq': increment('rseq'),
  'inc-percpu-atomic': increment('percpu-atomic'),
  'inc-atomic': increment('atomic'),
  'inc-atomic-padded': increment('atomic-padded'),
  'atomics-bigint64': atomicsBigInt64,
  'atomics-int32': atomicsInt32,
  'lane-per-thread': lanePerThread,
  'prom-client-bound': promClientBound,
  'prom-client-labels': promClientLabels,
  'observe-rseq': observe,
  'prom-client-observe': promClientObserve,
};
