/**
 * What handles have in common: the series that they are bound to, which may be removed, by any process and at any time.
 * A handle of a removed series is bound anew by the next amount, so that the series comes back from 0.
 *
 * Invariant: binding anew never makes another handle let go, so that cells of several may be taken one after another.
 *
 * Of handles there may be very many, so none keeps the label values, which take more than all else of it: the store has
 * them, until a handle lets go of a removed series. From then on it keeps them itself.
 *
 * Methods are `private` here and not `#`: a class with `#` methods has one more word in each of its objects.
 */

import type { Holder } from '../store/holdings.js';
import { NO_SERIES, type Overflow, type Segment } from '../store/segment.js';
import type { NativeHot } from '../store/types.js';
import { isOverflow } from './overflow.js';

/** Where the handles of a family have their series from. */
export interface SeriesSource extends Overflow {
  readonly segment: Segment;
  /** Of the family. */
  readonly name: string;
  /** Finds or creates the series with these values, or throws. */
  bind(values: readonly string[]): number;
  /** The same after a removal; where there is no room, it is the series for what overflows, if there is one. */
  bindAnew(values: readonly string[]): number;
  /**
   * The values that a series was bound with, also of one that is just being let go of; undefined where the store no
   * longer tells them. Never throws.
   */
  valuesOf(series: number): readonly string[] | undefined;
  /** The family makes another handle for the labels of the series with these values from now on. */
  forget(values: readonly string[]): void;
}

/** The series that a handle is for. */
export interface Origin {
  readonly source: SeriesSource;
  /** Of the family's own labels, and what else tells the series of a handle apart. */
  readonly values: readonly string[];
}

/** Functions of the same shape as those of a store, some of which are others: code made for the one is right for the other. */
export function replaceHot(hot: NativeHot, others: Partial<NativeHot>): NativeHot {
  const replaced: Record<string, unknown> = {};
  for (const name of Object.keys(hot) as (keyof NativeHot)[]) replaced[name] = others[name] ?? hot[name];
  return replaced as unknown as NativeHot;
}

/** A handle that is bound to one series. */
export class BoundSeries implements Holder {
  readonly #source: SeriesSource;
  /** Of the series; undefined as long as it was never removed. */
  #values: readonly string[] | undefined;
  #series: number;

  /** Binds it; who extends this gets its cells and then calls {@link keep}. */
  constructor({ source, values }: Origin) {
    this.#source = source;
    this.#values = undefined;
    this.#series = source.bind(values);
  }

  get segment(): Segment {
    return this.#source.segment;
  }

  get heldSeries(): number {
    return this.#series;
  }

  /** Of the family. */
  protected get name(): string {
    return this.#source.name;
  }

  /** From now on it lets go when the series is removed. */
  keep(): void {
    this.segment.hold(this);
  }

  letGo(): void {
    this.#values ??= this.#source.valuesOf(this.#series);
    this.#series = NO_SERIES;
    if (this.#values !== undefined) this.#source.forget(this.#values);
  }

  /** Brings the series back to 0, if there is one. */
  reset(): void {
    if (this.#series !== NO_SERIES) this.segment.resetSeries(this.#series, this.name);
  }

  /** The id of the series, which is bound anew if need be; {@link NO_SERIES} where that cannot be, which is reported. */
  protected series(): number {
    return this.#series === NO_SERIES && !this.revive() ? NO_SERIES : this.#series;
  }

  /** The same, or an error. */
  requireSeries(): number {
    if (this.#series === NO_SERIES) this.bindAnew();
    return this.#series;
  }

  /** Does something that must succeed to the series, or to the next one where somebody else has removed it. */
  protected insist(work: (series: number) => void): void {
    this.segment.insist(() => work(this.requireSeries()));
  }

  /** Binds anew what was let go of. Whether there is a series now; never throws. */
  revive(): boolean {
    if (this.#series !== NO_SERIES) return true;
    if (this.segment.closed) return false;
    try {
      this.bindAnew();
      return true;
    } catch (error) {
      this.segment.report(error);
      return false;
    }
  }

  /**
   * Makes all the cells that it may need: as the series that amounts go to for which there is no room it has to have
   * its own before.
   *
   * @throws PercpuMetricsError `ERR_PCM_CAPACITY`, `ERR_PCM_NO_SPACE`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  reserveAll(): void {}

  /** Where amounts go for which this series has no room. */
  protected get overflow(): Overflow {
    return this.#source;
  }

  /** Gets what is kept of a series that is bound anew. */
  protected take(_series: number): void {}

  private reserveIfPossible(): void {
    try {
      this.reserveAll();
    } catch (error) {
      this.segment.report(error);
    }
  }

  private bindAnew(): void {
    const values = this.#values;
    if (values === undefined) throw this.segment.unreadable(this.name);
    const series = this.#source.bindAnew(values);
    this.take(series);
    this.#series = series;
    this.keep();
    if (isOverflow(values)) this.reserveIfPossible();
  }
}
