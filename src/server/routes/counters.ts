/** Counting up over HTTP. */
import type { FastifyInstance } from 'fastify';
import { measurementRoute, type WriteContext } from './write-route.js';

/** Adds `POST /v1/counters/:name`. */
export function countersRoute(app: FastifyInstance, context: WriteContext): void {
  measurementRoute(app, context, { path: 'counters', type: 'counter', summary: 'Add to a counter.' });
}
