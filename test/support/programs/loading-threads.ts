/**
 * Threads that come and go, each loading an addon that the main thread has not, counting with it and ending:
 * `loading-threads.js ADDON STORE THREADS INCREMENTS`. Prints who had registered the threads for rseq, and whether the
 * addon is still mapped afterwards.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { NativeOpenOptions, NativeStore } from '#src/binding.js';

const [addonPath = '', storePath = '', threads = '', increments = ''] = process.argv.slice(2);
const atOnce = 4;

function count(): void {
  const addon = createRequire(import.meta.url)(addonPath) as { open(options: NativeOpenOptions): NativeStore };
  const store = addon.open({ path: storePath });
  const family = store.declare({
    type: 'counter',
    name: 'work_total',
    help: 'Work.',
    unit: '',
    labelNames: [],
    buckets: [],
  });
  const cell = store.cell(store.bind(family, []));
  const { increment } = store.hot;
  for (let index = 0; index < Number(increments); index += 1) {
    increment(cell);
  }
  parentPort?.postMessage(store.mode().registration);
}

async function startThreads(): Promise<void> {
  const registrations = new Set<string>();
  for (let started = 0; started < Number(threads); started += atOnce) {
    await Promise.all(
      Array.from({ length: atOnce }, () => {
        const worker = new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2) });
        worker.on('message', (registration) => registrations.add(registration));
        return once(worker, 'exit');
      }),
    );
  }
  const mapped = readFileSync('/proc/self/maps', 'utf8').includes(addonPath) ? 'mapped' : 'unmapped';
  console.log(`registered by ${[...registrations].join(' and ')}, ${mapped}`);
}

if (isMainThread) {
  await startThreads();
} else {
  count();
}
