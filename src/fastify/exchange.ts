/**
 * One request and its response, counted. This runs for every request and must cost next to nothing: one hook, one
 * listener, one closure and two calls into native code. An `onResponse` hook would cost more, because Fastify adds two
 * listeners and readings of the clock for it, and would never hear of clients that go away; so would a second hook, or
 * a method of the response that is wrapped.
 *
 * Invariants: what begins ends exactly once, whether the response ends, the client goes away, or the handler never
 * answers. It is counted then, with the status that has left; a stream when its last byte has.
 */
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { type Activity, Outcome } from '../metrics/activity.js';
import type { RouteSeries } from './request-families.js';

/** The `status_code` of requests whose connection was closed before a response began; the convention of nginx. */
export const CLIENT_CLOSED_REQUEST = 499;

/** Ends an exchange; doing it twice is fine. */
type End = () => void;

/** How the request ended. */
function outcomeOf(route: RouteSeries, reply: FastifyReply): Outcome {
  if (reply.raw.headersSent) return route.at(reply.raw.statusCode);
  // A hijacked reply may have been answered where we cannot see it, such as a WebSocket.
  return reply.sent ? Outcome.none : route.at(CLIENT_CLOSED_REQUEST);
}

/** The requests of an app that have not ended. */
export class Exchanges {
  readonly #activity: Activity;
  readonly #waiting = new WeakMap<Socket, Set<End>>();

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  /** Begins to observe a request. */
  begin(route: RouteSeries, reply: FastifyReply): void {
    const activity = this.#activity;
    const { raw } = reply;
    const began = activity.begin();
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      activity.end(outcomeOf(route, reply), began);
    };
    raw.on('close', end);
    if (raw.socket === null) this.#endWithSocket(reply, end);
  }

  /**
   * A pipelined request waits for its turn without a socket, and Node never tells its response when the connection is
   * closed meanwhile. One listener per connection, however many requests wait.
   */
  #endWithSocket(reply: FastifyReply, end: End): void {
    const { socket } = reply.request.raw;
    const waiting = this.#waiting.get(socket) ?? this.#watch(socket);
    waiting.add(end);
    reply.raw.on('close', () => waiting.delete(end));
  }

  #watch(socket: Socket): Set<End> {
    const waiting = new Set<End>();
    this.#waiting.set(socket, waiting);
    socket.once('close', () => {
      for (const end of waiting) end();
    });
    return waiting;
  }
}
