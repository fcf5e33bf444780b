/**
 * Imported into another program, which runs with `--expose-gc`: at SIGUSR2 it collects garbage and prints a line with
 * the bytes that are left, `heap BYTES`. With `LEAK` in the environment, an HTTP server in it keeps 1 kB of each request
 * for ever, which is what a control needs.
 */
import { subscribe } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';

/** Each collection runs finalizers, which let go of more for the next one. */
const COLLECTIONS = 5;

process.on('SIGUSR2', async () => {
  for (let left = COLLECTIONS; left > 0; left -= 1) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`heap ${heapUsed + external}\n`);
});

if (process.env['LEAK'] !== undefined) {
  const kept: number[][] = [];
  subscribe('http.server.request.start', () => kept.push(new Array<number>(128).fill(0)));
}
