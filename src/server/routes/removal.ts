/** Removing series over HTTP. */
import type { FastifyInstance } from 'fastify';
import { labelQuery, type MeasurementBody, nameParams } from '../measurement.js';
import { ProblemError } from '../problem.js';
import { problems } from '../schemas.js';
import { noFamily } from './metrics.js';
import { type WriteContext, writerOf } from './write-route.js';

interface RemovalQuery {
  labels?: MeasurementBody['labels'];
}

function parseLabels(text: unknown): MeasurementBody['labels'] {
  try {
    return JSON.parse(String(text)) as MeasurementBody['labels'];
  } catch {
    throw new ProblemError(
      400,
      'ERR_HTTP_JSON',
      'The parameter labels is not JSON; give it once, such as {"shop":"north"}.',
    );
  }
}

/** Adds `DELETE /v1/metrics/:name`. */
export function removalRoute(app: FastifyInstance, context: WriteContext): void {
  app.delete<{ Params: { name: string }; Querystring: RemovalQuery }>(
    '/v1/metrics/:name',
    {
      onRequest: async () => void writerOf(context),
      preValidation: async ({ query }) => {
        if (query.labels !== undefined) query.labels = parseLabels(query.labels);
      },
      schema: {
        summary: 'Remove a series of a family, or all of them.',
        description:
          'The series with these labels, of which none may be missing, or all series where there is no parameter. ' +
          'The family stays. It is no error if there is no such series.',
        params: nameParams,
        querystring: labelQuery,
        response: {
          204: { type: 'null', description: 'There is no such series any more.' },
          ...problems({
            400: 'The labels are not those of the family.',
            403: 'The store is attached read-only.',
            404: 'There is no such family.',
            409: 'The family is the service’s own.',
            413: 'There is a body, which is too large.',
            415: 'There is a body, which is not JSON.',
            503: 'There is no store, or it cannot be used.',
          }),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (context.source.store.find(name) === undefined) throw noFamily(name);
      writerOf(context).remove(name, request.query.labels);
      return reply.code(204).send();
    },
  );
}
