/** What the store holds: as Prometheus text for scrapers and as JSON for everyone else. */
import type { FastifyInstance } from 'fastify';
import type { Registries } from '../../fastify/registries.js';
import { ScrapeEndpoint } from '../../fastify/scrape-endpoint.js';
import { familyJson } from '../../metrics/family-json.js';
import { ProblemError } from '../problem.js';
import { familiesSchema, problems } from '../schemas.js';
import type { StoreSource } from '../store-source.js';

/** The filter of `GET /v1/metrics` and `GET /v1/cpus`. */
export const nameQuery = {
  type: 'object',
  additionalProperties: false,
  properties: { name: { type: 'string', minLength: 1, description: 'Only this family.' } },
} as const;

/** The filter of `GET /metrics`. */
const scrapeQuery = {
  type: 'object',
  properties: {
    'name[]': {
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      description: 'Only the families with one of these names.',
    },
  },
} as const;

const scrapeText = { schema: { type: 'string' } };
const scrapeContent = {
  'text/plain': scrapeText,
  'application/openmetrics-text': scrapeText,
  'application/vnd.google.protobuf': scrapeText,
  'application/json': { schema: familiesSchema },
};

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
  const scrapes = new ScrapeEndpoint({ store: () => source.store, registries, storeMetrics: true });
  app.get(
    '/metrics',
    {
      config: { disableMetrics: true },
      schema: {
        summary: 'Everything in the store, for Prometheus, in the format that Accept asks for.',
        querystring: scrapeQuery,
        response: {
          200: { description: 'The families.', content: scrapeContent },
          ...problems({ 503: 'There is no store, it cannot be read, or too many scrapes are being served.' }),
        },
      },
    },
    (request, reply) => scrapes.answer(request, reply),
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
      await source.store.collect();
      const families = source.store
        .snapshot({ createdAt: true, exemplars: true })
        .filter((family) => name === undefined || family.name === name);
      if (name !== undefined && families.length === 0) throw noFamily(name);
      return { families: families.map(familyJson) };
    },
  );
}
