/**
 * Worker threads that all have the same series in `@prometheus-io/client`, whose main thread asks each of them for its
 * registry at `GET /metrics`; `GET /workers` tells where the threads answer `GET /work`, each of which counts, and
 * `GET /delay` how late its event loop was since `GET /delay/begin`. Arguments: `--workers N --counters N --histograms N`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import fastify from 'fastify';
import { SUCCESSOR, successorClient } from '../successor.js';
import { serveDelays } from './event-loop-delay.js';
import { listen } from './listen.js';
import { makeSeries } from './series.js';
import { originsOf, serveOrigins, serveWork } from './worker.js';

const string = { type: 'string' } as const;
const options = { workers: string, counters: string, histograms: string };
const { values } = parseArgs({ options, strict: false });
const { WorkerRegistry } = await successorClient();
// Answers in each worker, and asks in the main thread.
const registry = new WorkerRegistry();

async function serve(): Promise<void> {
  const path = fileURLToPath(import.meta.url);
  const workers = Array.from(
    { length: Number(values.workers) },
    () => new Worker(path, { argv: process.argv.slice(2) }),
  );
  const origins = await originsOf(workers);
  const app = fastify();
  serveOrigins(app, origins);
  await serveDelays(app);
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', registry.contentType).send(await registry.workerMetrics()),
  );
  app.addHook('onClose', async () => {
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
  await listen(app);
}

if (isMainThread) {
  await serve();
} else {
  const plan = { counters: Number(values.counters), histograms: Number(values.histograms), storePath: '' };
  const series = await makeSeries(SUCCESSOR, plan);
  series.touch();
  parentPort?.postMessage(await serveWork(series));
}
