/**
 * Gauges. A gauge that is only ever set needs no cell in any lane, so a handle asks for its cell at its first `inc` or
 * `dec`; from then on these cost what they cost a counter.
 */
import { BatchOperation, NO_CELL } from '../store/segment.js';
import type { NativeHot } from '../store/types.js';
import { invalidAmount } from './amount.js';
import type { Recordable } from './batch.js';
import { BoundSeries, type Origin } from './bound-series.js';
import type { Declaration } from './default-labels.js';
import { Family, type FamilyContext, type MetricFamily, type WithHandle } from './family.js';
import { type LabelledTimers, type StopTimer, startTimer, timed } from './timer.js';

/** A series of a gauge, bound once. All its methods do nothing once the store is closed. */
export interface GaugeHandle {
  /**
   * Adds to the gauge.
   *
   * @param amount - Any finite number, 1 by default.
   * @throws PercpuMetricsError `ERR_PCM_AMOUNT_TYPE`, `ERR_PCM_AMOUNT_NOT_FINITE`; nothing is changed then
   */
  inc(amount?: number): void;
  /**
   * Subtracts from the gauge.
   *
   * @param amount - Any finite number, 1 by default.
   * @throws PercpuMetricsError as `inc`
   */
  dec(amount?: number): void;
  /**
   * Makes room for an amount that is to be added or subtracted. `inc` and `dec` make it when they first need it. Where
   * there is none, the amount goes to the overflow series if the family has a `maxSeries`, and else is dropped with a
   * warning; call this before where it must be refused instead.
   *
   * @throws PercpuMetricsError `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  reserve(amount?: number): void;
  /**
   * Sets the gauge.
   *
   * @param value - Any number, NaN and infinities among them.
   * @throws PercpuMetricsError `ERR_PCM_AMOUNT_TYPE`; nothing is changed then
   */
  set(value: number): void;
  /**
   * Sets the gauge, where a value that cannot be stored must be an error: `set` drops it with a warning.
   *
   * @throws PercpuMetricsError as `set`, and `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_NO_SPACE`, `ERR_PCM_CORRUPT`,
   * `ERR_PCM_BROKEN`, `ERR_PCM_READ_ONLY`, `ERR_PCM_CLOSED`
   */
  setOrThrow(value: number): void;
  /** Sets the gauge to the Unix time, in seconds. */
  setToCurrentTime(): void;
  /** Starts a timer; stopping it sets the gauge to the seconds that have passed and returns them. */
  startTimer(): StopTimer;
  /**
   * Runs `work` and sets the gauge to the seconds that it took, until its promise is settled if it gives one.
   * What has a `then` is a promise, too.
   *
   * @throws PercpuMetricsError `ERR_PCM_ARGUMENT` where `work` is no function
   */
  time<T>(work: () => T): T;
  /**
   * Brings the series back to 0, for all processes. What is counted at the same time is not lost.
   *
   * @throws PercpuMetricsError `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  reset(): void;
}

/** A family of gauges; one without labels is a gauge itself: `gauge.set(1)`. */
export type Gauge<Names extends readonly string[] = readonly string[]> = MetricFamily<Names, GaugeHandle> &
  WithHandle<Names, GaugeHandle, LabelledTimers<Names>>;

/** The implementation of {@link GaugeHandle}. */
export class BoundGauge extends BoundSeries implements GaugeHandle, Recordable {
  readonly hot: NativeHot;
  #cell = NO_CELL;

  constructor(origin: Origin) {
    super(origin);
    this.hot = this.segment.hot;
    this.keep();
  }

  /** Its integer cell, which is made now if need be, or {@link NO_CELL} where there is none to be had. */
  liveCell(): number {
    if (this.#cell === NO_CELL && this.revive()) this.#cell = this.segment.findCell(this.series());
    return this.#cell;
  }

  inc(amount = 1): void {
    if (amount === 1 && this.#cell !== NO_CELL) this.hot.increment(this.#cell);
    else this.#add('inc', amount, 1);
  }

  dec(amount = 1): void {
    this.#add('dec', amount, -1);
  }

  reserve(amount = 1): void {
    this.insist((series) => {
      if (!Number.isSafeInteger(amount)) this.segment.reserveFraction(series, this.name);
      else if (this.#cell === NO_CELL) this.#cell = this.segment.cell(series, this.name);
    });
  }

  override reserveAll(): void {
    this.reserve(1);
    this.reserve(0.5);
  }

  check(value: number): void {
    if (typeof value !== 'number') throw invalidAmount('set', this.name, value);
  }

  put(entries: Float64Array, at: number, value: number): void {
    const isThere = this.revive();
    entries[at] = isThere ? BatchOperation.set : BatchOperation.add;
    entries[at + 1] = isThere ? this.series() : NO_CELL;
    entries[at + 2] = value;
  }

  set(value: number): void {
    this.check(value);
    this.segment.setGauge(this.series(), value);
  }

  setOrThrow(value: number): void {
    this.check(value);
    this.insist((series) => this.segment.setGaugeOrThrow(series, value, this.name));
  }

  setToCurrentTime(): void {
    this.set(Date.now() / 1000);
  }

  startTimer(): StopTimer {
    return startTimer((seconds) => this.set(seconds));
  }

  time<T>(work: () => T): T {
    return timed(work, (seconds) => this.set(seconds));
  }

  override letGo(): void {
    super.letGo();
    this.#cell = NO_CELL;
  }

  #add(operation: string, amount: number, sign: 1 | -1): void {
    if (typeof amount !== 'number' || !Number.isFinite(amount)) throw invalidAmount(operation, this.name, amount);
    if (!Number.isSafeInteger(amount)) this.segment.addFraction(this.series(), sign * amount, this.overflow);
    else if (this.#cell !== NO_CELL) this.hot.add(this.#cell, sign * amount);
    else if (this.revive()) this.#cell = this.segment.addFirst(this.series(), sign * amount, this.overflow);
  }
}

/**
 * Sets several gauges of a store, all or none, in their order.
 *
 * @throws PercpuMetricsError as `setOrThrow`
 */
export function setAllOrThrow(gauges: readonly BoundGauge[], values: readonly number[]): void {
  const [first] = gauges;
  if (first === undefined) return;
  // By itself, one to which nothing was ever added needs no lock.
  if (gauges.length === 1) first.setOrThrow(values[0] as number);
  else
    first.segment.insist(() =>
      first.segment.setGaugesOrThrow(
        gauges.map((gauge) => gauge.requireSeries()),
        values,
        'gauges',
      ),
    );
}

/** The implementation of {@link Gauge}. */
export class GaugeFamily extends Family<GaugeHandle> {
  readonly #only: GaugeHandle | undefined;

  constructor(context: FamilyContext, declaration: Declaration) {
    super(context, declaration);
    this.#only = declaration.ownLabelNames.length === 0 ? this.labels() : undefined;
  }

  inc(amount?: number): void {
    (this.#only ?? this.labels()).inc(amount);
  }

  dec(amount?: number): void {
    (this.#only ?? this.labels()).dec(amount);
  }

  reserve(amount?: number): void {
    (this.#only ?? this.labels()).reserve(amount);
  }

  set(value: number): void {
    (this.#only ?? this.labels()).set(value);
  }

  setOrThrow(value: number): void {
    (this.#only ?? this.labels()).setOrThrow(value);
  }

  setToCurrentTime(): void {
    (this.#only ?? this.labels()).setToCurrentTime();
  }

  startTimer(): (...labels: unknown[]) => number {
    return startTimer((seconds, ...labels) => this.labels(...labels).set(seconds));
  }

  time<T>(work: () => T): T {
    return (this.#only ?? this.labels()).time(work);
  }

  protected override open(values: readonly string[]): GaugeHandle {
    return new BoundGauge(this.origin(values));
  }
}
