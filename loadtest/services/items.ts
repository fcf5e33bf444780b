/** Counter series with three labels, for whoever makes many of them and holds a handle of each. */
import type { Store } from 'percpu-metrics';
import { Counter, type Registry } from 'prom-client';

const labelNames = ['method', 'route', 'status_code'] as const;
const labelsOf = (index: number): [string, string, string] => ['GET', `/orders/${index}`, '200'];

/** The family. */
export const ITEMS = { name: 'loadtest_items_total', help: 'Items of the load test.', labelNames };

/** Cells that a store has beyond those of its series. */
export const SPARE_CELLS = 64;

/** What all series have in common. */
export interface Item {
  inc(): void;
}

/** Which of the series: `count` of them from `first` on. */
export interface ItemRange {
  first: number;
  count: number;
}

/** Finds or makes series of a store, each incremented once, and gives their handles. */
export function itemsOfStore(store: Store, { first, count }: ItemRange): Item[] {
  const counter = store.counter(ITEMS);
  return Array.from({ length: count }, (_, index) => touched(counter.labels(...labelsOf(first + index))));
}

/** The same with prom-client. */
export function itemsOfClient(registry: Registry, { first, count }: ItemRange): Item[] {
  const counter = new Counter({ ...ITEMS, labelNames: [...labelNames], registers: [registry] });
  return Array.from({ length: count }, (_, index) => touched(counter.labels(...labelsOf(first + index))));
}

function touched(handle: Item): Item {
  handle.inc();
  return handle;
}
