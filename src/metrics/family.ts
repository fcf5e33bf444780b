/**
 * What all families have in common: the definition, the series that this thread has bound, and the view that a
 * registry of prom-client wants.
 *
 * Invariant: equal label values give the same handle object for as long as their series is not removed, so a handle may
 * be looked up once and kept; one of a removed series stays good, as it is bound anew.
 */

import type { ErrorCode } from '../errors.js';
import { NO_SERIES, type Segment } from '../store/segment.js';
import { NO_LIMITS, type SeriesLimits, type SeriesRequest } from '../store/series-request.js';
import type { FamilyDefinition, FamilySnapshot, MetricType } from '../store/types.js';
import { BoundSeries, type Origin, type SeriesSource } from './bound-series.js';
import type { Declaration, DefaultLabels } from './default-labels.js';
import type { ExemplarSource } from './exemplar.js';
import { HandleTree } from './handle-tree.js';
import { type LabelObject, type LabelValues, labelValues } from './label-values.js';
import {
  isFull,
  isLimited,
  isOverflow,
  LIMIT_REACHED,
  OVERFLOW_VALUE,
  type OverflowHandle,
  overflowWarning,
} from './overflow.js';
import { type PromMetric, type PromReader, promMetric } from './prom-metric.js';
import { openMetricsName } from './sample-names.js';

/** A family of series, as its users see it. */
export interface MetricFamily<Names extends readonly string[], Handle> {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly unit: string;
  /** Those that {@link labels} takes values of: without the default labels of the store. */
  readonly labelNames: readonly string[];
  /**
   * The handle of the series with these values, in the order of the label names. Made at its first use; keep it where
   * the values are known beforehand.
   *
   * @throws PercpuMetricsError `ERR_PCM_LABEL_COUNT`, `ERR_PCM_LABEL_VALUE`; for a new series also `ERR_PCM_CAPACITY`,
   * `ERR_PCM_NO_SPACE`, `ERR_PCM_CLOSED`. With a `maxSeries` of the family or the store `ERR_PCM_CAPACITY` and
   * `ERR_PCM_NO_SPACE` are not thrown: beyond it, and where the store is full, it is the handle of the overflow series;
   * of a state set, of the overflow set.
   */
  labels(...values: LabelValues<Names>): Handle;
  /**
   * The handle of the series with these values by label name.
   *
   * @throws PercpuMetricsError `ERR_PCM_LABEL_NAME`, and as above
   */
  labels(labels: LabelObject<Names>): Handle;
  /**
   * Brings all series of the family back to 0, for all processes. What is counted at the same time is not lost: it
   * is in the value from before or after it. Buckets and sums as well; an info stays 1.
   *
   * @throws PercpuMetricsError `ERR_PCM_READ_ONLY`, `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_CLOSED`
   */
  reset(): void;
  /**
   * The same for the series with these values, if there is one; none is made.
   *
   * @throws PercpuMetricsError as above, and `ERR_PCM_LABEL_COUNT`, `ERR_PCM_LABEL_NAME`, `ERR_PCM_LABEL_VALUE`
   */
  reset(...values: LabelValues<Names>): void;
  reset(labels: LabelObject<Names>): void;
  /**
   * Removes the series with these values, if there is one, for all processes. It comes back from 0 when something is
   * counted in it again, by whichever handle; processes that have not noticed the removal yet (they do within a second)
   * lose what they count meanwhile.
   *
   * @throws PercpuMetricsError `ERR_PCM_READ_ONLY`, `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_CLOSED`, `ERR_PCM_LABEL_COUNT`,
   * `ERR_PCM_LABEL_NAME`, `ERR_PCM_LABEL_VALUE`
   */
  remove(...values: LabelValues<Names>): void;
  remove(labels: LabelObject<Names>): void;
  /**
   * The same for all series of the family, which itself stays.
   *
   * @throws PercpuMetricsError `ERR_PCM_READ_ONLY`, `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_CLOSED`
   */
  removeAll(): void;
  /** For those who aggregate over processes with prom-client: each of ours sees the whole store, so one answer is all. */
  readonly aggregator: 'first';
  /** The family in the shape of prom-client: what its registry asks for after `registry.registerMetric(family)`. */
  get(): Promise<PromMetric>;
}

/** A family without labels is its only handle, too; one with labels is not. */
export type WithHandle<Names extends readonly string[], Handle, Otherwise = unknown> = Names extends readonly []
  ? Handle
  : Otherwise;

/** What a family needs of the store that it belongs to. */
export interface FamilyContext {
  readonly segment: Segment;
  readonly promReader: PromReader;
  readonly defaultLabels: DefaultLabels;
  /** Of the whole store; 0 is no limit. */
  readonly maxSeries: number;
  readonly exemplar?: ExemplarSource | undefined;
}

/** A series that there is no handle for yet. */
export interface Unbound extends Pick<SeriesRequest, 'family' | 'name' | 'labelValues' | 'limits'> {
  readonly segment: Segment;
}

/** The common part of the implementations. */
export abstract class Family<Handle> {
  /** Always the declared one, whatever is assigned to it. */
  declare readonly name: string;
  readonly aggregator = 'first';
  readonly definition: FamilyDefinition;
  readonly hasExemplars: boolean;
  /** What this process is called where its series belong to it. */
  readonly owner: string | undefined;
  protected readonly segment: Segment;
  protected readonly exemplarSource: ExemplarSource | undefined;
  readonly #promReader: PromReader;
  readonly #id: number;
  readonly #own: Pick<FamilyDefinition, 'name' | 'labelNames'>;
  readonly #defaultValues: readonly string[];
  readonly #handles = new HandleTree<Handle>();
  /** One for all handles: of these there may be very many. */
  readonly #source: SeriesSource;
  #isAskedForOpenMetrics = false;
  #limits: SeriesLimits;
  #overflow: Handle | undefined;

  constructor(context: FamilyContext, declaration: Declaration) {
    const { definition, ownLabelNames } = declaration;
    this.segment = context.segment;
    this.#promReader = context.promReader;
    this.definition = definition;
    this.#own = { name: definition.name, labelNames: [...ownLabelNames] };
    this.#defaultValues = declaration.defaultValues;
    this.#limits = declaration.limits;
    this.hasExemplars = declaration.exemplars;
    this.owner = declaration.owner;
    this.exemplarSource = context.exemplar;
    this.#id = context.segment.declare(definition);
    this.#source = {
      segment: this.segment,
      name: definition.name,
      bind: (values) => this.#bind(values),
      bindAnew: (values) => this.#bindAnew(values),
      insteadAfter: (cause) => this.#insteadAfter(cause),
      valuesOf: (series) => this.#valuesOf(series),
      forget: (values) => this.#handles.remove(values.slice(0, ownLabelNames.length)),
    };
  }

  static {
    // prom-client 15 renders for OpenMetrics by assigning the name without `_total` to the metric right before it asks
    // for its values. The assignment must not fail, and must not rename the family for good.
    Object.defineProperty(Family.prototype, 'name', {
      get(this: Family<unknown>): string {
        return this.definition.name;
      },
      set(this: Family<unknown>) {
        this.#isAskedForOpenMetrics = true;
      },
    });
  }

  get help(): string {
    return this.definition.help;
  }

  get type(): MetricType {
    return this.definition.type;
  }

  get unit(): string {
    return this.definition.unit;
  }

  get labelNames(): readonly string[] {
    return this.#own.labelNames;
  }

  labels(...given: readonly unknown[]): Handle {
    return this.#handles.find(given) ?? this.#findOrBind(labelValues(this.#own, given));
  }

  /** The series that {@link labels} would bind, unless limits lead elsewhere; undefined where there is a handle. */
  unbound(...given: readonly unknown[]): Unbound | undefined {
    const values = labelValues(this.#own, given);
    if (this.#handles.find(values) !== undefined) return undefined;
    const { name } = this.definition;
    this.#reviveOverflow();
    const limits = this.isLimited ? this.#limitsFor(values) : NO_LIMITS;
    return { segment: this.segment, family: this.#id, name, labelValues: [...values, ...this.#defaultValues], limits };
  }

  /**
   * What stands for a series of {@link unbound} that its limits left no room for.
   *
   * @throws PercpuMetricsError `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE` where it was removed and there is no room for it
   */
  overflow(): Handle {
    const overflow = this.#overflow;
    if (overflow instanceof BoundSeries) overflow.requireSeries();
    this.warnOfOverflow(LIMIT_REACHED);
    return overflow as Handle;
  }

  reset(...given: readonly unknown[]): void {
    const { name } = this.definition;
    if (given.length === 0) this.segment.reset(this.#id, name);
    else {
      for (const values of this.seriesValues(labelValues(this.#own, given))) {
        this.segment.reset(this.#id, name, [...values, ...this.#defaultValues]);
      }
    }
  }

  remove(...given: readonly unknown[]): void {
    for (const values of this.seriesValues(labelValues(this.#own, given))) {
      this.segment.remove(this.#id, this.definition.name, [...values, ...this.#defaultValues]);
    }
  }

  removeAll(): void {
    this.segment.remove(this.#id, this.definition.name);
  }

  async get(): Promise<PromMetric> {
    return promMetric(await this.#readForProm());
  }

  /** What prom-client asks for in place of {@link Family.get} when it makes text. */
  async getForPromString(): Promise<PromMetric> {
    const isOpenMetrics = this.#isAskedForOpenMetrics;
    this.#isAskedForOpenMetrics = false;
    const family = await this.#readForProm();
    return promMetric(isOpenMetrics ? { ...family, name: openMetricsName(family) } : family);
  }

  /** Until readers have taken it in a family has no series. */
  async #readForProm(): Promise<FamilySnapshot> {
    return (await this.#promReader.read(this.definition.name)) ?? { ...this.definition, series: [] };
  }

  /** Takes other limits than those that the family was declared with first. */
  limit(limits: SeriesLimits): void {
    this.#limits = limits;
    this.prepareOverflow();
  }

  /** Throws where {@link labels} would for what it is given. */
  protected checkLabels(...given: readonly unknown[]): void {
    labelValues(this.#own, given);
  }

  protected get isLimited(): boolean {
    return isLimited(this.#limits);
  }

  /** Makes the series that amounts go to beyond the limits, if there are any, with all of its cells. */
  prepareOverflow(): void {
    if (!this.isLimited) this.#overflow = undefined;
    else if (this.#overflow === undefined) {
      const overflow = this.#findOrBind(this.#own.labelNames.map(() => OVERFLOW_VALUE));
      this.overflowHandle(overflow)?.reserveAll();
      this.#overflow = overflow;
    }
  }

  #findOrBind(values: string[]): Handle {
    const known = this.#handles.find(values);
    if (known !== undefined) return known;
    // Whoever binds ever new series would hold the cells of the old ones up otherwise.
    this.segment.follow();
    let handle: Handle;
    try {
      handle = this.open(values);
    } catch (error) {
      if (this.#overflow === undefined || !isFull(error)) throw error;
      this.warnOfOverflow(error);
      return this.#overflow;
    }
    this.#handles.add(values, handle);
    return handle;
  }

  #insteadAfter(cause: unknown): number {
    const overflow = this.#overflow;
    if (!isFull(cause) || !(overflow instanceof BoundSeries) || !overflow.revive()) return NO_SERIES;
    this.warnOfOverflow(cause);
    return overflow.heldSeries;
  }

  /** Reports once that there was no room for a series. */
  protected warnOfOverflow({ code }: { readonly code: ErrorCode }): void {
    this.segment.warnOnce(`overflow of ${this.definition.name}`, code, overflowWarning(this.definition.name));
  }

  /**
   * The series that a handle is for.
   *
   * @param values - Of the family's own labels, and behind them what else tells the series of a handle apart.
   */
  protected origin(values: readonly string[]): Origin {
    return { source: this.#source, values };
  }

  #bindAnew(values: readonly string[]): number {
    try {
      return this.#bind(values);
    } catch (error) {
      if (this.#overflow === undefined || !isFull(error)) throw error;
      this.warnOfOverflow(error);
      return this.#bind(values.map((value, index) => (index < this.labelNames.length ? OVERFLOW_VALUE : value)));
    }
  }

  /** Finds or creates the series with these values of the family's own labels, and gives its id. */
  #bind(values: readonly string[]): number {
    const all = [...values, ...this.#defaultValues];
    const { name } = this.definition;
    const isUnlimited = !this.isLimited || isOverflow(values.slice(0, this.labelNames.length));
    if (isUnlimited) return this.segment.bind(this.#id, name, all);
    this.#reviveOverflow();
    const series = this.segment.bindWithin(this.#id, name, all, this.#limitsFor(values));
    if (series === undefined) throw LIMIT_REACHED;
    return series;
  }

  /** The overflow series is beside those that are limited, and there before them, also after all were removed. */
  #reviveOverflow(): void {
    if (this.#overflow !== undefined) this.overflowHandle(this.#overflow)?.revive();
  }

  /** How many series there may be with the one of these values: so few that the rest of its handle's fit, too. */
  #limitsFor(values: readonly string[]): SeriesLimits {
    const { ofFamily, ofStore } = this.#limits;
    const { perHandle, following } = this.seriesOfHandle(values);
    const handles = ofFamily + (this.#overflow === undefined ? 0 : 1);
    return {
      ofFamily: ofFamily > 0 ? handles * perHandle - following : 0,
      // 0 would be no limit.
      ofStore: ofStore > 0 ? Math.max(1, ofStore - following) : 0,
    };
  }

  /** What {@link #bind} has bound a series with. */
  #valuesOf(series: number): readonly string[] | undefined {
    const all = this.segment.labelValues(series);
    return all?.slice(0, all.length - this.#defaultValues.length);
  }

  /** Of each series of the family in the store, the values of the family's own labels and what is behind them. */
  protected allValues(): readonly (readonly string[])[] {
    const own = (all: string[]) => all.slice(0, all.length - this.#defaultValues.length);
    return this.segment.allLabelValues(this.#id, this.definition.name).map(own);
  }

  /** The values of each series of a handle, in front of those of the default labels. */
  protected seriesValues(values: readonly string[]): readonly (readonly string[])[] {
    return [values];
  }

  /** How many series a handle has, and how many of them are bound after the one with these values. */
  protected seriesOfHandle(_values: readonly string[]): { readonly perHandle: number; readonly following: number } {
    return { perHandle: 1, following: 0 };
  }

  /** A handle as that of what overflows, if it can be one. */
  protected overflowHandle(handle: Handle): OverflowHandle | undefined {
    return handle instanceof BoundSeries ? handle : undefined;
  }

  /** Makes the handle for these values of the family's own labels. */
  protected abstract open(values: readonly string[]): Handle;
}
