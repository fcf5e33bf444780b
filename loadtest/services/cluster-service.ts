/**
 * A cluster whose workers all have the same series, and whose sum is scraped at `GET /metrics`: with prom-client the
 * primary asks each worker for its registry, with a store of ours it reads the store. Arguments: `--library NAME
 * --workers N --counters N --histograms N --store PATH`.
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { AggregatorRegistry } from 'prom-client';
import { listen } from './listen.js';
import { LIBRARIES, makeSeries } from './series.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: { library: string, workers: string, counters: string, histograms: string, store: string },
});
const library = LIBRARIES.find((one) => one === values.library);
if (library === undefined || values.store === undefined) throw new Error('--library NAME and --store PATH are needed.');
const plan = { counters: Number(values.counters), histograms: Number(values.histograms), storePath: values.store };

async function servePrimary(): Promise<void> {
  const workers = Array.from({ length: Number(values.workers) }, () => cluster.fork());
  // Listens to its workers from the start, as an application does.
  const aggregator = new AggregatorRegistry();
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const app = fastify();
  if (library === 'prom-client') {
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
  const series = makeSeries(library, plan);
  series.touch();
  // A worker of prom-client answers its primary once an aggregator exists in it.
  if (library === 'prom-client') new AggregatorRegistry();
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}
