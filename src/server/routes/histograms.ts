/** Observations over HTTP. */
import type { FastifyInstance } from 'fastify';
import { measurementRoute, type WriteContext } from './write-route.js';

/** Adds `POST /v1/histograms/:name`. */
export function histogramsRoute(app: FastifyInstance, context: WriteContext): void {
  measurementRoute(app, context, { path: 'histograms', type: 'histogram', summary: 'Observe a value.' });
}
