/** Gauges over HTTP. */
import type { FastifyInstance } from 'fastify';
import { measurementRoute, type WriteContext } from './write-route.js';

/** Adds `POST /v1/gauges/:name`. */
export function gaugesRoute(app: FastifyInstance, context: WriteContext): void {
  measurementRoute(app, context, { path: 'gauges', type: 'gauge', summary: 'Set a gauge, or add to it.' });
}
