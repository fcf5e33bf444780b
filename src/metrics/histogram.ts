/** Histograms. A handle has its index from the start, so an observation is one call into native code. */
import type { Segment } from '../store/segment.js';
import type { FamilyDefinition, NativeHot } from '../store/types.js';
import { invalidAmount } from './amount.js';
import { Family, type FamilyContext, type MetricFamily, type WithHandle } from './family.js';
import { type StopTimer, startTimer } from './timer.js';

/** A series of a histogram, bound once. Its methods do nothing once the store is closed. */
export interface HistogramHandle {
  /**
   * Counts a value in its bucket and adds it to the sum.
   *
   * @throws PercpuMetricsError `ERR_PCM_AMOUNT_TYPE`, `ERR_PCM_AMOUNT_NOT_FINITE`; nothing is counted then
   */
  observe(value: number): void;
  /** Starts a timer; stopping it observes the seconds that have passed and returns them. */
  startTimer(): StopTimer;
}

/** A family of histograms; one without labels is a histogram itself: `histogram.observe(0.1)`. */
export type Histogram<Names extends readonly string[] = readonly string[]> = MetricFamily<Names, HistogramHandle> & {
  /** Upper bounds, ascending, without `+Inf`. */
  readonly buckets: readonly number[];
} & WithHandle<Names, HistogramHandle>;

/** The implementation of {@link HistogramHandle}. */
export class BoundHistogram implements HistogramHandle {
  /** What `hot.observe` knows it by. */
  readonly index: number;
  readonly #hot: NativeHot;
  readonly #name: string;

  constructor(segment: Segment, series: number, name: string) {
    this.#hot = segment.hot;
    this.index = segment.bindHistogram(series, name);
    this.#name = name;
  }

  observe(value: number): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw invalidAmount('observe', this.#name, value);
    this.#hot.observe(this.index, value);
  }

  startTimer(): StopTimer {
    return startTimer((seconds) => this.observe(seconds));
  }
}

/** The implementation of {@link Histogram}. */
export class HistogramFamily extends Family<HistogramHandle> {
  readonly #only: HistogramHandle | undefined;

  constructor(context: FamilyContext, definition: FamilyDefinition) {
    super(context, definition);
    this.#only = definition.labelNames.length === 0 ? this.labels() : undefined;
  }

  get buckets(): readonly number[] {
    return this.definition.buckets;
  }

  observe(value: number): void {
    (this.#only ?? this.labels()).observe(value);
  }

  startTimer(): StopTimer {
    return (this.#only ?? this.labels()).startTimer();
  }

  protected override bind(series: number): HistogramHandle {
    return new BoundHistogram(this.segment, series, this.definition.name);
  }
}
