/**
 * One request and its response, counted. This runs for every request, so it takes two readings of the clock, one
 * wrapped method and one listener, and no hook but the one that begins it: an `onResponse` hook alone would make
 * Fastify add two listeners and its own readings.
 *
 * Invariants:
 * - The request counter goes up when the head of the response is complete and before its first byte leaves. So the
 *   status is final, whatever later hooks did, and whatever client has its answer is counted, even where the process is
 *   killed right after writing it.
 * - The duration is observed when the response has ended: streams count to their last byte.
 * - The gauge goes down exactly once, whether the response ends, the client goes away, or the handler never answers.
 */
import type { FastifyReply } from 'fastify';
import type { Gauge } from '../metrics/gauge.js';
import type { ResponseSeries, RouteSeries } from './request-families.js';

/** The `status_code` of requests whose connection was closed before a response began; the convention of nginx. */
export const CLIENT_CLOSED_REQUEST = 499;

type Listener = () => void;

/**
 * Begins to observe a request.
 *
 * @param inFlight - Goes up now, and down when the response has ended.
 */
export function observeExchange(route: RouteSeries, inFlight: Gauge<[]>, reply: FastifyReply): void {
  const start = performance.now();
  const raw = reply.raw;
  const writeHead = raw.writeHead;
  let series: ResponseSeries | undefined;
  let ended = false;
  inFlight.inc();

  raw.writeHead = function observedWriteHead(this: typeof raw) {
    // biome-ignore lint/complexity/noArguments: overloads with optional arguments in the middle are passed on as they came
    const result = Reflect.apply(writeHead, this, arguments);
    if (series === undefined && !ended) {
      series = route.at(raw.statusCode);
      series.requests.inc();
    }
    return result;
  } as typeof raw.writeHead;

  const end = (): void => {
    if (ended) return;
    ended = true;
    inFlight.dec();
    if (series === undefined) {
      // A hijacked reply may have been answered where we cannot see it, such as a WebSocket.
      if (reply.sent) return;
      series = route.at(CLIENT_CLOSED_REQUEST);
      series.requests.inc();
    }
    series.duration.observe((performance.now() - start) / 1000);
  };
  raw.on('close', end);
  if (raw.socket === null) endWithSocket(reply, end);
}

/**
 * A pipelined request waits for its turn without a socket, and Node never tells its response when the connection is
 * closed meanwhile.
 */
function endWithSocket(reply: FastifyReply, end: Listener): void {
  const socket = reply.request.raw.socket;
  socket.once('close', end);
  reply.raw.once('close', () => socket.removeListener('close', end));
}
