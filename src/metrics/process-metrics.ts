/**
 * The usual metrics of a process and its Node.js, in the store: each process keeps its own series, so that any process,
 * and a sidecar, shows those of all without asking their event loops. They are brought up to date by a timer and not by
 * scrapes, which therefore neither wait for them nor show up in the delay of the event loop that they report.
 */
import { isMainThread } from 'node:worker_threads';
import { PercpuMetricsError } from '../errors.js';
import { checkOptions, type Rule } from '../store/rules.js';
import { activeResources } from './active-resources.js';
import type { Instrument, MakeInstrument } from './instrument.js';
import { eventLoop, garbageCollection, heap, version } from './node-runtime.js';
import { processName } from './per-process.js';
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

/** Of the process as a whole, which its main thread looks at. */
const OF_PROCESS: readonly MakeInstrument[] = [cpuTime, startTime, memory, descriptors];
/** Of each thread: a worker has an event loop and a heap of its own. */
const OF_THREAD: readonly MakeInstrument[] = [eventLoop, activeResources, heap, garbageCollection, version];

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

/** Looks regularly, until it is ended or the store is closed. */
class Watch {
  readonly #instruments: Instrument[];
  readonly #timer: NodeJS.Timeout;
  #ended = false;

  constructor(instruments: Instrument[], interval: number) {
    this.#instruments = instruments;
    this.#timer = setInterval(() => void this.#look(), interval).unref();
    void this.#look();
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    for (const instrument of this.#instruments) instrument.end?.();
  }

  async #look(): Promise<void> {
    for (const instrument of this.#instruments) {
      if (this.#ended) return;
      try {
        await instrument.look?.();
      } catch (error) {
        // What else cannot be found out now stays as it was: no metric is worth the process.
        if (error instanceof PercpuMetricsError && error.code === 'ERR_PCM_CLOSED') this.end();
      }
    }
  }
}

/**
 * Keeps `process_*` and `nodejs_*` of this process in the store, under the names that prom-client has made usual, from now
 * until the store is closed or the function that it returns is called; a worker thread keeps `nodejs_*` of itself. The
 * timer keeps no process alive. The series vanish with the process; from the call of that function on they stay as they are.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`; as `store.gauge` and `labels`, where the store has no room
 */
export function collectProcessMetrics(store: Store, options: ProcessMetricsOptions = {}): () => void {
  checkOptions('process metrics', RULES, options);
  const { interval = DEFAULT_INTERVAL, process: name = processName() } = options;
  const instruments: Instrument[] = [];
  try {
    for (const make of isMainThread ? [...OF_PROCESS, ...OF_THREAD] : OF_THREAD) instruments.push(make(store, name));
  } catch (error) {
    for (const instrument of instruments) instrument.end?.();
    throw error;
  }
  const watch = new Watch(instruments, interval);
  return () => watch.end();
}
