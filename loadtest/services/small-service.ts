/**
 * The smallest app whose requests are worth counting, with the metrics that the command line names:
 * `--metrics none`, `--metrics percpu-metrics --store PATH` or `--metrics prom-client`.
 */
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import { Registry } from 'prom-client';
import { listen } from './listen.js';

import { addPromClientHooks } from './prom-client-hooks.js';

const { values } = parseArgs({ options: { metrics: { type: 'string' }, store: { type: 'string' } } });
const app = fastify();

switch (values.metrics) {
  case 'none':
    break;
  case 'percpu-metrics': {
    if (values.store === undefined) throw new Error('--metrics percpu-metrics needs --store PATH.');
    const store = openStore({ path: values.store });
    await app.register(percpuMetrics, { store });
    app.addHook('onClose', () => store.close());
    break;
  }
  case 'prom-client':
    addPromClientHooks(app, new Registry());
    break;
  default:
    throw new Error(`--metrics is none, percpu-metrics or prom-client, not "${values.metrics}".`);
}

app.get<{ Params: { name: string } }>('/hello/:name', async (request) => ({ hello: request.params.name }));
await listen(app);
