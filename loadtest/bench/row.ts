/**
 * The rows of the benchmark that are measured from JavaScript: what they are called and what a reader must know about
 * them. The loops are in `operations.ts`.
 */

/** Identifies a row in results. */
export type RowName =
  | 'noop'
  | 'inc-rseq'
  | 'inc-percpu-atomic'
  | 'inc-atomic'
  | 'inc-atomic-padded'
  | 'atomics-bigint64'
  | 'atomics-int32'
  | 'lane-per-thread'
  | 'prom-client-bound'
  | 'prom-client-labels'
  | 'observe-rseq'
  | 'prom-client-observe';

/** A row of the benchmark. */
export interface Row {
  name: RowName;
  title: string;
  /** What the threads of a process have in common: the word that they add to, or nothing. */
  scope: 'shared' | 'thread';
}

/** In the order in which they are measured and shown. */
export const rows: readonly Row[] = [
  { name: 'noop', title: 'empty Node-API call', scope: 'thread' },
  { name: 'inc-rseq', title: 'bound inc(), rseq', scope: 'shared' },
  { name: 'inc-percpu-atomic', title: 'bound inc(), percpu-atomic', scope: 'shared' },
  { name: 'inc-atomic', title: 'bound inc(), atomic', scope: 'shared' },
  { name: 'inc-atomic-padded', title: 'bound inc(), atomic-padded', scope: 'shared' },
  { name: 'atomics-bigint64', title: 'Atomics.add, BigInt64Array', scope: 'shared' },
  { name: 'atomics-int32', title: 'Atomics.add, Int32Array', scope: 'shared' },
  { name: 'lane-per-thread', title: 'lane per thread, Float64Array += 1', scope: 'thread' },
  { name: 'prom-client-bound', title: 'prom-client, bound child inc()', scope: 'thread' },
  { name: 'prom-client-labels', title: 'prom-client, inc({ labels })', scope: 'thread' },
  { name: 'observe-rseq', title: 'bound observe(), rseq', scope: 'shared' },
  { name: 'prom-client-observe', title: 'prom-client, bound child observe()', scope: 'thread' },
];
