/** What the store holds: as Prometheus text for scrapers and as JSON for everyone else. */
import type { FastifyInstance } from 'fastify';
import type { Registries } from '../../fastify/registries.js';
import { renderScrape, type ScrapeSource } from '../../fastify/scrape.js';
import { CONTENT_TYPE } from '../../metrics/exposition-format.js';
import { ProblemError } from '../problem.js';
import { familiesSchema, problems } from '../schemas.js';
import { familyJson } from '../snapshot-json.js';
import type { StoreSource } from '../store-source.js';

/** The filter of `GET /v1/metrics` and `GET /v1/cpus`. */
export const nameQuery = {
  type: 'object',
  additionalProperties: false,
  properties: { name: { type: 'string', minLength: 1, description: 'Only this family.' } },
} as const;

/** The answer where a filter names no family. */
export function noFamily(name: string): ProblemError {
  return new ProblemError(
    404,
    'ERR_PCM_NOT_FOUND',
    `there is no family ${JSON.stringify(name)}; GET /v1/metrics lists all`,
  );
}

/** Adds `GET /metrics` and `GET /v1/metrics`. */
export function metricsRoutes(app: FastifyInstance, source: StoreSource, registries: Registries): void {
  const scrape: ScrapeSource = { store: () => source.store, registries, storeMetrics: true };
  app.get(
    '/metrics',
    {
      config: { disableMetrics: true },
      schema: {
        summary: 'Everything in the store, for Prometheus.',
        response: {
          200: { description: 'Text format 0.0.4.', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...problems({ 503: 'There is no store, or it cannot be read.' }),
        },
      },
    },
    async (request, reply) => {
      const body = await renderScrape(scrape, request.log);
      return reply.header('content-type', CONTENT_TYPE).send(body);
    },
  );

  app.get<{ Querystring: { name?: string } }>(
    '/v1/metrics',
    {
      schema: {
        summary: 'Everything in the store, as JSON.',
        querystring: nameQuery,
        response: {
          200: familiesSchema,
          ...problems({
            400: 'The query is wrong.',
            404: 'There is no such family.',
            503: 'There is no store, or it cannot be read.',
          }),
        },
      },
    },
    async (request) => {
      const { name } = request.query;
      const families = source.store.snapshot().filter((family) => name === undefined || family.name === name);
      if (name !== undefined && families.length === 0) throw noFamily(name);
      return { families: families.map(familyJson) };
    },
  );
}
