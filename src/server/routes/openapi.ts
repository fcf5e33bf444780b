/** The description of the service, made from the schemas that its requests are checked with. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { problemSchema, problems } from '../schemas.js';

const EVERYWHERE = problems({
  405: 'There is something at this path, but not for this method; Allow names those that there are.',
  417: 'Expect asks for something else than 100-continue.',
  431: 'The headers, or the URL with its query, are too large.',
});
const WITH_PARAMETER = problems({ 414: 'What stands for the parameter in the path is too long.' });

/** What is answered before a request gets to its route, whose own description therefore does not have it. */
function answersBefore(url: string): Record<number, object> {
  return url.includes(':') ? { ...EVERYWHERE, ...WITH_PARAMETER } : EVERYWHERE;
}

/** Adds `GET /openapi.json`. To be called before all other routes: it describes itself and those that come later. */
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
    transform: ({ schema, url }) => {
      const own = schema?.response as Record<number, object> | undefined;
      return { schema: { ...schema, response: { ...answersBefore(url), ...own } }, url };
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json['$id'] ?? `def-${index}`) },
  });
  const answer = { type: 'object', description: 'OpenAPI 3.1.', additionalProperties: true };
  app.get('/openapi.json', { schema: { summary: 'This description.', response: { 200: answer } } }, async () =>
    app.swagger(),
  );
}
