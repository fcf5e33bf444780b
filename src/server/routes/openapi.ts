/** The description of the service, made from the schemas that its requests are checked with. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { problemSchema } from '../schemas.js';

/** Adds `GET /openapi.json`. To be called before all other routes: it describes those that come later. */
export async function openapiRoute(app: FastifyInstance, version: string): Promise<void> {
  app.addSchema(problemSchema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'percpu-metrics',
        version,
        description: 'Metrics with one counter word per CPU: counted over HTTP, scraped by Prometheus.',
        license: { name: 'MIT' },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json['$id'] ?? `def-${index}`) },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
