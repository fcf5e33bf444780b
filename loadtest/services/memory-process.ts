/**
 * Makes many counter series in one of the libraries and prints what they take, in bytes, as JSON: the file of the store,
 * the heap of the engine and the resident memory, each as the growth from before. Run with `--expose-gc`. Arguments:
 * library, number of series, path for a store, number of its lanes or 0.
 */
import { statSync } from 'node:fs';
import { openStore } from 'percpu-metrics';
import { Registry } from 'prom-client';
import { addon } from '#src/binding.js';
import { itemsOfClient, itemsOfStore, SPARE_CELLS } from './items.js';

/** What is printed. */
export interface MemoryReport {
  file: number;
  heap: number;
  resident: number;
}

const [, , library, sizeText, storePath = '', lanesText] = process.argv;
const size = Number(sizeText);
const lanes = Number(lanesText);
const BLOCK = 512;

function fileBytes(): number {
  return library === 'percpu-metrics' ? statSync(storePath).blocks * BLOCK : 0;
}

function usage(): { heap: number; resident: number } {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

/** Gives something that keeps the series alive. */
function makeSeries(): unknown {
  if (library === 'prom-client') return itemsOfClient(new Registry(), { first: 0, count: size });
  // A number of lanes is for experiments only, and no option of openStore().
  if (lanes > 0) addon.open({ path: storePath, capacity: size + SPARE_CELLS, lanes });
  const store = openStore({ path: storePath, capacity: size + SPARE_CELLS });
  return [store, itemsOfStore(store, { first: 0, count: size })];
}

const before = usage();
const kept = makeSeries();
const after = usage();
const report: MemoryReport = {
  file: fileBytes(),
  heap: after.heap - before.heap,
  resident: after.resident - before.resident,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
// Alive until here.
if (kept === undefined) process.exitCode = 1;
