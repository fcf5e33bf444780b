/**
 * Makes many counter series in one of the libraries and prints what they take, in bytes, as JSON: the file of the store,
 * the heap of the engine and the resident memory, each as the growth from before, and the latter after scrapes as well.
 * Run with `--expose-gc`. Arguments: library, number of series, path for a store, number of its lanes or 0.
 */
import { statSync } from 'node:fs';
import { openStore } from 'percpu-metrics';
import { Registry } from 'prom-client';
import { addon } from '#src/binding.js';
import { sumSamples } from '../exposition.js';
import { ITEMS, itemsOfClient, itemsOfStore, SPARE_CELLS } from './items.js';

/** What is printed. */
export interface MemoryReport {
  file: number;
  heap: number;
  resident: number;
  /** After some scrapes, with what is kept for the next one. */
  residentScraped: number;
  /** What all series hold together: each was incremented once. */
  counted: number;
  /** Of a store. */
  mode: string | null;
}

const [, , library, sizeText, storePath = '', lanesText] = process.argv;
const size = Number(sizeText);
const lanes = Number(lanesText);
const BLOCK = 512;
const SCRAPES = 3;

function fileBytes(): number {
  return library === 'percpu-metrics' ? statSync(storePath).blocks * BLOCK : 0;
}

function usage(): { heap: number; resident: number } {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

/** Series that are alive as long as this is, with the text of a scrape of them. */
interface Made {
  text(): Promise<string>;
  mode: string | null;
  items: readonly unknown[];
}

function makeSeries(): Made {
  const range = { first: 0, count: size };
  if (library === 'prom-client') {
    const registry = new Registry();
    return { items: itemsOfClient(registry, range), text: () => registry.metrics(), mode: null };
  }
  // A number of lanes is for experiments only, and no option of openStore().
  if (lanes > 0) addon.open({ path: storePath, capacity: size + SPARE_CELLS, lanes });
  const store = openStore({ path: storePath, capacity: size + SPARE_CELLS });
  const { backend, registration } = store.mode;
  return { items: itemsOfStore(store, range), text: () => store.metrics(), mode: `${backend} (${registration})` };
}

const before = usage();
const made = makeSeries();
const after = usage();
const sizes = { file: fileBytes(), heap: after.heap - before.heap, resident: after.resident - before.resident };
const counted = sumSamples(await made.text(), ITEMS.name);
for (let scrape = 1; scrape < SCRAPES; scrape += 1) await made.text();
const residentScraped = usage().resident - before.resident;
const report: MemoryReport = { ...sizes, residentScraped, counted, mode: made.mode };
process.stdout.write(`${JSON.stringify(report)}\n`);
// Alive until here.
if (made.items.length !== size) process.exitCode = 1;
