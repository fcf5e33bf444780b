/**
 * Imported into another program, which runs with `--expose-gc`: at SIGUSR2 it collects garbage and prints a line with
 * the bytes that JavaScript has left, and with those that native code has from malloc, `heap BYTES malloc BYTES`. With
 * `LEAK` in the environment, an HTTP server in it keeps 1 kB of each request for ever, which is what a control needs.
 */

import { subscribe } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Each collection runs finalizers, which let go of more for the next one. */
const COLLECTIONS = 5;

const malloc = { exports: {} as { bytes(): number } };
process.dlopen(malloc, fileURLToPath(new URL('../../../../build/Release/malloc_bytes.so', import.meta.url)));

process.on('SIGUSR2', async () => {
  for (let left = COLLECTIONS; left > 0; left -= 1) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`heap ${heapUsed + external} malloc ${malloc.exports.bytes()}\n`);
});

if (process.env['LEAK'] !== undefined) {
  const kept: number[][] = [];
  subscribe('http.server.request.start', () => kept.push(new Array<number>(128).fill(0)));
}
