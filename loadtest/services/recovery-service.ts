/**
 * A cluster whose workers are killed: each answers `GET /work` after it has counted the request, on a port that they
 * share. The primary has an address of its own: `GET /workers` tells the workers',
 * `GET /kill` sends SIGKILL to the oldest worker and starts another, `GET /metrics` is the scrape. Arguments: `--library NAME --workers N
 * --store PATH`.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import { AggregatorRegistry } from 'prom-client';
import { listen } from './listen.js';
import { libraryOf, makeSeries } from './series.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({ options: { library: string, workers: string, store: string } });
const library = libraryOf(values.library);
if (library === undefined || values.store === undefined) throw new Error('--library NAME and --store PATH are needed.');
const plan = { counters: 1, histograms: 0, storePath: values.store };
const PORT_VARIABLE = 'LOADTEST_PORT';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function servePrimary(): Promise<void> {
  const port = await freePort();
  const living: Worker[] = [];
  let stopping = false;
  const start = async (): Promise<void> => {
    const worker = cluster.fork({ [PORT_VARIABLE]: String(port) });
    living.push(worker);
    // A message to a worker that has just been killed; unheard, it would end the primary.
    worker.on('error', () => {});
    await once(worker, 'listening');
  };
  // Answers once the next one listens, so that there is always a worker which does.
  const replaceOldest = async (): Promise<void> => {
    const worker = living.shift();
    worker?.process.kill('SIGKILL');
    if (!stopping) await start();
  };
  const aggregator = new AggregatorRegistry();
  // Holds the store, so that it outlives every worker.
  const store = library === 'percpu-metrics' ? openStore({ path: plan.storePath }) : undefined;
  await Promise.all(Array.from({ length: Number(values.workers) }, start));
  const app = fastify();
  app.get('/workers', async () => `http://127.0.0.1:${port}`);
  app.get('/kill', async () => {
    await replaceOldest();
    return { killed: true };
  });
  app.get('/metrics', async () => (store === undefined ? await aggregator.clusterMetrics() : await store.metrics()));
  app.addHook('onClose', async () => {
    stopping = true;
    for (const worker of living) worker.process.kill('SIGTERM');
  });
  await listen(app);
}

async function serveWorker(): Promise<void> {
  const series = await makeSeries(library ?? 'percpu-metrics', plan);
  if (library === 'prom-client') new AggregatorRegistry();
  const app = fastify();
  app.get('/work', async () => {
    series.touch();
    return { done: true };
  });
  process.on('disconnect', () => process.exit());
  await app.listen({ host: '127.0.0.1', port: Number(process.env[PORT_VARIABLE]) });
}

await (cluster.isPrimary ? servePrimary() : serveWorker());
