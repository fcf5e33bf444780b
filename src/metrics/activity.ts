/**
 * Something that begins and ends, such as a request, in three families: how many there are, how many there were, and how
 * long they took. The same as `inc`, `startTimer`, `dec`, `inc` and `observe` of their handles, in two calls into native
 * code instead of six: where everything else about a request takes microseconds, the difference shows.
 */
import { NO_CELL } from '../store/segment.js';
import type { NativeHot } from '../store/types.js';
import { BoundCounter, type CounterHandle } from './counter.js';
import type { ExemplarLabels } from './exemplar.js';
import { BoundGauge, type GaugeHandle } from './gauge.js';
import { BoundHistogram, type HistogramHandle } from './histogram.js';

/** Where what has ended is counted. */
export class Outcome {
  readonly #counter: (BoundCounter & CounterHandle) | undefined;
  readonly #histogram: (BoundHistogram & HistogramHandle) | undefined;

  private constructor(counter?: BoundCounter & CounterHandle, histogram?: BoundHistogram & HistogramHandle) {
    this.#counter = counter;
    this.#histogram = histogram;
  }

  /** Counts nothing. */
  static readonly none = new Outcome();

  /** Counts in a counter and a histogram of the same store. */
  static of(counter: CounterHandle, histogram: HistogramHandle): Outcome {
    if (counter instanceof BoundCounter && histogram instanceof BoundHistogram) {
      return new Outcome(counter, histogram);
    }
    throw new TypeError('an outcome is counted in handles of a store');
  }

  /** Counts what took so long, and notes what it was. */
  count(seconds: number, exemplar: ExemplarLabels): void {
    this.#counter?.inc(1, exemplar);
    this.#histogram?.observe(seconds, exemplar);
  }

  /** Of the counter. */
  get cell(): number {
    return this.#counter?.liveCell() ?? NO_CELL;
  }

  /** Of the histogram. */
  get index(): number {
    return this.#histogram?.liveIndex() ?? NO_CELL;
  }
}

/** Activities of one kind. */
export class Activity {
  readonly #hot: NativeHot;
  readonly #gauge: BoundGauge;

  /**
   * @param gauge - How many there are; its cell is made now.
   * @throws PercpuMetricsError `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  constructor(gauge: GaugeHandle) {
    if (!(gauge instanceof BoundGauge)) throw new TypeError('activities are counted in the handle of a store');
    this.#hot = gauge.hot;
    this.#gauge = gauge;
    gauge.reserve();
  }

  /** One begins. Gives what {@link end} wants to know. Never throws. */
  begin(): number {
    return this.#hot.enter(this.#gauge.liveCell());
  }

  /**
   * One has ended. Never throws.
   *
   * @param began - What {@link begin} gave.
   * @param exemplar - Where there is one, it costs the calls that are saved otherwise.
   */
  end(outcome: Outcome, began: number, exemplar?: ExemplarLabels): void {
    if (exemplar === undefined) {
      this.#hot.leave(this.#gauge.liveCell(), outcome.cell, outcome.index, began);
      return;
    }
    // The clock that `enter` reads; an exemplar must have the very value that was observed.
    const seconds = Number(process.hrtime.bigint()) / 1e9 - began;
    this.#hot.leave(this.#gauge.liveCell(), NO_CELL, NO_CELL, began);
    // There is no number where the store is closed, which takes none either.
    outcome.count(Number.isNaN(seconds) ? 0 : seconds, exemplar);
  }
}
