/**
 * Imported into another program, which runs with `--expose-gc` and with a malloc that has one arena and maps nothing: at
 * SIGUSR2 it collects garbage and prints a line with the bytes that JavaScript has left, and with those that malloc has
 * from the system, `heap BYTES malloc BYTES`. With `LEAK` in the environment, an HTTP server in it keeps 1 kB of each
 * request for ever, which is what a control needs.
 */

import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

/** Each collection runs finalizers, which let go of more for the next one. */
const COLLECTIONS = 5;

/** What glibc's malloc has where all threads share an arena that grows by brk: of Node, of V8's compilers, of addons. */
function mallocBytes(): number {
  const [, kilobytes] =
    /\[heap\]\n(?:\w+: .*\n)*?Rss: +(\d+) kB\n/.exec(readFileSync('/proc/self/smaps', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

process.on('SIGUSR2', async () => {
  for (let left = COLLECTIONS; left > 0; left -= 1) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`heap ${heapUsed + external} malloc ${mallocBytes()}\n`);
});

if (process.env['LEAK'] !== undefined) {
  const kept: number[][] = [];
  subscribe('http.server.request.start', () => kept.push(new Array<number>(128).fill(0)));
}
