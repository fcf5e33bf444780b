/**
 * The service as a Fastify app that listens nowhere yet: everything that can be tested with `inject`. It observes
 * itself with the package's own plugin, into the store that it serves; where that is read-only, nothing is added to it.
 */
import { createRequire } from 'node:module';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import percpuMetrics from '../fastify/index.js';
import { type PromRegistry, Registries } from '../fastify/registries.js';
import { requestFamilyNames } from '../fastify/request-families.js';
import { checkOptions, type Rule } from '../store/rules.js';
import { AllowedMethods } from './allowed-methods.js';
import { handleClientError, handleExpectation } from './client-error.js';
import { readJson } from './json-body.js';
import { BODY_LIMIT, handleError, handleNotFound, problemOf, sendProblem } from './problem.js';
import { batchRoute } from './routes/batch.js';
import { countersRoute } from './routes/counters.js';
import { cpusRoute } from './routes/cpus.js';
import { gaugesRoute } from './routes/gauges.js';
import { healthRoutes } from './routes/health.js';
import { histogramsRoute } from './routes/histograms.js';
import { metricsRoutes } from './routes/metrics.js';
import { openapiRoute } from './routes/openapi.js';
import { removalRoute } from './routes/removal.js';
import type { WriteContext } from './routes/write-route.js';
import type { StoreSource } from './store-source.js';
import { validationError } from './validation-message.js';
import { MeasurementWriter } from './writer.js';

/** Room for the longest name: each character may take 12 bytes when its UTF-8 is percent-encoded. */
const MAX_PARAM_LENGTH = 2400;
const REQUEST_TIMEOUT = 30_000;
const REGISTRY_TIMEOUT = 2000;

/** The levels of the log, the quietest last. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** How much is logged; requests are only logged at `debug` and `trace`. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the service is made of. */
export interface AppOptions {
  readonly source: StoreSource;
  /** Registries whose text follows that of the store in `GET /metrics`. */
  readonly registries?: readonly PromRegistry[];
  /** `silent` by default. Lines are JSON and go to standard error. */
  readonly logLevel?: LogLevel;
}

/** The version of the package. */
export const version = (createRequire(import.meta.url)('../../package.json') as { version: string }).version;

function createApp(level: LogLevel): FastifyInstance {
  const logsRequests = level === 'debug' || level === 'trace';
  return fastify({
    logger: level === 'silent' ? false : { level, stream: process.stderr },
    logController: new LogController({ disableRequestLogging: !logsRequests }),
    // Without lines about requests there is nothing that a logger per request would be needed for.
    ...(level === 'silent' || logsRequests ? {} : { childLoggerFactory: (logger) => logger }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // While the service drains, a request on a connection that is still open is answered like any other.
    return503OnClosing: false,
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        discriminator: true,
        allowUnionTypes: true,
        // What makes a parameter of a query one of JSON in the OpenAPI document.
        keywords: ['x-consume'],
        // With the value that was wrong, which belongs into the message.
        verbose: true,
      },
    },
    frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOf(error)),
    clientErrorHandler: handleClientError,
  });
}

const RULES: Readonly<Record<keyof AppOptions, Rule>> = {
  source: {
    expected: 'an OpenedStore, an AttachedStore or another source of a store',
    holds: (value) => typeof value === 'object' && value !== null && 'readOnly' in value && 'store' in value,
    required: true,
  },
  registries: {
    expected: 'an array of objects with metrics()',
    holds: (value) => Array.isArray(value) && value.every((registry) => typeof registry?.metrics === 'function'),
  },
  logLevel: {
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    holds: (value) => (LOG_LEVELS as readonly unknown[]).includes(value),
  },
};

/**
 * Builds the service. Closing the app does not close the source.
 *
 * @throws PercpuMetricsError where the store refuses the families of the service itself
 */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  checkOptions('the service', RULES, options);
  const { source } = options;
  const app = createApp(options.logLevel ?? 'silent');
  app.server.on('checkExpectation', handleExpectation);
  readJson(app);
  app.setSchemaErrorFormatter((errors, part) => validationError(errors, part));
  app.setErrorHandler(handleError);
  const allowed = new AllowedMethods(app);
  app.setNotFoundHandler((request, reply) => handleNotFound(request, reply, allowed.of(request.url)));
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  await openapiRoute(app, version);

  const context: WriteContext = { source, writer: source.readOnly ? undefined : await observeItself(app, source) };
  metricsRoutes(app, source, new Registries(options.registries ?? [], REGISTRY_TIMEOUT));
  cpusRoute(app, source);
  healthRoutes(app, source);
  countersRoute(app, context);
  gaugesRoute(app, context);
  histogramsRoute(app, context);
  batchRoute(app, context);
  removalRoute(app, context);
  return app;
}

async function observeItself(app: FastifyInstance, source: StoreSource): Promise<MeasurementWriter> {
  const { store } = source;
  await app.register(percpuMetrics, { store, endpoint: false });
  return new MeasurementWriter(store, new Set(Object.values(requestFamilyNames())));
}
