/**
 * Callbacks that bring values up to date right before they are read: a gauge of what is cheap to look at and not worth
 * counting. They run at each scrape of this process, all at the same time, each with a limit to the time that it is
 * waited for.
 *
 * Invariant: whatever they do, a scrape goes on with the values that there are. One that fails or is late is counted and
 * reported once; one that is still running is not called again. What a collector asks of its store does not wait for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { display, PercpuMetricsError } from '../errors.js';
import type { Segment } from '../store/segment.js';

/** What brings the values of a family up to date. */
export interface Collectable<Family> {
  /**
   * Called before the family is read for a scrape of this process; sets, increments or observes what there is. A scrape
   * waits for the promise that it gives. One that asks its own store for a scrape gets the values that there are; over
   * HTTP it waits for itself until its time is over.
   */
  readonly collect?: ((this: Family, family: Family) => void | Promise<void>) | undefined;
  /** Milliseconds that a scrape waits for `collect`; 1000 by default, 60000 at most. */
  readonly collectTimeout?: number | undefined;
}

/** Why a collector was of no use. */
export type CollectFailure = 'error' | 'timeout';

interface Collector {
  readonly name: string;
  readonly work: () => unknown;
  readonly timeout: number;
  isRunning: boolean;
}

const DEFAULT_TIMEOUT = 1000;
const MAX_TIMEOUT = 60_000;

/** @throws PercpuMetricsError `ERR_PCM_OPTION` */
export function checkCollect(name: string, collect: unknown): asserts collect is (...given: unknown[]) => unknown {
  if (typeof collect === 'function') return;
  throw new PercpuMetricsError('ERR_PCM_OPTION', `collect of ${name} must be a function, not ${display(collect)}`, {
    details: { name, option: 'collect' },
  });
}

/** @throws PercpuMetricsError `ERR_PCM_OPTION` */
export function checkTimeout(name: string, timeout: unknown): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT;
  if (Number.isInteger(timeout) && (timeout as number) >= 1 && (timeout as number) <= MAX_TIMEOUT) {
    return timeout as number;
  }
  throw new PercpuMetricsError(
    'ERR_PCM_OPTION',
    `the time limit of the collector ${name} must be 1 to ${MAX_TIMEOUT} milliseconds, not ${display(timeout)}`,
    { details: { name, timeout } },
  );
}

/** The collectors of a store object. */
export class Collectors {
  readonly #segment: Segment;
  readonly #count: (collector: string, reason: CollectFailure) => void;
  readonly #collectors = new Map<unknown, Collector>();
  #round: Promise<void> | undefined;
  /** Which call this is a part of, whatever it has waited for. */
  readonly #inside = new AsyncLocalStorage<object>();
  readonly #calls = new Set<object>();

  /** @param count - Counts a failure. */
  constructor(segment: Segment, count: (collector: string, reason: CollectFailure) => void) {
    this.#segment = segment;
    this.#count = count;
  }

  /** Adds one, in place of the one that had this key. Gives what removes it. */
  add(key: unknown, name: string, work: () => unknown, timeout: number): () => void {
    const collector = { name, work, timeout, isRunning: false };
    this.#collectors.set(key, collector);
    return () => {
      if (this.#collectors.get(key) === collector) this.#collectors.delete(key);
    };
  }

  /** Runs all of them, together with whoever asks meanwhile; not for one of them that asks itself. Never fails. */
  run(): Promise<void> | undefined {
    if (this.#collectors.size === 0 || this.#segment.closed || this.#isInside()) return undefined;
    this.#round ??= this.#callAll().then(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  /** Not so for what a call that has ended has left behind, such as a timer. */
  #isInside(): boolean {
    const call = this.#inside.getStore();
    return call !== undefined && this.#calls.has(call);
  }

  async #callAll(): Promise<void> {
    await Promise.all([...this.#collectors.values()].map((collector) => this.#collect(collector)));
  }

  async #collect(collector: Collector): Promise<void> {
    if (collector.isRunning) {
      this.#fail(collector, 'timeout');
      return;
    }
    collector.isRunning = true;
    const call = {};
    const work = this.#settle(collector, call);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), collector.timeout);
    });
    if ((await Promise.race([work, late])) === 'late') {
      this.#fail(collector, 'timeout');
      // Nobody waits for it any more, and it may never end.
      this.#end(call);
    }
    clearTimeout(timer);
  }

  /** Runs one to its end, however late that is. */
  async #settle(collector: Collector, call: object): Promise<void> {
    this.#calls.add(call);
    try {
      await this.#inside.run(call, collector.work);
    } catch (error) {
      this.#fail(collector, 'error', error);
    } finally {
      collector.isRunning = false;
      this.#end(call);
    }
  }

  /** From now on nothing that belongs to this call is inside of it. */
  #end(call: object): void {
    // Before Node.js 24, all promises of the process take three times as long while one of these is in use.
    if (this.#calls.delete(call) && this.#calls.size === 0) this.#inside.disable();
  }

  #fail({ name, timeout }: Collector, reason: CollectFailure, error?: unknown): void {
    this.#count(name, reason);
    const what = reason === 'error' ? `failed: ${display(error)}` : `took longer than ${timeout} ms`;
    this.#segment.warnOnce(
      `collector ${name} ${reason}`,
      'ERR_PCM_COLLECT',
      `the collector ${name} ${what}; scrapes go on with the values that there are`,
    );
  }
}
