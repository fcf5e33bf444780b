/**
 * One request and its response, counted. This runs for every request and must cost next to nothing: one hook, one
 * listener and two calls into native code. An `onResponse` hook would cost more, because Fastify adds two
 * listeners and readings of the clock for it, and would never hear of clients that go away; so would a second hook, or
 * a method of the response that is wrapped.
 *
 * Invariants: what begins ends exactly once, whether the response ends, the client goes away (even before the hook is
 * reached), the handler never answers or keeps the socket to itself, or the server closes. It is counted then, with the
 * status that has left; a stream when its last byte has.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { type Activity, Outcome } from '../metrics/activity.js';
import type { RouteSeries } from './request-families.js';

/** The `status_code` of requests whose connection was closed before a response began; the convention of nginx. */
export const CLIENT_CLOSED_REQUEST = 499;

/** A place for one request after another: memory that is used again costs neither garbage nor a closure. */
class Place {
  /** The next one of those that are free. */
  next: Place | null = null;
  /** To be called with the response as `this` when that has ended. */
  readonly onClose: (this: ServerResponse) => void;
  readonly #activity: Activity;
  #route: RouteSeries | null = null;
  #reply: FastifyReply | null = null;
  #began = 0;

  constructor(activity: Activity, exchanges: Exchanges) {
    this.#activity = activity;
    const place = this;
    // Ended otherwise before, the place may be another one's by now.
    this.onClose = function (): void {
      if (place.#reply?.raw === this) exchanges.end(place);
    };
  }

  begin(route: RouteSeries, reply: FastifyReply): void {
    this.#route = route;
    this.#reply = reply;
    this.#began = this.#activity.begin();
  }

  /** Whether there is a request, and nobody any more who could be answered. */
  get isCutOff(): boolean {
    // Of HTTP/2 this is the stream's.
    return this.#reply?.request.raw.socket.destroyed ?? false;
  }

  /** Ends what was begun, and forgets it. */
  end(): void {
    const route = this.#route as RouteSeries;
    const reply = this.#reply as FastifyReply;
    this.#reply = null;
    this.#activity.end(outcomeOf(route, reply), this.#began, route.exemplar(reply.request));
  }
}

function outcomeOf(route: RouteSeries, { raw, sent }: FastifyReply): Outcome {
  if (raw.headersSent) return route.at(raw.statusCode);
  // A hijacked reply may have been answered where we cannot see it, such as a WebSocket.
  return sent ? Outcome.none : route.at(CLIENT_CLOSED_REQUEST);
}

/** The requests of an app that have not ended. */
export class Exchanges {
  readonly #activity: Activity;
  /** As many as there ever were requests at a time. */
  readonly #places: Place[] = [];
  #free: Place | null = null;

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  /** Begins to observe a request. */
  begin(route: RouteSeries, reply: FastifyReply): void {
    const place = this.#take();
    place.begin(route, reply);
    reply.raw.on('close', place.onClose);
    // A hook before ours may have taken its time, and the connection may have been closed meanwhile.
    if (place.isCutOff) this.end(place);
  }

  /** Ends a request that was begun. */
  end(place: Place): void {
    try {
      place.end();
    } finally {
      place.next = this.#free;
      this.#free = place;
    }
  }

  /**
   * Ends what has lost its connection without hearing of it: pipelined requests, which wait for their turn without a
   * socket; replies that gave theirs away; and all that a server cuts off when it closes, for it does not wait until
   * they have heard of it, and whoever closed the app may close the store next.
   */
  endCutOff(): void {
    for (const place of this.#places) {
      if (place.isCutOff) this.end(place);
    }
  }

  #take(): Place {
    const free = this.#free;
    if (free === null) {
      const place = new Place(this.#activity, this);
      this.#places.push(place);
      return place;
    }
    this.#free = free.next;
    return free;
  }
}
