/**
 * What a store is, said simply: a map from series to numbers. Tests do the same to both and compare. The sums of the model
 * are never rounded, those of the store as little as sums of doubles can be.
 */
import { deepEqual } from 'node:assert/strict';
import { PercpuMetricsError, type Store } from 'percpu-metrics';
import { ExactSum } from './exact-sum.js';

/** Names of the families; those that begin alike are of one type. */
export const families = ['counter_a', 'counter_b', 'gauge_a', 'gauge_b', 'histogram_a'] as const;
export const labels = ['x', 'y', 'z'] as const;

const bounds = [1, 2, 4];

export interface Operation {
  readonly act: 'add' | 'put' | 'reset' | 'resetFamily' | 'conflict' | 'reopen';
  readonly family: (typeof families)[number];
  readonly label: (typeof labels)[number];
  readonly amount: number;
}

/** The value of a series: what was added or set, or of a histogram the observations. */
type Value = ExactSum | readonly number[];

function declare(store: Store, name: Operation['family']) {
  const definition = { name, help: 'Help.', labelNames: ['label'] } as const;
  if (name.startsWith('counter')) {
    return { counter: store.counter(definition) };
  }
  return name.startsWith('gauge')
    ? { gauge: store.gauge(definition) }
    : { histogram: store.histogram({ ...definition, buckets: bounds }) };
}

function declareOtherwise(store: Store, name: Operation['family']): void {
  let code: string | undefined;
  try {
    const definition = { name, help: 'Help.', labelNames: ['label'] } as const;
    if (name.startsWith('gauge')) store.counter(definition);
    else store.gauge(definition);
  } catch (error) {
    code = error instanceof PercpuMetricsError ? error.code : String(error);
  }
  deepEqual(code, 'ERR_PCM_TYPE_CONFLICT');
}

/** Does an operation to a store; a `put` is a set of a gauge and an addition to anything else. */
export function applyToStore(store: Store, { act, family, label, amount }: Operation): void {
  const { counter, gauge, histogram } = declare(store, family);
  if (act === 'conflict') declareOtherwise(store, family);
  if (act === 'resetFamily') (counter ?? gauge ?? histogram)?.reset();
  if (act === 'reset') (counter ?? gauge ?? histogram)?.labels(label).reset();
  if (act !== 'add' && act !== 'put') return;
  counter?.labels(label).inc(Math.abs(amount));
  histogram?.labels(label).observe(amount);
  if (act === 'put') gauge?.labels(label).set(amount);
  else gauge?.labels(label).inc(amount);
}

export class Model {
  readonly #series = new Map<string, Value>();

  apply({ act, family, label, amount }: Operation): void {
    const key = `${family} ${label}`;
    const isHistogram = family.startsWith('histogram');
    const zero: Value = isHistogram ? [] : ExactSum.of();
    if (act === 'resetFamily') {
      for (const other of this.#series.keys()) {
        if (other.startsWith(`${family} `)) this.#series.set(other, zero);
      }
    }
    if (act === 'reset') this.#series.set(key, zero);
    if (act !== 'add' && act !== 'put') return;
    const before = this.#series.get(key) ?? zero;
    if (!(before instanceof ExactSum)) this.#series.set(key, [...before, amount]);
    else if (family.startsWith('counter')) this.#series.set(key, before.plus(Math.abs(amount)));
    else this.#series.set(key, act === 'put' ? ExactSum.of(amount) : before.plus(amount));
  }

  /** Fails where a store has other series than the model, or other values. */
  compare(store: Store): void {
    const found = readStore(store);
    deepEqual(found, new Map([...this.#series].map(([key, value]) => [key, shown(value, found.get(key))])));
  }
}

/** What a snapshot shows of a series. */
interface Shown {
  readonly counts?: readonly number[];
  readonly count?: number;
  /** Or the value of what has no sum. */
  readonly sum: number;
}

/** As a snapshot shows it, rounded like what was found, where that is right. */
function shown(value: Value, found: Shown = { sum: Number.NaN }): Shown {
  if (value instanceof ExactSum) return { sum: value.nearest(found.sum) };
  const counts = [...bounds, Number.POSITIVE_INFINITY].map((le) => value.filter((one) => one <= le).length);
  return { counts, count: value.length, sum: ExactSum.of(...value).nearest(found.sum) };
}

function readStore(store: Store): Map<string, Shown> {
  const found = new Map<string, Shown>();
  for (const { name, series } of store.snapshot()) {
    for (const one of series) {
      if ('value' in one) found.set(`${name} ${one.labels['label']}`, { sum: one.value + 0 });
      if ('buckets' in one) {
        const counts = one.buckets.map(({ count }) => count);
        found.set(`${name} ${one.labels['label']}`, { counts, count: one.count, sum: one.sum + 0 });
      }
    }
  }
  return found;
}
