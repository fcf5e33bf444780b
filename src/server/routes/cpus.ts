/** What each CPU has counted. */
import type { FastifyInstance } from 'fastify';
import { type JsonNumber, jsonNumber } from '../../metrics/family-json.js';
import type { LaneSnapshot } from '../../store/types.js';
import { cpusSchema, problems } from '../schemas.js';
import type { StoreSource } from '../store-source.js';
import { nameQuery, noFamily } from './metrics.js';

interface LanesJson {
  labels: Record<string, string>;
  cpus: JsonNumber[];
  atomic: JsonNumber[];
}

function lanes(series: readonly LaneSnapshot[]): LanesJson[] {
  return series.map(({ labels, cpus, atomic }) => ({
    labels,
    cpus: cpus.map(jsonNumber),
    atomic: atomic.map(jsonNumber),
  }));
}

/** Adds `GET /v1/cpus`. */
export function cpusRoute(app: FastifyInstance, source: StoreSource): void {
  app.get<{ Querystring: { name?: string } }>(
    '/v1/cpus',
    {
      schema: {
        summary: 'What each CPU has counted.',
        querystring: nameQuery,
        response: {
          200: cpusSchema,
          ...problems({
            400: 'The query is wrong.',
            404: 'There is no such family.',
            503: 'There is no store, or it cannot be read.',
          }),
        },
      },
    },
    async (request) => {
      const { store } = source;
      const { name } = request.query;
      const all = store.snapshot().filter((family) => name === undefined || family.name === name);
      if (name !== undefined && all.length === 0) throw noFamily(name);
      const perCpu = store.perCpu();
      return {
        families: all.map((family) => ({
          name: family.name,
          type: family.type,
          series: lanes(perCpu.get(family.name) ?? []),
        })),
      };
    },
  );
}
