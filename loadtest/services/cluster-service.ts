/**
 * A cluster whose workers all have the same series, and whose sum is scraped at `GET /metrics`: with prom-client and its
 * successor the primary asks each worker for its registry, with a store of ours it reads the store. `GET /workers` tells where
 * the workers answer `GET /work`, each of which counts, and `GET /delay` how late the
 * primary's event loop was since `GET /delay/begin`. Arguments:
 * `--library NAME --workers N --counters N --histograms N --store PATH`.
 */
import cluster from 'node:cluster';
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { AggregatorRegistry } from 'prom-client';
import { SUCCESSOR, successorClient } from '../successor.js';
import { serveDelays } from './event-loop-delay.js';
import { listen } from './listen.js';
import { libraryOf, makeSeries } from './series.js';
import { originsOf, serveOrigins, serveWork } from './worker.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: { library: string, workers: string, counters: string, histograms: string, store: string },
});
const library = libraryOf(values.library);
if (library === undefined || values.store === undefined) throw new Error('--library NAME and --store PATH are needed.');
const plan = { counters: Number(values.counters), histograms: Number(values.histograms), storePath: values.store };

/** Makes what answers in each worker, and asks in the primary. */
async function makeAggregator(): Promise<{ contentType: string; clusterMetrics(): Promise<string> }> {
  return library === SUCCESSOR ? new (await successorClient()).ClusterRegistry() : new AggregatorRegistry();
}

async function servePrimary(): Promise<void> {
  const workers = Array.from({ length: Number(values.workers) }, () => cluster.fork());
  // Listens to its workers from the start, as an application does.
  const aggregator = await makeAggregator();
  const origins = await originsOf(workers);
  const app = fastify();
  serveOrigins(app, origins);
  await serveDelays(app);
  if (library !== 'percpu-metrics') {
    app.get('/metrics', async (_request, reply) =>
      reply.header('content-type', aggregator.contentType).send(await aggregator.clusterMetrics()),
    );
  } else {
    const store = openStore({ path: plan.storePath, readOnly: true });
    await app.register(percpuMetrics, { store });
  }
  app.addHook('onClose', async () => {
    for (const worker of workers) worker.process.disconnect();
  });
  await listen(app);
}

if (cluster.isPrimary) {
  await servePrimary();
} else {
  const series = await makeSeries(library, plan);
  series.touch();
  if (library !== 'percpu-metrics') await makeAggregator();
  process.on('disconnect', () => process.exit());
  process.send?.(await serveWork(series));
}
