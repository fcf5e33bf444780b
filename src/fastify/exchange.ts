/**
 * One request and its response, counted. This runs for every request and must cost next to nothing: one hook, one
 * listener, one closure and two calls into native code. An `onResponse` hook would cost more, because Fastify adds two
 * listeners and readings of the clock for it, and would never hear of clients that go away; so would a second hook, or
 * a method of the response that is wrapped.
 *
 * Invariants: what begins ends exactly once, whether the response ends, the client goes away (even before the hook is
 * reached), the handler never answers or keeps the socket to itself, or the server closes. It is counted then, with the
 * status that has left; a stream when its last byte has.
 */
import type { FastifyReply } from 'fastify';
import { type Activity, Outcome } from '../metrics/activity.js';
import type { RouteSeries } from './request-families.js';

/** The `status_code` of requests whose connection was closed before a response began; the convention of nginx. */
export const CLIENT_CLOSED_REQUEST = 499;

/** A place in the ring of what has not ended: a ring through the places themselves costs less than a Set. */
class Place {
  previous: Place = this;
  next: Place = this;

  insert(place: Place): void {
    place.previous = this;
    place.next = this.next;
    this.next.previous = place;
    this.next = place;
  }

  /**
   * Points at nothing but itself afterwards: a place that the garbage collector has moved among its old objects would
   * keep alive whatever it points at, that what comes next, and so on without end.
   */
  leave(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

/** A request that was begun. */
class Exchange extends Place {
  readonly #activity: Activity;
  readonly #route: RouteSeries;
  readonly #reply: FastifyReply;
  readonly #began: number;
  #ended = false;

  constructor(activity: Activity, route: RouteSeries, reply: FastifyReply) {
    super();
    this.#activity = activity;
    this.#route = route;
    this.#reply = reply;
    this.#began = activity.begin();
  }

  /** Whether nobody is there any more who could be answered. */
  get isCutOff(): boolean {
    // Of HTTP/2 this is the stream's.
    return this.#reply.request.raw.socket.destroyed;
  }

  /** Ends it; doing it twice is fine. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.leave();
    this.#activity.end(this.#outcome(), this.#began, this.#route.exemplar(this.#reply.request));
  }

  #outcome(): Outcome {
    const { raw, sent } = this.#reply;
    if (raw.headersSent) return this.#route.at(raw.statusCode);
    // A hijacked reply may have been answered where we cannot see it, such as a WebSocket.
    return sent ? Outcome.none : this.#route.at(CLIENT_CLOSED_REQUEST);
  }
}

/** The requests of an app that have not ended. */
export class Exchanges {
  readonly #activity: Activity;
  readonly #open = new Place();

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  /** Begins to observe a request. */
  begin(route: RouteSeries, reply: FastifyReply): void {
    const exchange = new Exchange(this.#activity, route, reply);
    this.#open.insert(exchange);
    reply.raw.on('close', () => exchange.end());
    // A hook before ours may have taken its time, and the connection may have been closed meanwhile.
    if (exchange.isCutOff) exchange.end();
  }

  /**
   * Ends what has lost its connection without hearing of it: pipelined requests, which wait for their turn without a
   * socket; replies that gave theirs away; and all that a server cuts off when it closes, for it does not wait until
   * they have heard of it, and whoever closed the app may close the store next.
   */
  endCutOff(): void {
    let place = this.#open.next;
    while (place instanceof Exchange) {
      const { next } = place;
      if (place.isCutOff) place.end();
      place = next;
    }
  }
}
