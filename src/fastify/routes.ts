/**
 * Which route a request belongs to, from Fastify's own routing. The `config` object of a route is the one thing that
 * all its requests share and nobody else's, so series are found by it: in a WeakMap, because the object is the user's.
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

/** Finds the series of requests. */
export class Routes {
  readonly #families: RequestFamilies;
  readonly #byConfig = new WeakMap<object, Methods | null>();
  readonly #unknown: Methods = new Map();

  constructor(families: RequestFamilies) {
    this.#families = families;
  }

  /** The series of the route that the request was routed to; `null` where its requests are not to be counted. */
  of(request: FastifyRequest): RouteSeries | null {
    const config = request.routeOptions.config;
    let methods = this.#byConfig.get(config);
    if (methods === undefined) {
      methods = this.#resolve(request.routeOptions);
      this.#byConfig.set(config, methods);
    }
    if (methods === null) return null;
    return methods.get(request.method) ?? this.#add(methods, request.method, request.routeOptions.url);
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
