/**
 * Request metrics kept by the metrics SDK of OpenTelemetry: a counter and a histogram with the attributes of our
 * plugin, read through its exporter for Prometheus.
 */
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { AggregationType, InstrumentType, MeterProvider } from '@opentelemetry/sdk-metrics';
import type { FastifyInstance } from 'fastify';

const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Adds the hooks and `GET /metrics` to an app. */
export function addOpenTelemetryHooks(app: FastifyInstance): void {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const aggregation = {
    type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
    options: { boundaries: BOUNDARIES },
  } as const;
  const views = [{ instrumentType: InstrumentType.HISTOGRAM, aggregation }];
  const meter = new MeterProvider({ readers: [exporter], views }).getMeter('loadtest');
  const requests = meter.createCounter('http_requests_total', { description: 'Requests answered.' });
  const duration = meter.createHistogram('http_request_duration_seconds', { description: 'Time to the answer.' });

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const attributes = { method: request.method, route, status_code: reply.statusCode };
    duration.record(reply.elapsedTime / 1000, attributes);
    requests.add(1, attributes);
    done();
  });
  app.get('/metrics', (request, reply) => {
    reply.hijack();
    exporter.getMetricsRequestHandler(request.raw, reply.raw);
  });
}
