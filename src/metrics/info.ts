/** Infos: facts as labels, such as a version. Their value is always 1. */
import { display, PercpuMetricsError } from '../errors.js';
import { BoundSeries, type Origin } from './bound-series.js';
import { Family, type MetricFamily } from './family.js';
import type { LabelValue } from './label-values.js';
import { isFull } from './overflow.js';

/** What an info is declared with. */
export interface InfoOptions {
  /** Ends in `_info`. */
  readonly name: string;
  /** What it tells, for people. */
  readonly help: string;
  /** The facts. */
  readonly labels: Readonly<Record<string, LabelValue>>;
  /**
   * The most series that the family may have for this process to state further facts; no limit by default. Beyond it,
   * and with it where the store is full, they are not stated, which is counted and reported once: an info is 1, so none
   * can stand for others.
   */
  readonly maxSeries?: number | undefined;
}

/** A family of infos; a process with other facts has a series of its own. */
export type Info = Omit<MetricFamily<readonly string[], undefined>, 'labels'> & {
  /**
   * States the facts anew: their series takes the place of the one that this object has declared or set last, for all
   * processes. One that states the old facts still has their series again with its next `set`.
   *
   * @param labels - Values of the labels that the info was declared with.
   * @throws PercpuMetricsError `ERR_PCM_LABEL_NAME`, `ERR_PCM_LABEL_VALUE`, `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE`,
   * `ERR_PCM_READ_ONLY`, `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_CLOSED`
   */
  set(labels: Readonly<Record<string, LabelValue>>): void;
};

/**
 * What the family of an info is defined with.
 *
 * @throws PercpuMetricsError `ERR_PCM_OPTION`
 */
export function infoDefinition(options: unknown): { readonly [option: string]: unknown } {
  const given = (typeof options === 'object' && options !== null ? options : {}) as Readonly<Record<string, unknown>>;
  const { name, help, labels, maxSeries, collect, collectTimeout, ...unknown } = given;
  const [option] = Object.keys(unknown);
  if (option !== undefined) {
    throw new PercpuMetricsError(
      'ERR_PCM_OPTION',
      `unknown option ${display(option)}; an info has name, help, labels, maxSeries, collect, collectTimeout`,
      {
        details: { option },
      },
    );
  }
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels) || Object.keys(labels).length === 0) {
    throw new PercpuMetricsError(
      'ERR_PCM_OPTION',
      `labels of the info ${display(name)} must be an object with at least one fact, not ${display(labels)}`,
      { details: { name, option: 'labels' } },
    );
  }
  return { name, help, labelNames: Object.keys(labels), maxSeries, collect, collectTimeout };
}

class BoundInfo extends BoundSeries {
  constructor(origin: Origin) {
    super(origin);
    this.segment.setGauge(this.requireSeries(), 1);
    this.keep();
  }
}

/** The implementation of {@link Info}. */
export class InfoFamily extends Family<BoundInfo> {
  #facts: Readonly<Record<string, LabelValue>> | undefined;

  /** No series can stand for others: see {@link InfoOptions.maxSeries}. */
  override prepareOverflow(): void {}

  /** States further facts, beside those that there are. */
  add(labels: Readonly<Record<string, LabelValue>>): void {
    this.#state(labels);
    this.#facts = { ...labels };
  }

  set(labels: Readonly<Record<string, LabelValue>>): void {
    this.checkLabels(labels);
    const before = this.#facts;
    const isOther =
      before !== undefined && this.labelNames.some((name) => String(before[name]) !== String(labels[name]));
    // Within a limit there may be room for one series only.
    if (isOther && this.isLimited) this.remove(before);
    this.add(labels);
    if (isOther && !this.isLimited) this.remove(before);
  }

  #state(labels: Readonly<Record<string, LabelValue>>): void {
    try {
      this.labels(labels);
    } catch (error) {
      if (!this.isLimited || !isFull(error)) throw error;
      this.warnOfOverflow(error);
    }
  }

  protected override open(values: readonly string[]): BoundInfo {
    return new BoundInfo(this.origin(values));
  }
}
