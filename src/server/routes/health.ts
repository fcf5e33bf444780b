/** Whether the process lives, and whether it can do its work. */
import type { FastifyInstance } from 'fastify';
import { problems, readySchema } from '../schemas.js';
import { brokenError, type StoreSource } from '../store-source.js';

/** Adds `GET /healthz` and `GET /readyz`. */
export function healthRoutes(app: FastifyInstance, source: StoreSource): void {
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'The process is alive.',
        response: {
          200: {
            type: 'object',
            description: 'It is.',
            required: ['status'],
            properties: { status: { type: 'string', const: 'ok' } },
          },
        },
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'The store can be used.',
        response: {
          200: readySchema,
          ...problems({ 503: 'There is no store, or it cannot be used; the detail says why.' }),
        },
      },
    },
    async () => {
      const { store, readOnly } = source;
      if (store.broken) throw brokenError(store.path);
      return { status: 'ready', store: store.path, readOnly, mode: store.mode };
    },
  );
}
