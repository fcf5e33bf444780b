/**
 * The smallest app whose requests are worth counting, with the metrics that the command line names:
 * `--metrics none`, `percpu-metrics` with `--store PATH`, `fastify-metrics-13`, `fastify-metrics-14` or
 * `opentelemetry`. With `--beside-bare` the same process has the app without metrics as well, on a port of its own,
 * whose URL the first one gives at `/bare`.
 */
import { parseArgs } from 'node:util';
import fastify, { type FastifyInstance } from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { listen } from './listen.js';

const { values } = parseArgs({
  options: { metrics: { type: 'string' }, store: { type: 'string' }, 'beside-bare': { type: 'boolean' } },
});
const app = fastify();

/** The plugin around prom-client and its successor, with a histogram per route and nothing else. */
async function addFastifyMetrics(to: FastifyInstance, name: 'fastify-metrics' | 'fastify-metrics-14'): Promise<void> {
  const plugin = (await import(name)) as { default: { default: typeof import('fastify-metrics')['default'] } };
  await to.register(plugin.default.default, {
    endpoint: '/metrics',
    defaultMetrics: { enabled: false },
    routeMetrics: { enabled: { histogram: true, summary: false } },
  });
}

async function addMetrics(): Promise<void> {
  switch (values.metrics) {
    case 'none':
      return;
    case 'percpu-metrics': {
      if (values.store === undefined) throw new Error('--metrics percpu-metrics needs --store PATH.');
      const store = openStore({ path: values.store });
      await app.register(percpuMetrics, { store });
      app.addHook('onClose', () => store.close());
      return;
    }
    case 'fastify-metrics-13':
      return await addFastifyMetrics(app, 'fastify-metrics');
    case 'fastify-metrics-14':
      return await addFastifyMetrics(app, 'fastify-metrics-14');
    case 'opentelemetry':
      // Loaded here only: the others must not pay for it.
      return (await import('./opentelemetry-hooks.js')).addOpenTelemetryHooks(app);
    default:
      throw new Error(`There are no metrics "${values.metrics}".`);
  }
}

function addHello(to: FastifyInstance): void {
  to.get<{ Params: { name: string } }>('/hello/:name', async (request) => ({ hello: request.params.name }));
}

async function addBare(): Promise<void> {
  const bare = fastify();
  addHello(bare);
  const url = await bare.listen({ host: '127.0.0.1', port: 0 });
  app.addHook('onClose', () => bare.close());
  app.get('/bare', { config: { disableMetrics: true } }, () => url);
}

await addMetrics();
addHello(app);
if (values['beside-bare']) await addBare();
await listen(app);
