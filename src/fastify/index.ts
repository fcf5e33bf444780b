/**
 * `percpu-metrics/fastify`: request metrics and the scrape endpoint of a Fastify app. Families are declared when the
 * plugin is registered; what is left for the hook is to look up what its route counts into.
 *
 * Register it before anything that may answer in an `onRequest` hook (authentication, rate limits): Fastify does not
 * call later hooks for those requests, and they would not be counted. Routes may be registered before or after it.
 * What Fastify answers before routing is not counted: malformed HTTP, undecodable URLs, and parameters that are too long.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { ExemplarLabels } from '../metrics/exemplar.js';
import { collectProcessMetrics, type ProcessMetricsOptions } from '../metrics/process-metrics.js';
import type { Store } from '../metrics/store.js';
import { checkOptions, FLAG, type Rule } from '../store/rules.js';
import { Exchanges } from './exchange.js';
import { type PromRegistry, Registries } from './registries.js';
import { RequestFamilies } from './request-families.js';
import { Routes } from './routes.js';
import type { ScrapeSource } from './scrape.js';
import { ScrapeEndpoint } from './scrape-endpoint.js';

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
  /** Registries whose families follow those of the store, such as `client.register` of prom-client. */
  readonly registries?: readonly PromRegistry[];
  /** How long a registry may take before a scrape goes on without it, in milliseconds; 2000 by default. */
  readonly registryTimeout?: number;
  /** Scrapes that are served at a time; beyond it they are answered with 503. 40 by default. */
  readonly maxScrapes?: number;
  /** Upper bounds of the duration histogram in seconds; the default buckets of `store.histogram` otherwise. */
  readonly buckets?: readonly number[];
  /**
   * The most series that `http_requests_total` and the histogram of durations may have each; beyond it, and where the store is
   * full, requests count in their overflow series. That of the store unless given.
   */
  readonly maxSeries?: number;
  /** Whether scrapes end with the metrics of the store itself (`percpu_metrics_*`); true by default. */
  readonly storeMetrics?: boolean;
  /** Put in front of the names of the three families, such as `shop_`. */
  readonly prefix?: string;
  /**
   * The exemplar of a request that has ended, such as its trace id; families have exemplars where this is given. It is
   * not called in the asynchronous context of the request: what it tells must be found by the request.
   */
  readonly exemplar?: (request: FastifyRequest) => ExemplarLabels | undefined;
  /**
   * Whether `process_*` and `nodejs_*` of this process are kept in the store until the app is closed; false by default.
   * An object has the options of `collectProcessMetrics`.
   */
  readonly processMetrics?: boolean | ProcessMetricsOptions;
}

const RULES: Readonly<Record<string, Rule>> = {
  store: {
    expected: 'what openStore() gives',
    holds: (value) => typeof (value as Store | null)?.render === 'function',
    required: true,
  },
  endpoint: {
    expected: 'a path such as "/metrics", or false',
    holds: (value) => value === false || (typeof value === 'string' && value.startsWith('/')),
  },
  registries: {
    expected: 'an array of objects with metrics()',
    holds: (value) => Array.isArray(value) && value.every((registry) => typeof registry?.metrics === 'function'),
  },
  registryTimeout: {
    expected: 'a positive number of milliseconds below 2^31',
    holds: (value) => typeof value === 'number' && value > 0 && value < 2 ** 31,
  },
  maxScrapes: {
    expected: 'an integer from 1 on',
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  },
  buckets: { expected: 'an array of ascending numbers', holds: Array.isArray },
  maxSeries: {
    expected: 'an integer from 1 on',
    holds: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 32 - 1,
  },
  storeMetrics: FLAG,
  prefix: {
    expected: 'the beginning of the name of a metric, such as "shop_"',
    holds: (value) => typeof value === 'string' && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value),
  },
  exemplar: { expected: 'a function of the request', holds: (value) => typeof value === 'function' },
  processMetrics: {
    expected: 'true, false or an object of options',
    holds: (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null),
  },
  // Fastify's own, which every plugin may be registered with.
  logLevel: { expected: 'a level of the log', holds: (value) => typeof value === 'string' },
  logSerializers: { expected: 'an object of functions', holds: (value) => typeof value === 'object' },
};

function addHook(app: FastifyInstance, options: PercpuMetricsPluginOptions): void {
  const { store, prefix, buckets, maxSeries, exemplar } = options;
  const families = new RequestFamilies(store, {
    ...(exemplar === undefined ? {} : { exemplar }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(buckets === undefined ? {} : { buckets }),
    ...(maxSeries === undefined ? {} : { maxSeries }),
    report: (err) => app.log.warn({ err }, 'some responses are not counted: the store has no room for their series'),
    reportExemplar: (err) => app.log.warn({ err }, 'some responses have no exemplar: the function for it failed'),
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

function addProcessMetrics(app: FastifyInstance, store: Store, options: ProcessMetricsOptions): void {
  const stop = collectProcessMetrics(store, options);
  app.addHook('onClose', (_app, done) => {
    stop();
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
  const scrapes = new ScrapeEndpoint(source, options.maxScrapes);
  app.route({
    method: 'GET',
    url,
    exposeHeadRoute: true,
    config: { disableMetrics: true },
    handler: (request, reply) => scrapes.answer(request, reply),
  });
}

/**
 * The plugin. Throws `PercpuMetricsError` while the app boots where an option is wrong (`ERR_PCM_OPTION`), or where the
 * store refuses the families (`ERR_PCM_TYPE_CONFLICT`, `ERR_PCM_DEFINITION_CONFLICT`, `ERR_PCM_CAPACITY`, ...). With a
 * store that is attached read-only there is only the endpoint.
 */
async function percpuMetrics(app: FastifyInstance, options: PercpuMetricsPluginOptions): Promise<void> {
  checkOptions('the plugin', RULES, options);
  const { store, endpoint = DEFAULT_ENDPOINT, processMetrics = false } = options;
  if (!store.info.readOnly) {
    addHook(app, options);
    if (processMetrics !== false) addProcessMetrics(app, store, processMetrics === true ? {} : processMetrics);
  }
  if (endpoint !== false) addEndpoint(app, endpoint, options);
}

export default fastifyPlugin(percpuMetrics, { fastify: '5.x', name: 'percpu-metrics' });
