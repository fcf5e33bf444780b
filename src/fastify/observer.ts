/**
 * Fastify's hooks around {@link Exchange}. They run for every request, so what belongs to a route is made when the route
 * is registered, and nothing is asked for that Fastify would make only for us: `request.routeOptions` builds an object,
 * and an `onResponse` hook adds two listeners and readings of the clock.
 *
 * The first hook begins the exchange, early enough for requests that a later hook rejects. The hook of the route says
 * which one it is. The rest happens in `writeHead` and at the event `close` of the response.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify';
import { Exchange } from './exchange.js';
import { type RequestFamilies, RouteSeries } from './request-families.js';
import { Routes } from './routes.js';

/** `writeHead` of a response. Undefined arguments at the end are the same as none, and cheaper than `arguments`. */
type WriteHead = (status: number, reason?: unknown, headers?: unknown) => FastifyReply['raw'];

type Observed = FastifyRequest & { [property: symbol]: Exchange };

/** Adds the hooks to an app. Its routes may be registered before or after; those that come after are counted faster. */
export function observeRequests(app: FastifyInstance, families: RequestFamilies): void {
  // A symbol of its own, so that one app may be observed into several stores.
  const key = Symbol('percpu-metrics exchange');
  const routes = new Routes(families);
  const { inFlight } = families;
  const waiting = new WaitingExchanges();
  app.decorateRequest(key, null);

  app.addHook('onRequest', (request, reply, done) => {
    const raw = reply.raw;
    const writeHead = raw.writeHead as WriteHead;
    const exchange = new Exchange(routes, inFlight, reply);
    (request as Observed)[key] = exchange;
    raw.writeHead = function observedWriteHead(this: typeof raw, status: number, reason?: unknown, headers?: unknown) {
      const result = writeHead.call(this, status, reason, headers);
      exchange.onHead();
      return result;
    };
    raw.on('close', () => exchange.onClose());
    if (raw.socket === null) waiting.add(reply, exchange);
    done();
  });

  app.addHook('onRoute', (route) => {
    const existing = route.onRequest ?? [];
    route.onRequest = [routeHook(route, families, key), ...(Array.isArray(existing) ? existing : [existing])];
  });
}

function routeHook(route: RouteOptions, families: RequestFamilies, key: symbol): onRequestHookHandler {
  const exchangeOf = (request: FastifyRequest) => (request as Observed)[key] as Exchange;
  if (route.config?.disableMetrics === true) {
    return (request, _reply, done) => {
      exchangeOf(request).discard();
      done();
    };
  }
  const methods = Array.isArray(route.method) ? route.method : [route.method];
  const [only] = methods;
  if (only !== undefined && methods.length === 1) {
    const series = new RouteSeries(families, only, route.url);
    return (request, _reply, done) => {
      exchangeOf(request).route = series;
      done();
    };
  }
  const byMethod = new Map(methods.map((method) => [method, new RouteSeries(families, method, route.url)]));
  return (request, _reply, done) => {
    exchangeOf(request).route = byMethod.get(request.method);
    done();
  };
}

/**
 * Exchanges of pipelined requests. These wait for their turn without a socket, and Node never tells their response when
 * the connection is closed meanwhile. One listener per connection, however many requests wait.
 */
class WaitingExchanges {
  readonly #bySocket = new WeakMap<Socket, Set<Exchange>>();

  add(reply: FastifyReply, exchange: Exchange): void {
    const { socket } = reply.request.raw;
    const waiting = this.#bySocket.get(socket) ?? this.#watch(socket);
    waiting.add(exchange);
    reply.raw.once('close', () => waiting.delete(exchange));
  }

  #watch(socket: Socket): Set<Exchange> {
    const waiting = new Set<Exchange>();
    this.#bySocket.set(socket, waiting);
    socket.once('close', () => {
      for (const exchange of waiting) exchange.onClose();
    });
    return waiting;
  }
}
