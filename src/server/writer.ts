/**
 * Writes measurements into the store, all of a request or none, and removes series. Three passes: check every one
 * against the store and against the others; declare the families and bind the series, which takes all the room that is
 * needed; count. Only the second can fail for want of room: it counts nothing then, and makes no series but those that what
 * is beyond a limit counts in. What was acknowledged was stored.
 *
 * Families are declared with sorted label names: workers that see the first request of a family at the same time agree
 * on its definition, whatever the order in the JSON was.
 */
import { PercpuMetricsError } from '../errors.js';
import { bindAll, type Wanted } from '../metrics/bind-all.js';
import type { Counter, CounterHandle } from '../metrics/counter.js';
import { defineFamily } from '../metrics/definition.js';
import type { Family, Unbound } from '../metrics/family.js';
import { type BoundGauge, type Gauge, type GaugeHandle, setAllOrThrow } from '../metrics/gauge.js';
import type { Histogram, HistogramHandle } from '../metrics/histogram.js';
import { labelValues } from '../metrics/label-values.js';
import { conflictingSuffix } from '../metrics/name-clash.js';
import type { Store } from '../metrics/store.js';
import { describeDefinition } from '../store/conflict.js';
import type { FamilyDefinition } from '../store/types.js';
import type { Measurement } from './measurement.js';
import { ItemError, ProblemError } from './problem.js';
import { brokenError } from './store-source.js';

/** The help of families whose first request has none. */
export const DEFAULT_HELP = 'Declared over HTTP.';

type AnyFamily = Counter | Gauge | Histogram;

/** What is left to do when all room is there. */
type Step = Setting | Addition;

/** A gauge gets a value; what was there before is gone afterwards. */
interface Setting {
  readonly handle: BoundGauge;
  readonly value: number;
}

interface Addition {
  readonly handle: object;
  readonly apply: () => void;
}

/** A family of the store that this thread has opened. */
interface OpenFamily {
  readonly definition: FamilyDefinition;
  readonly family: AnyFamily;
}

function sameNumbers(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** @throws ProblemError 409 where the measurement is none of this family */
function checkAgainst(definition: FamilyDefinition, item: Measurement): void {
  const conflict = (code: 'ERR_PCM_TYPE_CONFLICT' | 'ERR_PCM_DEFINITION_CONFLICT', wanted: string): never => {
    const found = `there is a ${describeDefinition(definition)}; the request has ${wanted}`;
    throw new ProblemError(409, code, `${found}; send what the family has, or use another name`);
  };
  if (definition.type !== item.type) conflict('ERR_PCM_TYPE_CONFLICT', `a ${item.type} of this name`);
  const given = Object.keys(item.labels);
  if (given.length !== definition.labelNames.length || !definition.labelNames.every((label) => given.includes(label))) {
    const names = given.length === 0 ? 'no labels' : `the labels ${given.sort().join(', ')}`;
    conflict('ERR_PCM_DEFINITION_CONFLICT', names);
  }
  if (item.buckets !== undefined && !sameNumbers(definition.buckets, item.buckets)) {
    conflict('ERR_PCM_DEFINITION_CONFLICT', `the buckets ${item.buckets.join(' ')}`);
  }
}

/** What a family is declared with; buckets are those of a histogram. */
function optionsOf({ type, name, help, unit, labelNames, buckets }: FamilyDefinition) {
  return {
    name,
    help,
    labelNames: labelNames as readonly string[],
    ...(unit === '' ? {} : { unit }),
    ...(type === 'histogram' ? { buckets } : {}),
  };
}

/** In the order of the family's label names. */
function valuesOf(family: AnyFamily, { labels }: Measurement): (string | number)[] {
  return family.labelNames.map((label) => labels[label] ?? '');
}

/** The cells that a series needs for what is added to it. */
function cellsOf({ type, operation, value }: Measurement): { readonly integer: boolean; readonly fraction: boolean } {
  const isAdded = type !== 'histogram' && operation !== 'set';
  const isWhole = Number.isSafeInteger(value);
  return { integer: isAdded && isWhole, fraction: isAdded && !isWhole };
}

/** Writes into one store. */
export class MeasurementWriter {
  readonly #store: Store;
  readonly #reserved: ReadonlySet<string>;
  readonly #families = new Map<string, OpenFamily>();

  /** @param reserved - Families that clients may not write to. */
  constructor(store: Store, reserved: ReadonlySet<string>) {
    this.#store = store;
    this.#reserved = reserved;
  }

  /**
   * Counts all measurements, or none.
   *
   * @throws ItemError with the index of the first one that is wrong, and the reason as its `cause`
   */
  write(items: readonly Measurement[]): void {
    // Nothing that is acknowledged may go to a series that was removed before.
    this.#store.follow();
    const planned = new Map<string, FamilyDefinition>();
    this.#forEach(items, (item) => this.#check(item, planned));
    this.#apply(this.#bindAll(items, planned));
    // A file that was truncated takes what is written to it, and forgets it: that must not be acknowledged.
    if (this.#store.broken) throw brokenError(this.#store.path);
  }

  /**
   * Removes the series with these labels, if there is one; without labels all of the family's.
   *
   * @throws ProblemError where the family is the service's own, PercpuMetricsError as `store.removeSeries`
   */
  remove(name: string, labels?: Measurement['labels']): void {
    this.#refuseReserved(name);
    this.#store.removeSeries(name, labels);
    if (this.#store.broken) throw brokenError(this.#store.path);
  }

  /**
   * Sets go first and all at once, because they alone can fail (another process may hold the store's lock), and nothing is
   * counted then. Whatever precedes the last set of a gauge makes no difference and is left out.
   */
  #apply(steps: readonly Step[]): void {
    const lastSets = new Map<object, { readonly index: number } & Setting>();
    for (const [index, step] of steps.entries()) if ('value' in step) lastSets.set(step.handle, { index, ...step });
    const settings = [...lastSets.values()];
    try {
      setAllOrThrow(
        settings.map(({ handle }) => handle),
        settings.map(({ value }) => value),
      );
    } catch (cause) {
      throw new ItemError(Math.min(...settings.map(({ index }) => index)), cause);
    }
    for (const [index, step] of steps.entries()) {
      if ('apply' in step && index > (lastSets.get(step.handle)?.index ?? -1)) step.apply();
    }
  }

  #forEach(items: readonly Measurement[], work: (item: Measurement, index: number) => void): void {
    for (const [index, item] of items.entries()) {
      try {
        work(item, index);
      } catch (cause) {
        throw new ItemError(index, cause);
      }
    }
  }

  #check(item: Measurement, planned: Map<string, FamilyDefinition>): void {
    const { type, name } = item;
    this.#refuseReserved(name);
    const find = (wanted: string) => planned.get(wanted) ?? this.#find(wanted);
    const existing = find(name);
    if (existing !== undefined) {
      checkAgainst(existing, item);
      labelValues(existing, [item.labels]);
      return;
    }
    const definition = defineFamily(type, {
      name,
      help: item.help ?? DEFAULT_HELP,
      labelNames: Object.keys(item.labels).sort(),
      ...(item.buckets === undefined ? {} : { buckets: item.buckets }),
    });
    labelValues(definition, [item.labels]);
    const clash = conflictingSuffix(definition, find);
    if (clash !== undefined) throw clash;
    planned.set(name, definition);
  }

  #refuseReserved(name: string): void {
    if (!this.#reserved.has(name)) return;
    throw new ProblemError(409, 'ERR_HTTP_RESERVED_NAME', `${name} is the service's own; use another name`);
  }

  #find(name: string): FamilyDefinition | undefined {
    return this.#families.get(name)?.definition ?? this.#store.find(name);
  }

  /** What is there already gets its cells first, so that new series are the last that there may be no room for. */
  #bindAll(items: readonly Measurement[], planned: ReadonlyMap<string, FamilyDefinition>): Step[] {
    const steps = new Map<Measurement, Step>();
    const created: { readonly item: Measurement; readonly index: number; readonly wanted: Wanted }[] = [];
    this.#forEach(items, (item, index) => {
      const unbound = this.#unbound(item, planned.get(item.name));
      if (unbound === undefined) steps.set(item, this.#bind(item, planned));
      else created.push({ item, index, wanted: { unbound, ...cellsOf(item) } });
    });
    const { refusal, leftOut } = bindAll(created.map(({ wanted }) => wanted));
    if (refusal !== undefined) throw new ItemError(created[refusal.index]?.index ?? 0, refusal.error);
    const overflowing = new Set(created.filter((_, number) => leftOut[number]).map(({ item }) => item));
    this.#forEach(items, (item) => {
      if (!steps.has(item)) steps.set(item, this.#bind(item, planned, overflowing.has(item)));
    });
    return items.map((item) => steps.get(item) as Step);
  }

  /** A family without labels has its series from the start, so there is none of it before all are made. */
  #unbound(item: Measurement, planned: FamilyDefinition | undefined): Unbound | undefined {
    if (!this.#families.has(item.name) && Object.keys(item.labels).length === 0) {
      return this.#declareAs(item, planned, (wanted) => this.#store.unbound(wanted.type, optionsOf(wanted)));
    }
    const { family } = this.#families.get(item.name) ?? this.#declare(item, planned);
    return (family as unknown as Family<unknown>).unbound(...valuesOf(family, item));
  }

  #bind(item: Measurement, planned: ReadonlyMap<string, FamilyDefinition>, isOverflowing = false): Step {
    const { family } = this.#families.get(item.name) ?? this.#declare(item, planned.get(item.name));
    const found = isOverflowing
      ? (family as unknown as Family<CounterHandle | GaugeHandle | HistogramHandle>).overflow()
      : family.labels(...valuesOf(family, item));
    const { operation, value } = item;
    switch (item.type) {
      case 'counter': {
        const handle = found as CounterHandle;
        handle.reserve(value);
        return { handle, apply: () => handle.inc(value) };
      }
      case 'gauge': {
        const handle = found as BoundGauge;
        if (operation === 'set') return { handle, value };
        handle.reserve(value);
        return { handle, apply: () => handle[operation === 'inc' ? 'inc' : 'dec'](value) };
      }
      case 'histogram': {
        const handle = found as HistogramHandle;
        return { handle, apply: () => handle.observe(value) };
      }
    }
  }

  /** Opens the family with the planned definition, or else with the one that it has in the store. */
  #declare(item: Measurement, planned: FamilyDefinition | undefined): OpenFamily {
    const opened = this.#declareAs(item, planned, (definition) => this.#open(definition));
    this.#families.set(item.name, opened);
    return opened;
  }

  #declareAs<Result>(
    item: Measurement,
    planned: FamilyDefinition | undefined,
    declare: (definition: FamilyDefinition) => Result,
  ): Result {
    const definition = planned ?? this.#store.find(item.name);
    if (definition === undefined) throw new Error(`${item.name} was neither found nor planned`);
    try {
      return declare(definition);
    } catch (error) {
      // Another process was faster, with another help or other buckets: its definition is the one that counts.
      const existing = error instanceof PercpuMetricsError ? this.#store.find(item.name) : undefined;
      if (existing === undefined) throw error;
      checkAgainst(existing, item);
      return declare(existing);
    }
  }

  #open(definition: FamilyDefinition): OpenFamily {
    return { definition, family: this.#family(definition) };
  }

  #family(definition: FamilyDefinition): AnyFamily {
    const { type } = definition;
    const options = optionsOf(definition);
    if (type === 'histogram') return this.#store.histogram({ ...options, buckets: definition.buckets });
    return type === 'counter' ? this.#store.counter(options) : this.#store.gauge(options);
  }
}
