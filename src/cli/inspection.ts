/**
 * What there is to see in a store at one moment: facts about the file, the processes that are attached to it, every
 * series with its value, and how its count is spread over the CPUs. Read-only, and nothing here can be a number that
 * JSON does not have.
 */
import type { ProcessInfo, Store, StoreInfo } from '../index.js';
import { type FamilyJson, familyJson, type JsonNumber, jsonNumber, type SeriesJson } from '../metrics/family-json.js';

/** What one lane holds of a series at least and at most, and all lanes. */
export interface Spread {
  /** By CPU id; of a histogram its count. */
  readonly cpus: readonly JsonNumber[];
  /** Lanes of threads without rseq, or of the atomic back ends. */
  readonly atomic: readonly JsonNumber[];
  readonly min: JsonNumber;
  readonly max: JsonNumber;
}

/** A series with its spread. */
export type InspectedSeries = SeriesJson & { readonly spread: Spread };

/** A family with the spread of its series. */
export type InspectedFamily = Omit<FamilyJson, 'series'> & { readonly series: readonly InspectedSeries[] };

/** What one CPU has counted of everything that only goes up. */
export interface CpuShare {
  readonly cpu: number;
  readonly amount: JsonNumber;
  /** Its part of what all CPUs and atomic lanes have counted, from 0 to 1. */
  readonly share: number;
}

/** A look at a store. */
export interface Inspection {
  readonly path: string;
  readonly store: StoreInfo;
  readonly processes: readonly ProcessInfo[];
  readonly cpus: readonly CpuShare[];
  readonly families: readonly InspectedFamily[];
}

interface Lanes {
  readonly cpus: readonly number[];
  readonly atomic: readonly number[];
}

const GOES_UP: readonly string[] = ['counter', 'histogram', 'native-histogram', 'summary'];

function spread({ cpus, atomic }: Lanes): Spread {
  return {
    cpus: cpus.map(jsonNumber),
    atomic: atomic.map(jsonNumber),
    min: jsonNumber(cpus.length === 0 ? 0 : cpus.reduce((least, value) => Math.min(least, value))),
    max: jsonNumber(cpus.length === 0 ? 0 : cpus.reduce((most, value) => Math.max(most, value))),
  };
}

/** Shares of the CPUs. Gauges stay out: what goes up and down says nothing about who was busy. */
function shares(series: readonly Lanes[], lanes: number): CpuShare[] {
  const amounts = new Array<number>(lanes).fill(0);
  let total = 0;
  for (const { cpus, atomic } of series) {
    for (const [cpu, amount] of cpus.entries()) amounts[cpu] = (amounts[cpu] ?? 0) + amount;
    total += [...cpus, ...atomic].reduce((sum, amount) => sum + amount, 0);
  }
  return amounts.map((amount, cpu) => {
    const share = amount / total;
    return { cpu, amount: jsonNumber(amount), share: Number.isFinite(share) ? share : 0 };
  });
}

/** Series that were created between the two readings have lanes and no value yet; they come with the next look. */
function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(labels);
}

/**
 * Looks at a store.
 *
 * @throws PercpuMetricsError where it cannot be read
 */
export function inspectStore(store: Store): Inspection {
  const counting: Lanes[] = [];
  const snapshot = store.snapshot({ createdAt: true, exemplars: true });
  const perCpu = store.perCpu();
  const families = snapshot.map((family): InspectedFamily => {
    const counted = perCpu.get(family.name) ?? [];
    const lanes = new Map<string, Lanes>(counted.map((lane) => [keyOf(lane.labels), lane]));
    const json = familyJson(family);
    const series = json.series.map((one): InspectedSeries => {
      const found = lanes.get(keyOf(one.labels)) ?? { cpus: [], atomic: [] };
      if (GOES_UP.includes(family.type)) counting.push(found);
      return { ...one, spread: spread(found) };
    });
    return { ...json, series };
  });
  const { info, processes, path } = store;
  return { path, store: info, processes, cpus: shares(counting, info.lanes), families };
}
