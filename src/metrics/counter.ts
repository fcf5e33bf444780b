/**
 * Counters. A handle has its cell from the start, so `inc()` is one call into native code: nothing is looked up and
 * nothing is allocated.
 */
import { BatchOperation, NO_CELL } from '../store/segment.js';
import type { NativeHot } from '../store/types.js';
import { invalidAmount, negativeAmount } from './amount.js';
import type { Recordable } from './batch.js';
import { BoundSeries, type Origin, replaceHot } from './bound-series.js';
import type { Declaration } from './default-labels.js';
import type { ExemplarLabels } from './exemplar.js';
import { Family, type FamilyContext, type MetricFamily, type WithHandle } from './family.js';

/** A series of a counter, bound once. */
export interface CounterHandle {
  /**
   * Adds to the counter. Does nothing once the store is closed.
   *
   * @param amount - 0 or more, 1 by default; fractions are allowed, integers up to 2^53 are exact.
   * @param exemplar - What it was about, such as `{ trace_id: '...' }`; kept by families with `exemplars` only.
   * @throws PercpuMetricsError `ERR_PCM_AMOUNT_TYPE`, `ERR_PCM_AMOUNT_NOT_FINITE`, `ERR_PCM_AMOUNT_NEGATIVE`; nothing
   * is counted then
   */
  inc(amount?: number, exemplar?: ExemplarLabels): void;
  /**
   * Makes room for an amount now. `inc` makes it when it first needs it. Where there is none, the amount goes to the
   * overflow series if the family has a `maxSeries`, and else is dropped with a warning; call this before where it must
   * be refused instead.
   *
   * @throws PercpuMetricsError `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  reserve(amount?: number): void;
  /**
   * Brings the series back to 0, for all processes. What is counted at the same time is not lost.
   *
   * @throws PercpuMetricsError `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  reset(): void;
}

/** A family of counters; one without labels counts itself: `counter.inc()`. */
export type Counter<Names extends readonly string[] = readonly string[]> = MetricFamily<Names, CounterHandle> &
  WithHandle<Names, CounterHandle>;

/** The implementation of {@link CounterHandle}. */
export class BoundCounter extends BoundSeries implements CounterHandle, Recordable {
  /** Its integer cell. */
  cell: number;
  /** Of the store; where the series was removed, what binds it anew first. */
  hot: NativeHot;

  constructor(origin: Origin) {
    super(origin);
    this.hot = this.segment.hot;
    this.cell = this.segment.cell(this.requireSeries(), this.name);
    this.keep();
  }

  inc(amount = 1): void {
    if (amount === 1) this.hot.increment(this.cell);
    else this.addAmount(amount);
  }

  reserve(amount = 1): void {
    this.insist((series) => {
      if (!Number.isSafeInteger(amount)) this.segment.reserveFraction(series, this.name);
    });
  }

  override reserveAll(): void {
    this.reserve(0.5);
  }

  check(amount: number): void {
    if (typeof amount !== 'number' || !Number.isFinite(amount)) throw invalidAmount('inc', this.name, amount);
    if (amount < 0) throw negativeAmount(this.name, amount);
  }

  put(entries: Float64Array, at: number, amount: number): void {
    const isWhole = Number.isSafeInteger(amount);
    const isThere = this.revive();
    entries[at] = isWhole || !isThere ? BatchOperation.add : BatchOperation.addFraction;
    entries[at + 1] = isWhole || !isThere ? this.cell : this.series();
    entries[at + 2] = amount;
  }

  /** What {@link put} has put had no room. */
  putElsewhere(amount: number): void {
    this.addAmount(amount);
  }

  /** Its integer cell, bound anew if need be. */
  liveCell(): number {
    if (this.cell === NO_CELL) this.revive();
    return this.cell;
  }

  override letGo(): void {
    super.letGo();
    this.cell = NO_CELL;
    this.hot = replaceHot(this.segment.hot, {
      increment: () => this.addAnew(1),
      add: (_cell, amount) => this.addAnew(amount),
    });
  }

  protected override take(series: number): void {
    this.cell = this.segment.cell(series, this.name);
    this.hot = this.segment.hot;
  }

  private addAnew(amount: number): void {
    if (this.revive()) this.hot.add(this.cell, amount);
  }

  private addAmount(amount: number): void {
    this.check(amount);
    if (Number.isSafeInteger(amount)) this.hot.add(this.cell, amount);
    else this.segment.addFraction(this.series(), amount, this.overflow);
  }
}

/** The implementation of {@link Counter}. */
export class CounterFamily extends Family<CounterHandle> {
  readonly #only: CounterHandle | undefined;

  constructor(context: FamilyContext, declaration: Declaration) {
    super(context, declaration);
    this.#only = declaration.ownLabelNames.length === 0 ? this.labels() : undefined;
  }

  inc(amount?: number): void {
    (this.#only ?? this.labels()).inc(amount);
  }

  reserve(amount?: number): void {
    (this.#only ?? this.labels()).reserve(amount);
  }

  protected override open(values: readonly string[]): CounterHandle {
    return new BoundCounter(this.origin(values));
  }
}
