/** What the routes that count have in common: the checks before the body is read, and the answers. */
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import { PercpuMetricsError } from '../../errors.js';
import {
  bodySchema,
  type MeasurementBody,
  type MeasurementType,
  measurement,
  nameParams,
  noQuery,
} from '../measurement.js';
import { ItemError } from '../problem.js';
import { problems } from '../schemas.js';
import type { StoreSource } from '../store-source.js';
import type { MeasurementWriter } from '../writer.js';

/** What a route that counts needs. */
export interface WriteContext {
  readonly source: StoreSource;
  /** The writer of the store, of which there is none in read-only mode. */
  readonly writer: MeasurementWriter | undefined;
}

/** @throws PercpuMetricsError where nothing can be written */
export function writerOf({ source, writer }: WriteContext): MeasurementWriter {
  const { path } = source.store;
  if (writer !== undefined) return writer;
  throw new PercpuMetricsError(
    'ERR_PCM_READ_ONLY',
    `${path} is attached read-only; count in the application that writes it, or serve it without --read-only`,
    { details: { path } },
  );
}

/** Options of a route that counts: it refuses before it reads a body that it could not use. */
export function writeOptions(context: WriteContext, schema: RouteShorthandOptions['schema']): RouteShorthandOptions {
  return {
    onRequest: (_request, _reply, done) => {
      writerOf(context);
      done();
    },
    schema: {
      ...schema,
      querystring: noQuery,
      response: {
        204: { type: 'null', description: 'Counted.' },
        ...problems({
          400: 'The request is wrong.',
          403: 'The store is attached read-only.',
          409: 'The family exists with another definition, or is the service’s own.',
          413: 'The body is too large.',
          415: 'The body is not JSON in UTF-8, or it is compressed.',
          503: 'There is no store, or it cannot be used.',
          507: 'The store has no room for another series.',
        }),
      },
    },
  };
}

/** Adds `POST /v1/{path}/:name` for one type of metric. */
export function measurementRoute(
  app: FastifyInstance,
  context: WriteContext,
  route: { readonly path: string; readonly type: MeasurementType; readonly summary: string },
): void {
  app.post<{ Params: { name: string }; Body: MeasurementBody }>(
    `/v1/${route.path}/:name`,
    writeOptions(context, { summary: route.summary, params: nameParams, body: bodySchema(route.type) }),
    async (request, reply) => {
      try {
        writerOf(context).write([measurement(route.type, request.params.name, request.body)]);
      } catch (error) {
        throw error instanceof ItemError ? error.cause : error;
      }
      return reply.code(204).send();
    },
  );
}
