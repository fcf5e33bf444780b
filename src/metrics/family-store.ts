/** The part of a store object that declares families: one method for each kind. */
import type { Collectable } from './collectors.js';
import type { Counter } from './counter.js';
import type { CounterOptions, GaugeOptions, HistogramOptions, MetricOptions } from './definition.js';
import type { NativeHistogramOptions, SummaryOptions } from './exponential.js';
import type { Families } from './families.js';
import type { Gauge } from './gauge.js';
import type { Histogram, NativeHistogram, Summary } from './histogram.js';
import type { Info, InfoOptions } from './info.js';
import type { StateSet, StateSetOptions } from './state-set.js';

/** What can be declared in a store. */
export abstract class FamilyStore {
  /** @internal */
  protected readonly families: Families;

  /** @internal */
  constructor(families: Families) {
    this.families = families;
  }

  /**
   * Declares a counter. The same definition gives the same family, in this and in any other process.
   *
   * @throws PercpuMetricsError `ERR_PCM_OPTION`, `ERR_PCM_METRIC_NAME`, `ERR_PCM_LABEL_NAME`, `ERR_PCM_TYPE_CONFLICT`,
   * `ERR_PCM_DEFINITION_CONFLICT`, `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE`, `ERR_PCM_READ_ONLY`, `ERR_PCM_CLOSED`
   */
  counter<const Names extends readonly string[] = []>(
    options: CounterOptions<Names> & Collectable<Counter<Names>>,
  ): Counter<Names> {
    return this.families.counter(options) as unknown as Counter<Names>;
  }

  /**
   * Declares a gauge. The same definition gives the same family, in this and in any other process.
   *
   * @throws PercpuMetricsError as {@link counter}
   */
  gauge<const Names extends readonly string[] = []>(
    options: GaugeOptions<Names> & Collectable<Gauge<Names>>,
  ): Gauge<Names> {
    return this.families.gauge('gauge', options) as unknown as Gauge<Names>;
  }

  /**
   * Declares a histogram. The same definition, buckets included, gives the same family, in this and in any process.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_BUCKETS`
   */
  histogram<const Names extends readonly string[] = []>(
    options: HistogramOptions<Names> & Collectable<Histogram<Names>>,
  ): Histogram<Names> {
    return this.families.histogram('histogram', options) as unknown as Histogram<Names>;
  }

  /**
   * Declares a histogram with exponential buckets.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_EXPONENTIAL`
   */
  nativeHistogram<const Names extends readonly string[] = []>(
    options: NativeHistogramOptions<Names> & Collectable<NativeHistogram<Names>>,
  ): NativeHistogram<Names> {
    return this.families.histogram('native-histogram', options) as unknown as NativeHistogram<Names>;
  }

  /**
   * Declares a summary.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_EXPONENTIAL`
   */
  summary<const Names extends readonly string[] = []>(
    options: SummaryOptions<Names> & Collectable<Summary<Names>>,
  ): Summary<Names> {
    return this.families.histogram('summary', options) as unknown as Summary<Names>;
  }

  /**
   * Declares what is a number and nothing that is known better, such as one that is handed on from elsewhere.
   *
   * @throws PercpuMetricsError as {@link counter}
   */
  untyped<const Names extends readonly string[] = []>(
    options: MetricOptions<Names> & Collectable<Gauge<Names>>,
  ): Gauge<Names> {
    return this.families.gauge('untyped', options) as unknown as Gauge<Names>;
  }

  /**
   * Declares facts, such as the version that runs, as labels of a series whose value is 1.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_LABEL_VALUE`
   */
  infoMetric(options: InfoOptions & Collectable<Info>): Info {
    return this.families.info(options) as unknown as Info;
  }

  /**
   * Declares which of some states something is in.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_STATE`
   */
  stateSet<const States extends readonly string[], const Names extends readonly string[] = []>(
    options: StateSetOptions<States, Names> & Collectable<StateSet<States, Names>>,
  ): StateSet<States, Names> {
    return this.families.stateSet(options) as unknown as StateSet<States, Names>;
  }
}
