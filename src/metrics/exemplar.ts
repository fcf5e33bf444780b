/**
 * What an amount was about: labels such as the trace id in force, kept beside the value in the store.
 *
 * Invariant: an amount never depends on its exemplar. One that cannot be kept is dropped, and the first of each family is
 * reported as a process warning.
 */
import { display, PercpuMetricsError } from '../errors.js';
import { NO_SERIES, type Segment } from '../store/segment.js';

/** Plain names, and values: 128 characters and 16 labels altogether, at most. */
export type ExemplarLabels = Readonly<Record<string, string>>;

/** Gives the labels of what is just counted. */
export type ExemplarSource = () => ExemplarLabels | undefined;

/** The error for a family that was declared the other way before. */
export function exemplarsConflict(name: string, has: boolean): PercpuMetricsError {
  return new PercpuMetricsError(
    'ERR_PCM_OPTION',
    `${name} was declared ${has ? 'with' : 'without'} exemplars before; declare it in one way in all of this process`,
    { details: { name, option: 'exemplars' } },
  );
}

/** The exemplars of the series that a handle is bound to. */
export class SeriesExemplars {
  readonly #segment: Segment;
  readonly #name: string;
  readonly #source: ExemplarSource | undefined;
  #series = NO_SERIES;
  /** Undefined where there is no series, or the store had no room for its exemplars. */
  #life: number | undefined;

  /** @param name - Of the family. */
  constructor(segment: Segment, name: string, source: ExemplarSource | undefined) {
    this.#segment = segment;
    this.#name = name;
    this.#source = source;
  }

  /** From now on they are those of this series. Never throws. */
  keep(series: number): void {
    this.#series = series;
    try {
      this.#life = this.#segment.keepExemplars(series, this.#name);
    } catch (error) {
      this.#life = undefined;
      this.#warn(String(error));
    }
  }

  /** The series was removed. */
  letGo(): void {
    this.#life = undefined;
  }

  /** Notes what a value was about. Never throws. */
  put(value: number, given: ExemplarLabels | undefined): void {
    if (this.#life === undefined) return;
    const labels = given ?? this.#current();
    if (labels === undefined || labels === null) return;
    try {
      if (!this.#put(this.#life, value, labels))
        this.#warn(`it must be up to 16 texts with plain names, 128 characters altogether, not ${display(labels)}`);
    } catch (error) {
      this.#warn(`its labels cannot be read: ${display(error)}; give an object of texts`);
    }
  }

  /** Whether they are labels of an exemplar. Those that are computed when they are read may throw. */
  #put(life: number, value: number, labels: ExemplarLabels): boolean {
    const values: unknown[] = typeof labels === 'object' ? Object.values(labels) : [undefined];
    return (
      values.every((text) => typeof text === 'string') &&
      this.#segment.putExemplar(this.#series, life, value, Object.keys(labels), values as string[])
    );
  }

  #current(): ExemplarLabels | undefined {
    try {
      return this.#source?.();
    } catch (error) {
      this.#warn(`the exemplar function of the store failed: ${display(error)}`);
      return undefined;
    }
  }

  #warn(why: string): void {
    const message = `an exemplar of ${this.#name} is left out, the amount is counted: ${why}`;
    this.#segment.warnOnce(`exemplar of ${this.#name}`, 'ERR_PCM_EXEMPLAR', message);
  }
}
