/** Many measurements in one request, all of them or none. */
import type { FastifyInstance } from 'fastify';
import { batchSchema, type MeasurementItem, measurement } from '../measurement.js';
import { type WriteContext, writeOptions, writerOf } from './write-route.js';

/** Adds `POST /v1/batch`. */
export function batchRoute(app: FastifyInstance, context: WriteContext): void {
  app.post<{ Body: { items: MeasurementItem[] } }>(
    '/v1/batch',
    writeOptions(context, {
      summary: 'Count many things, all of them or none.',
      description: 'Items are applied in their order. One that is wrong is named by its index, and nothing is applied.',
      body: batchSchema,
    }),
    async (request, reply) => {
      writerOf(context).write(request.body.items.map((item) => measurement(item.type, item.name, item)));
      return reply.code(204).send();
    },
  );
}
