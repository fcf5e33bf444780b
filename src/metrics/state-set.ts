/**
 * State sets: which of some states something is in. Each state is a series, which a label with the family's name tells
 * from the others; its value is 1 in that state, else 0.
 */
import { display, PercpuMetricsError } from '../errors.js';
import { isLabelText, notLabelText } from '../store/label-text.js';
import { NO_SERIES } from '../store/segment.js';
import type { Declaration } from './default-labels.js';
import type { MetricOptions } from './definition.js';
import { Family, type FamilyContext, type MetricFamily, type WithHandle } from './family.js';
import { BoundGauge } from './gauge.js';
import type { OverflowHandle } from './overflow.js';

/** What a state set is declared with. */
export interface StateSetOptions<States extends readonly string[], Names extends readonly string[]>
  extends Omit<MetricOptions<Names>, 'perProcess'> {
  /**
   * Each once; what it is in at first is none of them. The same in every process: where the store has others already, it is
   * `ERR_PCM_DEFINITION_CONFLICT`.
   */
  readonly states: States;
  /**
   * The most sets, of a series for each state, that the family may have for this process to make more; no limit by
   * default. Never is one made by half. What is said of further ones goes to the overflow set, all of whose labels have
   * the value `__overflow__`: it is in the states that were set last.
   */
  readonly maxSeries?: number | undefined;
}

/** A set of states of one thing, bound once. Its methods do nothing once the store is closed. */
export interface StateSetHandle<State extends string> {
  /**
   * Says that it is in this state and in no other, under the lock of the store: whoever else sets it at the same time, it is
   * in the state of one of them in the end. A scrape at the same time may see it in both, or in none.
   *
   * @throws PercpuMetricsError `ERR_PCM_STATE`; nothing is changed then
   */
  set(state: State): void;
  /**
   * Says of one state, where several can hold at a time, whether it does.
   *
   * @throws PercpuMetricsError `ERR_PCM_STATE`; nothing is changed then
   */
  toggle(state: State, holds: boolean): void;
  /**
   * Says that it is in none of the states.
   *
   * @throws PercpuMetricsError `ERR_PCM_LOCK_TIMEOUT`, `ERR_PCM_BROKEN`, `ERR_PCM_CLOSED`
   */
  reset(): void;
}

/** A family of state sets; one without labels is one itself: `phase.set('running')`. */
export type StateSet<
  States extends readonly string[] = readonly string[],
  Names extends readonly string[] = readonly string[],
> = MetricFamily<Names, StateSetHandle<States[number]>> & {
  readonly states: States;
} & WithHandle<Names, StateSetHandle<States[number]>>;

/**
 * The states of a state set.
 *
 * @throws PercpuMetricsError `ERR_PCM_STATE`, `ERR_PCM_LABEL_VALUE`
 */
export function checkStates(name: string, states: unknown): string[] {
  const list: unknown[] = Array.isArray(states) ? states : [];
  const distinct = new Set(list).size === list.length;
  // What is not well formed would be another text in the store.
  if (
    list.length > 0 &&
    distinct &&
    list.every((state) => typeof state === 'string' && /^\P{Surrogate}+$/u.test(state))
  ) {
    const long = (list as string[]).find((state) => !isLabelText(state));
    if (long !== undefined) throw notLabelText(`the state of ${name}`, long, { name, states });
    return [...(list as string[])];
  }
  throw new PercpuMetricsError(
    'ERR_PCM_STATE',
    `states of ${name} must be an array of texts of Unicode that are not empty, each once, not ${display(states)}`,
    { details: { name, states } },
  );
}

function statesConflict(name: string, existing: readonly string[], wanted: readonly string[]): PercpuMetricsError {
  return new PercpuMetricsError(
    'ERR_PCM_DEFINITION_CONFLICT',
    `the store has a stateset ${name} with the states ${existing.join(', ')}; it cannot also have ${wanted.join(', ')}; ` +
      'use one list of states in every process, or another name',
    { details: { name, existing, wanted } },
  );
}

class BoundStateSet implements StateSetHandle<string>, OverflowHandle {
  readonly #name: string;
  readonly #again: () => BoundStateSet;
  #gauges: ReadonlyMap<string, BoundGauge>;

  /** @param again - Gives what is to be used in place of this after its series were removed, or throws. */
  constructor(name: string, gauges: ReadonlyMap<string, BoundGauge>, again: () => BoundStateSet) {
    this.#name = name;
    this.#gauges = gauges;
    this.#again = again;
  }

  set(state: string): void {
    const { segment } = this.#require(state);
    if (!this.revive()) return;
    // After it was revived it may be another one. It comes first, so that a state holds whenever a process dies.
    const chosen = this.#require(state);
    const gauges = [chosen, ...[...this.#gauges.values()].filter((gauge) => gauge !== chosen)];
    segment.setGauges(
      gauges.map(({ heldSeries }) => heldSeries),
      gauges.map((gauge) => (gauge === chosen ? 1 : 0)),
    );
  }

  toggle(state: string, holds: boolean): void {
    this.#require(state);
    if (typeof holds !== 'boolean') {
      throw new PercpuMetricsError(
        'ERR_PCM_STATE',
        `toggle of ${this.#name} takes true or false, not ${display(holds)}; compare it first`,
        { details: { name: this.#name, state, holds } },
      );
    }
    this.revive();
    this.#require(state).set(holds ? 1 : 0);
  }

  reset(): void {
    for (const gauge of this.#gauges.values()) gauge.reset();
  }

  /** States are only set, which needs no cell. */
  reserveAll(): void {}

  /** Where the set was removed, it comes back with all of its states; where there is no room, it is the overflow set. */
  revive(): boolean {
    const gauges = [...this.#gauges.values()];
    if (gauges.every(({ heldSeries }) => heldSeries !== NO_SERIES)) return true;
    const segment = gauges[0]?.segment;
    if (segment === undefined || segment.closed) return false;
    try {
      this.#gauges = this.#again().#gauges;
      return true;
    } catch (error) {
      segment.report(error);
      return false;
    }
  }

  #require(state: string): BoundGauge {
    const gauge = this.#gauges.get(state);
    if (gauge !== undefined) return gauge;
    const states = [...this.#gauges.keys()].join(', ');
    throw new PercpuMetricsError('ERR_PCM_STATE', `${this.#name} has the states ${states}, not ${display(state)}`, {
      details: { name: this.#name, state },
    });
  }
}

/** The implementation of {@link StateSet}. */
export class StateSetFamily extends Family<StateSetHandle<string>> {
  readonly states: readonly string[];
  readonly #only: StateSetHandle<string> | undefined;
  #hasSet = false;

  constructor(context: FamilyContext, declaration: Declaration, states: readonly string[]) {
    super(context, declaration);
    this.states = states;
    this.#requireOnlyOurs();
    this.#only = declaration.ownLabelNames.length === 0 ? this.labels() : undefined;
  }

  /** @throws PercpuMetricsError `ERR_PCM_DEFINITION_CONFLICT` */
  requireStates(states: readonly string[]): void {
    if (states.join('\0') !== this.states.join('\0')) throw statesConflict(this.definition.name, this.states, states);
  }

  set(state: string): void {
    (this.#only ?? this.labels()).set(state);
  }

  toggle(state: string, holds: boolean): void {
    (this.#only ?? this.labels()).toggle(state, holds);
  }

  protected override seriesValues(values: readonly string[]): readonly (readonly string[])[] {
    return this.states.map((state) => [...values, state]);
  }

  protected override open(values: readonly string[]): StateSetHandle<string> {
    if (!this.#hasSet) this.#requireOnlyOurs();
    const gauges = new Map<string, BoundGauge>();
    try {
      for (const state of this.states) gauges.set(state, new BoundGauge(this.origin([...values, state])));
    } catch (error) {
      if (gauges.size > 0) this.#removeHalf(values);
      throw error;
    }
    this.#hasSet = true;
    return new BoundStateSet(this.definition.name, gauges, () => this.labels(...values) as BoundStateSet);
  }

  protected override seriesOfHandle(values: readonly string[]): { perHandle: number; following: number } {
    const perHandle = this.states.length;
    return { perHandle, following: perHandle - 1 - this.states.indexOf(values.at(-1) as string) };
  }

  protected override overflowHandle(handle: StateSetHandle<string>): BoundStateSet {
    return handle as BoundStateSet;
  }

  /**
   * The store holds states as series only, so that those of others are known by what they have set. Once this process has a
   * set of its own, others find its states in the same way.
   *
   * @throws PercpuMetricsError `ERR_PCM_DEFINITION_CONFLICT`
   */
  #requireOnlyOurs(): void {
    const existing = [...new Set(this.allValues().map((values) => values.at(-1) as string))];
    if (existing.every((state) => this.states.includes(state))) return;
    throw statesConflict(this.definition.name, existing, this.states);
  }

  /** A set for which there was no room in the end: nobody has a whole one, so nobody misses it. */
  #removeHalf(values: readonly string[]): void {
    try {
      this.remove(...values);
    } catch (error) {
      this.segment.report(error);
    }
  }
}
