/**
 * Counters and histograms that keep exemplars. They are classes of their own, so that the others do not even ask
 * whether there is one.
 */

import type { Origin } from './bound-series.js';
import { BoundCounter, CounterFamily, type CounterHandle } from './counter.js';
import { type ExemplarLabels, type ExemplarSource, SeriesExemplars } from './exemplar.js';
import { BoundHistogram, HistogramFamily, type HistogramHandle } from './histogram.js';

class ExemplarCounter extends BoundCounter {
  readonly #exemplars: SeriesExemplars;

  constructor(origin: Origin, source: ExemplarSource | undefined) {
    super(origin);
    this.#exemplars = new SeriesExemplars(this.segment, this.name, source);
    this.#exemplars.keep(this.requireSeries());
  }

  override letGo(): void {
    super.letGo();
    this.#exemplars.letGo();
  }

  protected override take(series: number): void {
    super.take(series);
    this.#exemplars.keep(series);
  }

  note(amount: number): void {
    this.#exemplars.put(amount, undefined);
  }

  override inc(amount = 1, exemplar?: ExemplarLabels): void {
    super.inc(amount);
    this.#exemplars.put(amount, exemplar);
  }
}

class ExemplarHistogram extends BoundHistogram {
  readonly #exemplars: SeriesExemplars;

  constructor(origin: Origin, source: ExemplarSource | undefined) {
    super(origin);
    this.#exemplars = new SeriesExemplars(this.segment, this.name, source);
    this.#exemplars.keep(this.requireSeries());
  }

  override letGo(): void {
    super.letGo();
    this.#exemplars.letGo();
  }

  protected override take(series: number): void {
    super.take(series);
    this.#exemplars.keep(series);
  }

  note(value: number): void {
    this.#exemplars.put(value, undefined);
  }

  override observe(value: number, exemplar?: ExemplarLabels): void {
    super.observe(value);
    this.#exemplars.put(value, exemplar);
  }
}

/** A family of counters that keep exemplars. */
export class ExemplarCounterFamily extends CounterFamily {
  override inc(amount?: number, exemplar?: ExemplarLabels): void {
    this.labels().inc(amount, exemplar);
  }

  protected override open(values: readonly string[]): CounterHandle {
    return new ExemplarCounter(this.origin(values), this.exemplarSource);
  }
}

/** A family of histograms that keep exemplars. */
export class ExemplarHistogramFamily extends HistogramFamily {
  override observe(value: number, exemplar?: ExemplarLabels): void {
    this.labels().observe(value, exemplar);
  }

  protected override open(values: readonly string[]): HistogramHandle {
    return new ExemplarHistogram(this.origin(values), this.exemplarSource);
  }
}
