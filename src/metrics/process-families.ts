/**
 * Families whose series belong to one process each, told apart by the label `process`, and what takes the series of
 * dead processes away: whoever still keeps such families looks after them.
 */
import type { FamilySnapshot } from '../store/types.js';
import type { Counter } from './counter.js';
import type { HistogramOptions, MetricOptions } from './definition.js';
import type { Gauge } from './gauge.js';
import type { Histogram } from './histogram.js';
import type { Store } from './store.js';

/** A process id, and in a worker thread its number: what a process is called unless it is named. */
const PROCESS_ID = /^(\d+)(?:\/\d+)?$/;

interface Owned {
  readonly labelNames: readonly string[];
  remove(labels: Record<string, string>): void;
}

/** Declares families, and remembers them. */
export class ProcessFamilies {
  readonly #store: Store;
  readonly #process: string;
  /** What there was before: a process of a container that starts again has the id and the name that it had. */
  readonly #before: readonly FamilySnapshot[];
  readonly #owned = new Map<string, Owned>();
  #attached: string | undefined;

  /**
   * @param process - The value of the label `process` of this process. What there is of another one that was called so is
   * removed as the families are declared: its totals are not those of this process.
   * @throws PercpuMetricsError as `store.snapshot`
   */
  constructor(store: Store, process: string) {
    this.#store = store;
    this.#process = process;
    this.#before = store.snapshot().filter(({ series }) => series.some(({ labels }) => labels['process'] === process));
  }

  counter<const Names extends readonly string[]>(options: MetricOptions<Names>): Counter<Names> {
    return this.#own(options, this.#store.counter(options));
  }

  gauge<const Names extends readonly string[]>(options: MetricOptions<Names>): Gauge<Names> {
    return this.#own(options, this.#store.gauge(options));
  }

  histogram<const Names extends readonly string[]>(options: HistogramOptions<Names>): Histogram<Names> {
    return this.#own(options, this.#store.histogram(options));
  }

  /**
   * Removes the series of processes that are attached to the store no more. Processes that were given a name keep theirs.
   *
   * @throws PercpuMetricsError as `store.snapshot` and `family.remove`
   */
  removeDead(): void {
    const { processes } = this.#store;
    // A snapshot is of the whole store: it is worth its time only where something may have died since the last one.
    const attached = processes.map(({ slot, attachedAt, alive }) => `${slot} ${attachedAt} ${alive}`).join();
    if (attached === this.#attached) return;
    const pids = processes.filter(({ alive }) => alive).map(({ pid }) => String(pid));
    for (const family of this.#store.snapshot()) {
      this.#remove(family, (process) => {
        const pid = PROCESS_ID.exec(process)?.[1];
        return pid !== undefined && !pids.includes(pid);
      });
    }
    this.#attached = attached;
  }

  #remove({ name, series }: FamilySnapshot, isGone: (process: string) => boolean): void {
    const owned = this.#owned.get(name);
    if (owned === undefined) return;
    for (const { labels } of series) {
      if (isGone(labels['process'] ?? '')) {
        owned.remove(Object.fromEntries(owned.labelNames.map((label) => [label, labels[label] ?? ''])));
      }
    }
  }

  #own<Family>({ name, labelNames = [] }: MetricOptions<readonly string[]>, family: Family): Family {
    const { remove } = family as { remove: Owned['remove'] };
    this.#owned.set(name, { labelNames, remove: remove.bind(family) });
    const before = this.#before.find((one) => one.name === name);
    if (before !== undefined) this.#remove(before, (process) => process === this.#process);
    return family;
  }
}
