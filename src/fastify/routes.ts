/**
 * Which route a request belongs to, from Fastify's own routing. The `config` object of a route, which Fastify makes, is
 * the one thing that all its requests share and nobody else's, so what is known of a route is kept there: under a symbol,
 * which costs less than a WeakMap to look up, and so that neither a loop nor a spread over it meets with it.
 *
 * Invariant: the number of series is bounded by what the app registered. Requests without a route share one group, and
 * methods that are no standard HTTP methods share one name there.
 */
import type { FastifyRequest } from 'fastify';
import { type RequestFamilies, RouteSeries } from './request-families.js';

/** The `route` of requests that no route has matched. */
export const UNKNOWN_ROUTE = '__unknown__';
/** The `method` of requests without a route whose method is no standard one. */
export const OTHER_METHOD = '_OTHER';

const STANDARD_METHODS = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);

/** The series of one route, by method: a route may answer several. */
type Methods = Map<string, RouteSeries>;

/**
 * Finds the `config` of a request's route. `request.routeOptions` is made anew with a dozen of properties each time that
 * it is read, which costs more than anything else here; Fastify takes `config` from an object that the request holds
 * under a symbol. That is no interface of Fastify's, so it is found by its description, held against `routeOptions`
 * for each route once, and given up for good where it is not there or says otherwise.
 */
class RouteConfigs {
  #symbol: symbol | undefined;
  #sought = false;

  of(request: FastifyRequest): object {
    if (!this.#sought) this.#seek(request);
    if (this.#symbol === undefined) return request.routeOptions.config;
    const context = (request as unknown as Record<symbol, { config?: object } | undefined>)[this.#symbol];
    return context?.config ?? request.routeOptions.config;
  }

  /** The config that a route really has, for a route that is seen for the first time. */
  verified(request: FastifyRequest, config: object): object {
    const actual = request.routeOptions.config;
    if (actual !== config) this.#symbol = undefined;
    return actual;
  }

  #seek(request: FastifyRequest): void {
    this.#sought = true;
    this.#symbol = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'fastify.context');
  }
}

/** Finds the series of requests. */
export class Routes {
  readonly #families: RequestFamilies;
  /** One of its own for each plugin that an app has. */
  readonly #key = Symbol('percpu-metrics.route');
  readonly #configs = new RouteConfigs();
  readonly #unknown: Methods = new Map();
  /** Of handlers for unknown routes, whose config is the user's own, and may outlive the app. */
  readonly #ofUnknown = new WeakSet<object>();

  constructor(families: RequestFamilies) {
    this.#families = families;
  }

  /** The series of the route that the request was routed to; `null` where its requests are not to be counted. */
  of(request: FastifyRequest): RouteSeries | null {
    const config = this.#configs.of(request);
    const methods = this.#knownOf(config) ?? this.#find(request, config);
    if (methods === null) return null;
    return methods.get(request.method) ?? this.#add(methods, request.method, request.routeOptions.url);
  }

  /** What is known of a route that is not counted, or that was not seen before. */
  #find(request: FastifyRequest, found: object): Methods | null {
    if (this.#knownOf(found) === null) return null;
    if (this.#ofUnknown.has(found)) return this.#unknown;
    const config = this.#configs.verified(request, found);
    let methods = this.#knownOf(config);
    if (methods === undefined) {
      methods = this.#resolve(request.routeOptions);
      if (methods === this.#unknown) this.#ofUnknown.add(config);
      else Reflect.defineProperty(config, this.#key, { value: methods });
    }
    return methods;
  }

  #knownOf(config: object): Methods | null | undefined {
    return (config as Record<symbol, Methods | null | undefined>)[this.#key];
  }

  #resolve(options: FastifyRequest['routeOptions']): Methods | null {
    if (options.config.disableMetrics === true) return null;
    return options.url === undefined ? this.#unknown : new Map();
  }

  #add(methods: Methods, method: string, url: string | undefined): RouteSeries {
    const label = url !== undefined || STANDARD_METHODS.has(method) ? method : OTHER_METHOD;
    const existing = methods.get(label);
    if (existing !== undefined) return existing;
    const series = new RouteSeries(this.#families, label, url ?? UNKNOWN_ROUTE);
    methods.set(label, series);
    return series;
  }
}
