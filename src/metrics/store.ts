/**
 * The store as its users see it: families to count with, and everything that can be read from it. All processes that
 * have the file open see the same values; closing one store ends it for this object only.
 */
import { PercpuMetricsError } from '../errors.js';
import type { StoreOptions } from '../store/options.js';
import type { Segment } from '../store/segment.js';
import type {
  FamilyDefinition,
  FamilySnapshot,
  LaneSnapshot,
  ProcessInfo,
  StoreActivity,
  StoreInfo,
  StoreMode,
} from '../store/types.js';
import { type Batch, PreparedBatch, type RecordableHandle } from './batch.js';
import type { Counter } from './counter.js';
import type { HistogramOptions, MetricOptions } from './definition.js';
import type { NativeHistogramOptions, SummaryOptions } from './exponential.js';
import { CONTENT_TYPE, type RenderOptions, renderArguments } from './exposition-format.js';
import { Families } from './families.js';
import type { Gauge } from './gauge.js';
import type { Histogram, NativeHistogram, Summary } from './histogram.js';
import type { Info, InfoOptions } from './info.js';
import { PromReader } from './prom-metric.js';
import type { StateSet, StateSetOptions } from './state-set.js';

/** An open store; `openStore` makes one. */
export class Store {
  /** What to send as `Content-Type` with what {@link metrics} and {@link render} give without options. */
  readonly contentType = CONTENT_TYPE;
  readonly #segment: Segment;
  readonly #families: Families;

  /** @internal */
  constructor(segment: Segment, options: Pick<StoreOptions, 'defaultLabels' | 'maxSeries'> = {}) {
    const { defaultLabels = {}, maxSeries = 0 } = options;
    this.#segment = segment;
    this.#families = new Families({
      segment,
      promReader: new PromReader(() => segment.snapshot()),
      defaultLabels,
      maxSeries,
    });
  }

  /**
   * Declares a counter. The same definition gives the same family, in this and in any other process.
   *
   * @throws PercpuMetricsError `ERR_PCM_OPTION`, `ERR_PCM_METRIC_NAME`, `ERR_PCM_LABEL_NAME`, `ERR_PCM_TYPE_CONFLICT`,
   * `ERR_PCM_DEFINITION_CONFLICT`, `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE`, `ERR_PCM_READ_ONLY`, `ERR_PCM_CLOSED`
   */
  counter<const Names extends readonly string[] = []>(options: MetricOptions<Names>): Counter<Names> {
    return this.#families.counter(options) as unknown as Counter<Names>;
  }

  /**
   * Declares a gauge. The same definition gives the same family, in this and in any other process.
   *
   * @throws PercpuMetricsError as {@link counter}
   */
  gauge<const Names extends readonly string[] = []>(options: MetricOptions<Names>): Gauge<Names> {
    return this.#families.gauge('gauge', options) as unknown as Gauge<Names>;
  }

  /**
   * Declares a histogram. The same definition, buckets included, gives the same family, in this and in any process.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_BUCKETS`
   */
  histogram<const Names extends readonly string[] = []>(options: HistogramOptions<Names>): Histogram<Names> {
    return this.#families.histogram('histogram', options) as unknown as Histogram<Names>;
  }

  /**
   * Declares a histogram with exponential buckets.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_EXPONENTIAL`
   */
  nativeHistogram<const Names extends readonly string[] = []>(
    options: NativeHistogramOptions<Names>,
  ): NativeHistogram<Names> {
    return this.#families.histogram('native-histogram', options) as unknown as NativeHistogram<Names>;
  }

  /**
   * Declares a summary.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_EXPONENTIAL`
   */
  summary<const Names extends readonly string[] = []>(options: SummaryOptions<Names>): Summary<Names> {
    return this.#families.histogram('summary', options) as unknown as Summary<Names>;
  }

  /**
   * Declares what is a number and nothing that is known better, such as one that is handed on from elsewhere.
   *
   * @throws PercpuMetricsError as {@link counter}
   */
  untyped<const Names extends readonly string[] = []>(options: MetricOptions<Names>): Gauge<Names> {
    return this.#families.gauge('untyped', options) as unknown as Gauge<Names>;
  }

  /**
   * Declares facts, such as the version that runs, as labels of a series whose value is 1.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_LABEL_VALUE`
   */
  infoMetric(options: InfoOptions): Info {
    return this.#families.info(options);
  }

  /**
   * Declares which of some states something is in.
   *
   * @throws PercpuMetricsError as {@link counter}, and `ERR_PCM_STATE`
   */
  stateSet<const States extends readonly string[], const Names extends readonly string[] = []>(
    options: StateSetOptions<States, Names>,
  ): StateSet<States, Names> {
    return this.#families.stateSet(options) as unknown as StateSet<States, Names>;
  }

  /**
   * Prepares amounts that are recorded together, in one call into native code: `store.batch([requests, seconds])` gives
   * a batch with `record(1, 0.2)`.
   *
   * @param handles - Handles of this store, or families without labels: up to 64.
   * @throws PercpuMetricsError `ERR_PCM_BATCH`
   */
  batch<const Handles extends readonly RecordableHandle[]>(handles: Handles): Batch<Handles> {
    return new PreparedBatch(this.#segment, handles) as unknown as Batch<Handles>;
  }

  /**
   * All families as Prometheus text, or in another format, rendered off the event loop.
   *
   * @throws PercpuMetricsError `ERR_PCM_CORRUPT`, `ERR_PCM_BROKEN`, `ERR_PCM_NO_MEMORY`, `ERR_PCM_CLOSED`,
   * `ERR_PCM_OPTION`
   */
  async metrics(
    options: RenderOptions & { readonly syntax?: 'text' | 'openmetrics' | undefined } = {},
  ): Promise<string> {
    return (await this.render(options)).toString('utf8');
  }

  /**
   * What {@link metrics} gives, as bytes: a server that sends them needs no string. `contentTypeOf` gives their type.
   *
   * @throws PercpuMetricsError as {@link metrics}
   */
  async render(options: RenderOptions = {}): Promise<Buffer> {
    const { format, names } = renderArguments(options);
    return this.#segment.render(format, names);
  }

  /**
   * All families with the values of all their series, in the order of their creation.
   *
   * @throws PercpuMetricsError as {@link metrics}
   */
  snapshot(): FamilySnapshot[] {
    return this.#segment.snapshot();
  }

  /**
   * The definition that a name has in the store, whichever process declared it; `undefined` where there is none.
   *
   * @throws PercpuMetricsError `ERR_PCM_CORRUPT`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  find(name: string): FamilyDefinition | undefined {
    return this.#segment.find(name);
  }

  /**
   * What each CPU's lane holds of every series of a family: of a histogram its count. What `set` wrote is in no lane.
   *
   * @throws PercpuMetricsError `ERR_PCM_NOT_FOUND` where there is no such family; as {@link metrics}
   */
  perCpu(name: string): LaneSnapshot[];
  /**
   * The same of all families by name, which takes one pass over the store and not one for each.
   *
   * @throws PercpuMetricsError as {@link metrics}
   */
  perCpu(): Map<string, LaneSnapshot[]>;
  perCpu(name?: string): LaneSnapshot[] | Map<string, LaneSnapshot[]> {
    const families = this.#segment.lanes(name);
    if (name === undefined) return new Map(families.map((family) => [family.name, family.series]));
    const found = families.find((family) => family.name === name);
    if (found !== undefined) return found.series;
    throw new PercpuMetricsError(
      'ERR_PCM_NOT_FOUND',
      `there is no family ${JSON.stringify(name)} in ${this.path}; snapshot() lists those that there are`,
      { details: { name, path: this.path } },
    );
  }

  /** What an increment of this thread does, and why. */
  get mode(): StoreMode {
    return this.#segment.mode();
  }

  /** Whether the file was truncated, even if it grew again: what is counted from now on is lost. */
  get broken(): boolean {
    return this.#segment.broken();
  }

  /** Facts about the file. */
  get info(): StoreInfo {
    return this.#segment.info();
  }

  /** The processes that are or were attached for writing. */
  get processes(): ProcessInfo[] {
    return this.#segment.processes();
  }

  /**
   * What has happened in the store since it was made, summed up off the event loop.
   *
   * @throws PercpuMetricsError as {@link metrics}
   */
  async activity(): Promise<StoreActivity> {
    return this.#segment.activity();
  }

  /** The file of the store. */
  get path(): string {
    return this.#segment.path;
  }

  /**
   * Lets the store go; doing it twice is fine. Handles do nothing from now on, everything else fails with
   * `ERR_PCM_CLOSED`. The file stays if it was opened by path or another process has it open.
   */
  close(): void {
    this.#segment.close();
  }

  /**
   * Removes the file's name, before closing. Processes that have the store open go on with it.
   *
   * @throws PercpuMetricsError `ERR_PCM_READ_ONLY`, `ERR_PCM_SYSTEM`, `ERR_PCM_CLOSED`
   */
  unlink(): void {
    this.#segment.unlink();
  }

  /** Closes the store at the end of a `using` declaration's block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
