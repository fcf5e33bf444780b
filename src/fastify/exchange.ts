/**
 * One request and its response, as they are counted.
 *
 * Invariants:
 * - The request counter goes up when the head of the response is complete and before its first byte leaves. So the
 *   status is final, whatever later hooks did, and whatever client has its answer is counted, even where the process is
 *   killed right after writing it.
 * - The duration is observed when the response has ended: streams count to their last byte.
 * - The gauge goes down exactly once, whether the response ends, the client goes away, or the handler never answers.
 */
import type { FastifyReply } from 'fastify';
import type { GaugeHandle } from '../metrics/gauge.js';
import type { ResponseSeries, RouteSeries } from './request-families.js';
import type { Routes } from './routes.js';

/** The `status_code` of requests whose connection was closed before a response began; the convention of nginx. */
export const CLIENT_CLOSED_REQUEST = 499;

/** A request from the first hook to the end of its response. */
export class Exchange {
  /** Set by the hook of the route; looked up where another hook answered before that, or there is no route. */
  route: RouteSeries | null | undefined;
  readonly #routes: Routes;
  readonly #inFlight: GaugeHandle;
  readonly #reply: FastifyReply;
  readonly #start: number;
  #series: ResponseSeries | undefined;
  #ended: boolean;

  /** @param inFlight - Goes up now, and down when the response has ended. */
  constructor(routes: Routes, inFlight: GaugeHandle, reply: FastifyReply) {
    this.route = undefined;
    this.#routes = routes;
    this.#inFlight = inFlight;
    this.#reply = reply;
    this.#start = performance.now();
    this.#series = undefined;
    this.#ended = false;
    inFlight.inc();
  }

  /** The head of the response is complete. */
  onHead(): void {
    if (this.#series === undefined && !this.#ended) this.#count(this.#reply.raw.statusCode);
  }

  /** The response has ended, or its connection was closed. */
  onClose(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#inFlight.dec();
    // A hijacked reply may have been answered where we cannot see it, such as a WebSocket.
    if (this.#series === undefined && !this.#reply.sent) this.#count(CLIENT_CLOSED_REQUEST);
    this.#series?.duration.observe((performance.now() - this.#start) / 1000);
  }

  /** The request is not to be counted after all. */
  discard(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#inFlight.dec();
  }

  #count(status: number): void {
    if (this.route === undefined) this.route = this.#routes.of(this.#reply.request);
    if (this.route === null) return;
    this.#series = this.route.at(status);
    this.#series.requests.inc();
  }
}
