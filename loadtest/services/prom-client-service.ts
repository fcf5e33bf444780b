/**
 * What `percpu-metrics serve` does with a counter, done with prom-client: the same route, checked by the same schemas,
 * declares a counter at the first request that names it and adds to it; the same request metrics are kept beside it.
 */
import fastify from 'fastify';
import { Counter, Registry } from 'prom-client';
import { bodySchema, type MeasurementBody, nameParams } from '#src/server/measurement.js';
import { listen } from './listen.js';
import { addPromClientHooks } from './prom-client-hooks.js';

const registry = new Registry();
const counters = new Map<string, Counter>();

function declare(name: string, labelNames: string[]): Counter {
  const counter = new Counter({ name, help: 'Declared over HTTP.', labelNames, registers: [registry] });
  counters.set(name, counter);
  return counter;
}

const app = fastify({
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true } },
});
addPromClientHooks(app, registry);
app.post<{ Params: { name: string }; Body: MeasurementBody & { value?: number } }>(
  '/v1/counters/:name',
  { schema: { params: nameParams, body: bodySchema('counter') } },
  async (request, reply) => {
    const { labels = {}, value = 1 } = request.body;
    const { name } = request.params;
    // prom-client checks by itself that these are the labels of the counter.
    (counters.get(name) ?? declare(name, Object.keys(labels))).inc(labels, value);
    return reply.code(204).send();
  },
);
await listen(app);
