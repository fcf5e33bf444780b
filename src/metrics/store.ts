/**
 * The store as its users see it: families to count with, and everything that can be read from it. All processes that
 * have the file open see the same values; closing one store ends it for this object only.
 */
import { display, PercpuMetricsError } from '../errors.js';
import type { StoreOptions } from '../store/options.js';
import type { TransientBytes } from '../store/render-memory.js';
import { checkOptions, FLAG } from '../store/rules.js';
import type { Segment } from '../store/segment.js';
import type {
  ExposedNames,
  ExpositionFormat,
  FamilyDefinition,
  FamilySnapshot,
  LaneSnapshot,
  MetricType,
  ProcessInfo,
  StoreActivity,
  StoreInfo,
  StoreMode,
} from '../store/types.js';
import { type Batch, PreparedBatch, type RecordableHandle } from './batch.js';
import { checkCollect, checkTimeout } from './collectors.js';
import { CONTENT_TYPE, type RenderOptions, renderArguments, requireText } from './exposition-format.js';
import { Families } from './families.js';
import type { Unbound } from './family.js';
import { FamilyStore } from './family-store.js';
import { type LabelValue, labelValues } from './label-values.js';

const SNAPSHOT_RULES = { createdAt: FLAG, exemplars: FLAG } as const;

/** An open store; `openStore` makes one. */
export class Store extends FamilyStore {
  /** What to send as `Content-Type` with what {@link metrics} and {@link render} give without options. */
  readonly contentType = CONTENT_TYPE;
  readonly #segment: Segment;

  /** @internal */
  constructor(segment: Segment, options: Pick<StoreOptions, 'defaultLabels' | 'maxSeries' | 'exemplar'> = {}) {
    const { defaultLabels = {}, maxSeries = 0, exemplar } = options;
    super(new Families(segment, { defaultLabels, maxSeries, exemplar }));
    this.#segment = segment;
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
   * Has something called before each scrape of this process, for example to set several gauges from one look at what
   * they are about. It fails, or is late, without harm to the scrape: see `collect` of the families.
   *
   * @param name - What failures are counted and reported by.
   * @param timeout - Milliseconds that a scrape waits for its promise; 1000 by default.
   * @returns What ends it.
   * @throws PercpuMetricsError `ERR_PCM_OPTION`
   */
  onCollect(name: string, collect: () => void | Promise<void>, timeout?: number): () => void {
    if (typeof name !== 'string' || name === '') {
      throw new PercpuMetricsError('ERR_PCM_OPTION', `a collector has a text as its name, not ${display(name)}`);
    }
    checkCollect(name, collect);
    return this.families.onCollect(Symbol(name), name, collect, checkTimeout(name, timeout));
  }

  /** Runs the collectors now, as a scrape does; {@link snapshot} does not. Never fails. */
  async collect(): Promise<void> {
    await this.families.collectors.run();
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
    requireText(options);
    const { bytes, release } = await this.renderTransient(options);
    const text = bytes.toString('utf8');
    release();
    return text;
  }

  /**
   * What {@link metrics} gives, as bytes: a server that sends them needs no string. `contentTypeOf` gives their type.
   *
   * @throws PercpuMetricsError as {@link metrics}
   */
  async render(options: RenderOptions = {}): Promise<Buffer> {
    return (await this.renderTransient(options)).bytes;
  }

  /**
   * What {@link render} gives, in memory that later renders use again once it is released: what sends large scrapes, and
   * knows when they have left, allocates nothing for the second one. What is never released costs what {@link render}
   * costs.
   *
   * @throws PercpuMetricsError as {@link metrics}
   */
  async renderTransient(options: RenderOptions = {}): Promise<TransientBytes> {
    const { format, names } = renderArguments(options);
    const collection = this.families.collectors.run();
    if (collection !== undefined) await collection;
    return this.#segment.render(format, names);
  }

  /**
   * All families with the values of all their series, in the order of their creation.
   *
   * @param options - With `createdAt: true` every series has the time since which it counts, with `exemplars: true` the
   * exemplars that it has.
   * @throws PercpuMetricsError as {@link metrics}
   */
  snapshot(
    options: { readonly createdAt?: boolean | undefined; readonly exemplars?: boolean | undefined } = {},
  ): FamilySnapshot[] {
    checkOptions('a snapshot', SNAPSHOT_RULES, options);
    return this.#segment.snapshot(options.createdAt === true, options.exemplars === true);
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
    throw this.#noFamily(name);
  }

  /**
   * Removes the series with these labels, if there is one, from a family that any process may have declared, for all
   * processes; without labels all of its series. As `remove` and `removeAll` of the family, but by name, and with
   * all labels, those that come from `defaultLabels` included.
   *
   * @throws PercpuMetricsError `ERR_PCM_NOT_FOUND` where there is no such family; `ERR_PCM_READ_ONLY`,
   * `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_CLOSED`, `ERR_PCM_LABEL_COUNT`, `ERR_PCM_LABEL_NAME`, `ERR_PCM_LABEL_VALUE`,
   * `ERR_PCM_ARGUMENT`
   */
  removeSeries(name: string, labels?: Readonly<Record<string, LabelValue>>): void {
    if (labels !== undefined && (typeof labels !== 'object' || labels === null || Array.isArray(labels))) {
      throw new PercpuMetricsError(
        'ERR_PCM_ARGUMENT',
        `labels must be an object with a value for each label, not ${display(labels)}; leave it out for all series`,
        { details: { name, labels } },
      );
    }
    const definition = this.#segment.find(name);
    if (definition === undefined) throw this.#noFamily(name);
    const values = labels === undefined ? undefined : labelValues(definition, [labels]);
    this.#segment.remove(this.#segment.declare(definition), name, values);
  }

  /**
   * What all families are called in a format, which escaping and other families may change.
   *
   * @internal
   */
  exposedNames(format: ExpositionFormat): ExposedNames[] {
    return this.#segment.exposedNames(format);
  }

  /**
   * Declares a family without labels, but not its series yet, which is told instead; undefined where it is there.
   *
   * @throws PercpuMetricsError as `counter`
   * @internal
   */
  unbound(type: MetricType, options: { readonly name: string }): Unbound | undefined {
    return this.families.unbound(type, options);
  }

  /**
   * Takes notice of what other processes have removed, which else happens within a second: what is counted from now on
   * is in no series that was removed before.
   *
   * @internal
   */
  follow(): void {
    this.#segment.follow();
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

  #noFamily(name: string): PercpuMetricsError {
    return new PercpuMetricsError(
      'ERR_PCM_NOT_FOUND',
      `there is no family ${JSON.stringify(name)} in ${this.path}; snapshot() lists those that there are`,
      { details: { name, path: this.path } },
    );
  }
}
