/**
 * An application whose event loops can be blocked, all of them at once:
 *
 *     node blocking-application.js STORE WORKERS
 *
 * A cluster of Fastify applications with the plugin on one store. Says `{ port }` over its channel when it listens;
 * asked to `{ block: milliseconds }`, it says `{ blocked: true }` once every worker is about to block, and spins on the
 * primary's loop as well.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import metrics from 'percpu-metrics/fastify';

interface BlockRequest {
  readonly block: number;
}

/** Keeps the event loop of this process from doing anything else. */
function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    // Busy on purpose.
  }
}

async function runPrimary(workerCount: number): Promise<void> {
  const workers: Worker[] = Array.from({ length: workerCount }, () => cluster.fork());
  const ports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number));
  process.send?.({ port: ports[0] });
  process.on('message', async ({ block }: BlockRequest) => {
    const blocked = workers.map((worker) => once(worker, 'message'));
    for (const worker of workers) {
      worker.send({ block });
    }
    await Promise.all(blocked);
    process.send?.({ blocked: true }, () => spin(block));
  });
  process.once('disconnect', () => process.exit());
}

async function runWorker(path: string): Promise<void> {
  const app = fastify();
  await app.register(metrics, { store: openStore({ path }) });
  app.get('/work', () => 'done');
  await app.listen({ host: '127.0.0.1', port: 0 });
  process.on('message', ({ block }: BlockRequest) => process.send?.('blocked', () => spin(block)));
  const address = app.server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
}

const [path = '', workers = ''] = process.argv.slice(2);
await (cluster.isPrimary ? runPrimary(Number(workers)) : runWorker(path));
