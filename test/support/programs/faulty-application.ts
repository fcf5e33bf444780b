/**
 * An application whose faults can be asked for, one at a time, so that alerts have something to fire at:
 *
 *     node faulty-application.js STORE
 *
 * Prints its URL. `/ok` is well, `/fail` is a server error, `/slow` takes its time, `/fill` makes series until the
 * store is full and one more, `/count` counts in a tight loop for a moment, which signals can interrupt.
 */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';

const path = process.argv[2] ?? '';
const store = openStore({ path, capacity: 8192, mode: 0o660 });
const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['kind'] });
// Of all that counts an observation is longest within critical sections.
const turns = store.histogram({ name: 'turns', help: 'Turns of the loop.', buckets: [1] });
let kind = 0;

process.on('SIGUSR2', () => {});

const app = fastify();
await app.register(percpuMetrics, { store });
app.get('/ok', async () => 'ok');
app.get('/fail', async () => {
  throw new Error('asked for');
});
app.get('/slow', async () => {
  await sleep(1500);
  return 'slow';
});
app.get('/fill', async () => {
  try {
    for (;;) jobs.labels(kind++).inc();
  } catch {
    return 'full';
  }
});
app.get('/count', async () => {
  const end = performance.now() + 1000;
  while (performance.now() < end) {
    for (let turn = 0; turn < 100_000; turn++) turns.observe(0.5);
    // Scrapes are answered meanwhile.
    await nextTurn();
  }
  return 'counted';
});
process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
