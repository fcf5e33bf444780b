/** Many measurements in one request, all of them or none. */
import type { FastifyInstance } from 'fastify';
import { batchSchema, type Measurement, type MeasurementItem, measurement } from '../measurement.js';
import { ItemError } from '../problem.js';
import { type WriteContext, writeOptions, writerOf } from './write-route.js';

function measurements(items: readonly MeasurementItem[]): Measurement[] {
  return items.map((item, index) => {
    try {
      return measurement(item.type, item.name, item);
    } catch (cause) {
      throw new ItemError(index, cause);
    }
  });
}

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
      writerOf(context).write(measurements(request.body.items));
      return reply.code(204).send();
    },
  );
}
