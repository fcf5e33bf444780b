/**
 * `percpu-metrics/fastify`: request metrics and the scrape endpoint of a Fastify app. Families are declared when the
 * plugin is registered; what is left for the hook is to look up what its route counts into.
 *
 * Register it before anything that may answer in an `onRequest` hook (authentication, rate limits): Fastify does not
 * call later hooks for those requests, and they would not be counted. Routes may be registered before or after it.
 * What Fastify answers before routing is not counted: malformed HTTP, undecodable URLs, and parameters that are too long.
 */
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { display, PercpuMetricsError } from '../errors.js';
import type { Store } from '../metrics/store.js';
import { Exchanges } from './exchange.js';
import { type PromRegistry, Registries } from './registries.js';
import { RequestFamilies } from './request-families.js';
import { Routes } from './routes.js';
import { renderScrape, type ScrapeSource } from './scrape.js';

export type { PromRegistry } from './registries.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The requests of this route are left out of the request metrics of percpu-metrics. */
    disableMetrics?: boolean;
  }
}

const DEFAULT_ENDPOINT = '/metrics';
const DEFAULT_REGISTRY_TIMEOUT = 2000;
const SWEEP_MILLISECONDS = 500;

/** Options of the plugin. */
export interface PercpuMetricsPluginOptions {
  /** What requests are counted into and scrapes are rendered from. The plugin does not close it. */
  readonly store: Store;
  /** The path of the scrape endpoint, `/metrics` by default; `false` for none. Its own requests are not counted. */
  readonly endpoint?: string | false;
  /** Registries whose text follows that of the store, such as `client.register` of prom-client. */
  readonly registries?: readonly PromRegistry[];
  /** How long a registry may take before a scrape goes on without it, in milliseconds; 2000 by default. */
  readonly registryTimeout?: number;
  /** Upper bounds of the duration histogram in seconds; the default buckets of `store.histogram` otherwise. */
  readonly buckets?: readonly number[];
  /** Whether scrapes end with the metrics of the store itself (`percpu_metrics_*`); true by default. */
  readonly storeMetrics?: boolean;
  /** Put in front of the names of the three families, such as `shop_`. */
  readonly prefix?: string;
}

function checkOptions(options: PercpuMetricsPluginOptions): void {
  const { store, endpoint = DEFAULT_ENDPOINT, registries = [], registryTimeout = DEFAULT_REGISTRY_TIMEOUT } = options;
  const refuse = (expected: string, value: unknown): never => {
    throw new PercpuMetricsError('ERR_PCM_OPTION', `the plugin's option ${expected}, not ${display(value)}`);
  };
  if (typeof store?.render !== 'function') refuse('store must be what openStore() gives', store);
  if (endpoint !== false && !(typeof endpoint === 'string' && endpoint.startsWith('/'))) {
    refuse('endpoint must be a path such as "/metrics", or false', endpoint);
  }
  if (!Array.isArray(registries) || registries.some((registry) => typeof registry?.metrics !== 'function')) {
    refuse('registries must be an array of objects with metrics()', registries);
  }
  if (options.storeMetrics !== undefined && typeof options.storeMetrics !== 'boolean') {
    refuse('storeMetrics must be true or false', options.storeMetrics);
  }
  if (!(registryTimeout > 0 && registryTimeout < 2 ** 31)) {
    refuse('registryTimeout must be a positive number of milliseconds', registryTimeout);
  }
}

function addHook(app: FastifyInstance, options: PercpuMetricsPluginOptions): void {
  const { store, prefix, buckets } = options;
  const families = new RequestFamilies(store, {
    ...(prefix === undefined ? {} : { prefix }),
    ...(buckets === undefined ? {} : { buckets }),
    report: (err) => app.log.warn({ err }, 'some responses are not counted: the store has no room for their series'),
  });
  const routes = new Routes(families);
  const exchanges = new Exchanges(families.activity);
  app.addHook('onRequest', (request, reply, done) => {
    const route = routes.of(request);
    if (route !== null) exchanges.begin(route, reply);
    done();
  });
  // Before whatever else waits for the end of the server: what it cut off must be counted while the store is open.
  app.server.prependListener('close', () => exchanges.endCutOff());
  const sweep = setInterval(() => exchanges.endCutOff(), SWEEP_MILLISECONDS).unref();
  app.addHook('onClose', (_app, done) => {
    clearInterval(sweep);
    done();
  });
}

function addEndpoint(app: FastifyInstance, url: string, options: PercpuMetricsPluginOptions): void {
  const { store, registryTimeout = DEFAULT_REGISTRY_TIMEOUT } = options;
  const source: ScrapeSource = {
    store: () => store,
    registries: new Registries(options.registries ?? [], registryTimeout),
    storeMetrics: options.storeMetrics ?? true,
  };
  app.route({
    method: 'GET',
    url,
    exposeHeadRoute: true,
    config: { disableMetrics: true },
    handler: async (request, reply) => {
      const body = await renderScrape(source, request.log);
      return reply.header('content-type', store.contentType).send(body);
    },
  });
}

/**
 * The plugin. Throws `PercpuMetricsError` while the app boots where an option is wrong (`ERR_PCM_OPTION`), or where the
 * store refuses the families (`ERR_PCM_TYPE_CONFLICT`, `ERR_PCM_DEFINITION_CONFLICT`, `ERR_PCM_CAPACITY`, ...). With a
 * store that is attached read-only there is only the endpoint.
 */
async function percpuMetrics(app: FastifyInstance, options: PercpuMetricsPluginOptions): Promise<void> {
  checkOptions(options);
  const { endpoint = DEFAULT_ENDPOINT } = options;
  if (!options.store.info.readOnly) addHook(app, options);
  if (endpoint !== false) addEndpoint(app, endpoint, options);
}

export default fastifyPlugin(percpuMetrics, { fastify: '5.x', name: 'percpu-metrics' });
