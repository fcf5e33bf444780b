/**
 * Counters and histograms that keep exemplars. They are classes of their own, so that the others do not even ask
 * whether there is one.
 */

import type { Segment } from '../store/segment.js';
import { BoundCounter, CounterFamily, type CounterHandle } from './counter.js';
import { type ExemplarLabels, type ExemplarSource, SeriesExemplars } from './exemplar.js';
import { BoundHistogram, HistogramFamily, type HistogramHandle } from './histogram.js';

class ExemplarCounter extends BoundCounter {
  readonly #exemplars: SeriesExemplars;

  constructor(segment: Segment, series: number, name: string, source: ExemplarSource | undefined) {
    super(segment, series, name);
    this.#exemplars = new SeriesExemplars(segment, series, name, source);
  }

  override inc(amount = 1, exemplar?: ExemplarLabels): void {
    super.inc(amount);
    this.#exemplars.put(amount, exemplar);
  }
}

class ExemplarHistogram extends BoundHistogram {
  readonly #exemplars: SeriesExemplars;

  constructor(segment: Segment, series: number, name: string, source: ExemplarSource | undefined) {
    super(segment, series, name);
    this.#exemplars = new SeriesExemplars(segment, series, name, source);
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
    return new ExemplarCounter(this.segment, this.series(values), this.definition.name, this.exemplarSource);
  }
}

/** A family of histograms that keep exemplars. */
export class ExemplarHistogramFamily extends HistogramFamily {
  override observe(value: number, exemplar?: ExemplarLabels): void {
    this.labels().observe(value, exemplar);
  }

  protected override open(values: readonly string[]): HistogramHandle {
    return new ExemplarHistogram(this.segment, this.series(values), this.definition.name, this.exemplarSource);
  }
}
