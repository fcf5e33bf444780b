/**
 * Metrics about the store itself, made anew for each scrape and kept nowhere: a sidecar that only reads has them as
 * well. Their names begin with `percpu_metrics_`, which no family of a user may; docs/store-metrics.md lists them.
 */
import type { FamilySnapshot, MetricType, ProcessInfo, StoreActivity, StoreInfo } from '../store/types.js';
import type { Store } from './store.js';

/** What the names of these families begin with. */
export const STORE_METRICS_PREFIX = 'percpu_metrics_';

/** What rendering the store took in the scrape that these metrics are part of. */
export interface ScrapeCost {
  readonly seconds: number;
  readonly bytes: number;
}

type Labels = Record<string, string>;

function family(type: MetricType, name: string, help: string, values: readonly [Labels, number][]): FamilySnapshot {
  return {
    type,
    name: STORE_METRICS_PREFIX + name,
    help,
    unit: '',
    labelNames: Object.keys(values[0]?.[0] ?? {}),
    buckets: [],
    series: values.map(([labels, value]) => ({ labels, value })),
  };
}

function one(type: MetricType, name: string, help: string, value: number): FamilySnapshot {
  return family(type, name, help, [[{}, value]]);
}

function facts(info: StoreInfo): FamilySnapshot[] {
  return [
    family('gauge', 'store_info', 'Back end and format of the store; always 1.', [
      [{ backend: info.backend, format_version: String(info.formatVersion) }, 1],
    ]),
    family('gauge', 'lanes', 'Lanes of the store: one per possible CPU, and those of threads without rseq.', [
      [{ kind: 'cpu' }, info.lanes],
      [{ kind: 'atomic' }, info.atomicLanes],
    ]),
    one('gauge', 'capacity_cells', 'Cells that the store has.', info.capacity),
    one('gauge', 'used_cells', 'Cells that are in use.', info.cellsUsed),
    one('gauge', 'catalog_capacity_bytes', 'Room for families and series.', info.catalogCapacity),
    one('gauge', 'catalog_used_bytes', 'Room that families and series take.', info.catalogBytes),
    one('gauge', 'reserved_bytes', 'Memory, or disk, that backs the file.', info.reservedBytes),
  ];
}

function attachments(info: StoreInfo, processes: readonly ProcessInfo[]): FamilySnapshot[] {
  const alive = processes.filter((process) => process.alive);
  const modes = [...new Set([info.backend, ...alive.map(({ backend }) => backend)])];
  const fallback = alive.filter(({ backend }) => backend !== info.backend).length;
  return [
    family(
      'gauge',
      'processes',
      'Processes that are attached for writing, by what their increments do.',
      modes.map((mode) => [{ mode }, alive.filter(({ backend }) => backend === mode).length]),
    ),
    one('gauge', 'fallback_processes', 'Attached processes that cannot use the back end of the store.', fallback),
  ];
}

function events(activity: StoreActivity): FamilySnapshot[] {
  const { aborts, fallbacks, refusals, cpus, atomic } = activity;
  const active = [...cpus.entries()].filter(([, count]) => count > 0);
  return [
    one('counter', 'aborts_total', 'Critical sections that the kernel restarted.', aborts),
    one('counter', 'fallbacks_total', 'Amounts that went to an atomic lane of a store with rseq.', fallbacks),
    one(
      'counter',
      'dropped_series_total',
      'Families, series and cells that there was no room for, per attempt.',
      refusals,
    ),
    family(
      'counter',
      'cpu_events_total',
      'Whole amounts of counters, and observations, that were counted on a CPU; CPUs without any are left out.',
      active.map(([cpu, count]) => [{ cpu: String(cpu) }, count]),
    ),
    one(
      'counter',
      'atomic_events_total',
      'Whole amounts of counters, and observations, that were counted in atomic lanes.',
      atomic.reduce((sum, count) => sum + count, 0),
    ),
  ];
}

function broken(value: 0 | 1): FamilySnapshot {
  return one('gauge', 'store_broken', 'Whether the file was truncated while it was open.', value);
}

/** All that is left to say of a store that is broken. */
export function brokenStoreMetrics(): FamilySnapshot[] {
  return [broken(1)];
}

/**
 * The metrics of a store.
 *
 * @throws PercpuMetricsError as `store.metrics()`
 */
export async function storeMetrics(store: Store, cost: ScrapeCost): Promise<FamilySnapshot[]> {
  const { info, processes } = store;
  return [
    ...facts(info),
    ...attachments(info, processes),
    ...events(await store.activity()),
    broken(0),
    one('gauge', 'scrape_duration_seconds', 'Time that rendering the store took in this scrape.', cost.seconds),
    one('gauge', 'scrape_size_bytes', 'Size of what the store rendered in this scrape.', cost.bytes),
  ];
}
