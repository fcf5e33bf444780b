/**
 * The usual metrics of a process and its Node.js, in the store: each process keeps its own series, so that any process,
 * and a sidecar, shows those of all without asking their event loops. They are brought up to date by a timer and not by
 * scrapes, which therefore neither wait for them nor show up in the delay of the event loop that they report.
 */
import { isMainThread, threadId } from 'node:worker_threads';
import { checkOptions, type Rule } from '../store/rules.js';
import { eventLoop, garbageCollection, heap, version } from './node-runtime.js';
import { ProcessFamilies } from './process-families.js';
import { cpuTime, descriptors, memory, startTime } from './process-resources.js';
import type { Store } from './store.js';

const DEFAULT_INTERVAL = 5000;
const MAX_INTERVAL = 3_600_000;

/** What {@link collectProcessMetrics} can be told. */
export interface ProcessMetricsOptions {
  /**
   * The value of the label `process`: what tells the processes of a store apart. By default the process id, in a worker
   * thread followed by `/` and the thread's. Name it where several containers share a store, for each counts from 1.
   */
  readonly process?: string | undefined;
  /** Milliseconds from one look to the next: 100 to 3600000, 5000 by default. */
  readonly interval?: number | undefined;
}

/** What is known of a process: declared once, looked at again and again. */
export interface Instrument {
  /** Brings the series up to date. */
  readonly look?: () => void | Promise<void>;
  /** Lets go of what it watches with. */
  readonly end?: () => void;
}

/** Makes an instrument whose series have the label `process` with this value. */
export type MakeInstrument = (families: ProcessFamilies, process: string) => Instrument;

const INSTRUMENTS: readonly MakeInstrument[] = [
  cpuTime,
  startTime,
  memory,
  descriptors,
  eventLoop,
  heap,
  garbageCollection,
  version,
];

const RULES: Readonly<Record<string, Rule>> = {
  process: {
    expected: 'a text that is not empty',
    holds: (value) => typeof value === 'string' && value !== '',
  },
  interval: {
    expected: `a number of milliseconds from 100 to ${MAX_INTERVAL}`,
    holds: (value) => typeof value === 'number' && value >= 100 && value <= MAX_INTERVAL,
  },
};

/**
 * Keeps `process_*` and `nodejs_*` of this process in the store, under the names that prom-client has made usual, from now
 * until the function that it returns is called. The timer keeps no process alive. When the process has ended, the next look
 * of another one takes its series away, unless it was given a name.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`; as `store.snapshot`, `store.gauge` and `labels`, where the store has no room
 */
export function collectProcessMetrics(store: Store, options: ProcessMetricsOptions = {}): () => void {
  checkOptions('process metrics', RULES, options);
  const { interval = DEFAULT_INTERVAL } = options;
  const name = options.process ?? (isMainThread ? String(process.pid) : `${process.pid}/${threadId}`);
  const families = new ProcessFamilies(store, name);
  const instruments: Instrument[] = [{ look: () => families.removeDead() }];
  const end = (): void => {
    for (const instrument of instruments) instrument.end?.();
  };
  try {
    for (const make of INSTRUMENTS) instruments.push(make(families, name));
  } catch (error) {
    end();
    throw error;
  }
  const look = async (): Promise<void> => {
    for (const instrument of instruments) {
      try {
        await instrument.look?.();
      } catch {
        // What cannot be found out now stays as it was: no metric is worth the process.
      }
    }
  };
  void look();
  const timer = setInterval(look, interval).unref();
  return () => {
    clearInterval(timer);
    end();
  };
}
