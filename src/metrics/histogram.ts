/**
 * Histograms, native histograms and summaries, which are observed in the same way. A handle has its index from the start, so an observation is one call into
 * native code.
 */
import { BatchOperation, NO_CELL } from '../store/segment.js';
import type { NativeHot } from '../store/types.js';
import { futureStart, invalidAmount } from './amount.js';
import type { Recordable } from './batch.js';
import { BoundSeries, type Origin, replaceHot } from './bound-series.js';
import type { Declaration } from './default-labels.js';
import type { ExemplarLabels } from './exemplar.js';
import { Family, type FamilyContext, type MetricFamily, type WithHandle } from './family.js';
import type { LabelObject, LabelValues } from './label-values.js';
import { type LabelledTimers, type StopTimer, secondsSince, startTimer, timed } from './timer.js';

/** A series of a histogram, bound once. Its methods do nothing once the store is closed. */
export interface HistogramHandle {
  /**
   * Counts a value in its bucket and adds it to the sum.
   *
   * @param exemplar - What it was about, such as `{ trace_id: '...' }`; kept by histograms with `exemplars` only.
   * @throws PercpuMetricsError `ERR_PCM_AMOUNT_TYPE`, `ERR_PCM_AMOUNT_NOT_FINITE`; nothing is counted then
   */
  observe(value: number, exemplar?: ExemplarLabels): void;
  /**
   * Observes the seconds since a reading of `performance.now()`, and returns them.
   *
   * @throws PercpuMetricsError as `observe`, and `ERR_PCM_AMOUNT_NEGATIVE` where `start` has not come yet
   */
  observeSince(start: number): number;
  /** Starts a timer; stopping it observes the seconds that have passed and returns them. */
  startTimer(): StopTimer;
  /**
   * Runs `work` and observes the seconds that it took, until its promise is settled if it gives one.
   * What has a `then` is a promise, too.
   *
   * @throws PercpuMetricsError `ERR_PCM_ARGUMENT` where `work` is no function
   */
  time<T>(work: () => T): T;
  /**
   * Brings the series back to 0, for all processes. What is counted at the same time is not lost.
   *
   * @throws PercpuMetricsError `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`; `ERR_PCM_CAPACITY` and
   * `ERR_PCM_NO_SPACE` only where its sum is infinite, which it stays
   */
  reset(): void;
}

/** What histograms, native histograms and summaries have in common. */
type Observed<Names extends readonly string[]> = MetricFamily<Names, HistogramHandle> & {
  /**
   * Makes a series appear with 0 observations, as {@link MetricFamily.labels} does. One that there is already, of
   * whichever process, stays what it is: each process does this at its start, and none may take away what others have
   * counted. `reset` brings one back to 0.
   */
  zero(...values: LabelValues<Names>): void;
  zero(labels: LabelObject<Names>): void;
} & WithHandle<Names, HistogramHandle, LabelledTimers<Names>>;

/** A family of histograms; one without labels is a histogram itself: `histogram.observe(0.1)`. */
export type Histogram<Names extends readonly string[] = readonly string[]> = Observed<Names> & {
  /** Upper bounds, ascending, without `+Inf`. */
  readonly buckets: readonly number[];
};

/** A family of histograms with exponential buckets, which Prometheus takes in by protobuf. */
export type NativeHistogram<Names extends readonly string[] = readonly string[]> = Observed<Names> & {
  readonly schema: number;
  readonly range: readonly number[];
};

/** A family of summaries, whose quantiles are those of all processes and of all the time that the store exists. */
export type Summary<Names extends readonly string[] = readonly string[]> = Observed<Names> & {
  readonly quantiles: readonly number[];
  readonly range: readonly number[];
};

/** The implementation of {@link HistogramHandle}. */
export class BoundHistogram extends BoundSeries implements HistogramHandle, Recordable {
  /** What `hot.observe` knows it by. */
  index: number;
  /** Of the store; where the series was removed, what binds it anew first. */
  hot: NativeHot;

  constructor(origin: Origin) {
    super(origin);
    this.hot = this.segment.hot;
    this.index = this.segment.bindHistogram(this.requireSeries(), this.name);
    this.keep();
  }

  check(value: number): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw invalidAmount('observe', this.name, value);
  }

  put(entries: Float64Array, at: number, value: number): void {
    entries[at] = BatchOperation.observe;
    entries[at + 1] = this.liveIndex();
    entries[at + 2] = value;
  }

  /** Its index, bound anew if need be. */
  liveIndex(): number {
    if (this.index === NO_CELL) this.revive();
    return this.index;
  }

  override letGo(): void {
    super.letGo();
    this.index = NO_CELL;
    this.hot = replaceHot(this.segment.hot, { observe: (_index, value) => this.#observeAnew(value) });
  }

  protected override take(series: number): void {
    this.index = this.segment.bindHistogram(series, this.name);
    this.hot = this.segment.hot;
  }

  #observeAnew(value: number): void {
    if (this.revive()) this.hot.observe(this.index, value);
  }

  observe(value: number): void {
    this.check(value);
    this.hot.observe(this.index, value);
  }

  observeSince(start: number): number {
    const seconds = secondsSince(start);
    if (seconds < 0) throw futureStart(this.name, start, -seconds);
    this.observe(seconds);
    return seconds;
  }

  startTimer(): StopTimer {
    return startTimer((seconds) => this.observe(seconds));
  }

  time<T>(work: () => T): T {
    return timed(work, (seconds) => this.observe(seconds));
  }
}

/** The implementation of {@link Histogram}, {@link NativeHistogram} and {@link Summary}. */
export class HistogramFamily extends Family<HistogramHandle> {
  readonly #only: HistogramHandle | undefined;

  constructor(context: FamilyContext, declaration: Declaration) {
    super(context, declaration);
    this.#only = declaration.ownLabelNames.length === 0 ? this.labels() : undefined;
  }

  get buckets(): readonly number[] {
    return this.definition.buckets;
  }

  get schema(): number | undefined {
    return this.definition.schema;
  }

  get range(): readonly number[] | undefined {
    return this.definition.range;
  }

  get quantiles(): readonly number[] | undefined {
    return this.definition.quantiles;
  }

  zero(...labels: unknown[]): void {
    this.labels(...labels);
  }

  observe(value: number): void {
    (this.#only ?? this.labels()).observe(value);
  }

  observeSince(start: number): number {
    return (this.#only ?? this.labels()).observeSince(start);
  }

  startTimer(): (...labels: unknown[]) => number {
    return startTimer((seconds, ...labels) => this.labels(...labels).observe(seconds));
  }

  time<T>(work: () => T): T {
    return (this.#only ?? this.labels()).time(work);
  }

  protected override open(values: readonly string[]): HistogramHandle {
    return new BoundHistogram(this.origin(values));
  }
}
