/**
 * Request metrics kept in prom-client by Fastify hooks: the families of our plugin, measured the way that the usual
 * plugins around prom-client measure them, with the labels looked up once per request because the status is not known
 * before.
 */
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const labelNames = ['method', 'route', 'status_code'] as const;

/** Adds the hooks and `GET /metrics` to an app. */
export function addPromClientHooks(app: FastifyInstance, registry: Registry): void {
  const registers = [registry];
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames,
    registers,
  });
  const requests = new Counter({ name: 'http_requests_total', help: 'Requests answered.', labelNames, registers });
  const inFlight = new Gauge({ name: 'http_requests_in_flight', help: 'Requests not answered yet.', registers });

  app.addHook('onRequest', (_request, _reply, done) => {
    inFlight.inc();
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const labels = { method: request.method, route, status_code: reply.statusCode };
    duration.observe(labels, reply.elapsedTime / 1000);
    requests.inc(labels);
    inFlight.dec();
    done();
  });
  app.get('/metrics', async (_request, reply) => {
    reply.type(registry.contentType);
    return await registry.metrics();
  });
}
