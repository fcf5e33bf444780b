/**
 * One round of load: a fixed number of requests, fired with autocannon at one service. The number is fixed instead of
 * the duration so that every request that is sent is also answered, without which counters could not be held against
 * anything. For the same reason requests are not pipelined: autocannon drops a connection at its last answer, with
 * requests behind it that the service still counts.
 */
import autocannon from 'autocannon';
import { quantile } from './statistics.js';

/** The request that a scenario repeats. */
export interface LoadRequest {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** How one round is fired. */
export interface Round {
  /** Origin of the service, such as `http://127.0.0.1:9464`. */
  origin: string;
  request: LoadRequest;
  connections: number;
  /** Requests to be answered. */
  amount: number;
  /** Seconds after which a request is given up. */
  patience?: number;
  /** Milliseconds after the last answer within which the round is known to have ended. */
  sampling?: number;
  signal: AbortSignal;
}

/** What came out of one round. */
export interface Fired {
  answered: number;
  /** Answers other than 2xx. */
  refused: number;
  /** Requests without an answer, connections that broke included. */
  failed: number;
  /** From the first connection to the last answer. */
  seconds: number;
  requestsPerSecond: number;
  /** Latencies in milliseconds. */
  p50: number;
  p99: number;
  /** `undefined` of fewer than {@link LEAST_FOR_P999} requests: it would be about the slowest of them. */
  p999: number | undefined;
}

/** Requests that have two slower ones than the 99.9th percentile. */
export const LEAST_FOR_P999 = 2_000;
/** What a scenario notes of turns that have fewer. */
export const P999_IS_LEFT_OUT = `p99.9 is left out of turns with fewer than ${LEAST_FOR_P999.toLocaleString('en-US')} requests.`;

/** How often autocannon looks whether it is done, unless told; its own figures, which depend on it, are not used. */
const SAMPLE_MILLISECONDS = 20;

/** Longer than any answer takes that is still to come. */
const PATIENCE = 10;

/** @throws Error when nothing was answered, or the signal's reason */
export async function fire({
  origin,
  request,
  connections,
  amount,
  patience = PATIENCE,
  sampling = SAMPLE_MILLISECONDS,
  signal,
}: Round): Promise<Fired> {
  signal.throwIfAborted();
  const { path, ...shape } = request;
  const latencies = new Float64Array(amount);
  let answered = 0;
  let lastAnswer = 0;
  const started = performance.now();
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options = {
      ...{ ...shape, url: origin + path, connections, amount, timeout: patience },
      sampleInt: sampling,
    };
    const instance = autocannon(options, (error, outcome) => {
      signal.removeEventListener('abort', instance.stop);
      if (error) reject(error);
      else resolve(outcome);
    });
    signal.addEventListener('abort', instance.stop, { once: true });
    instance.on('response', (_client, _status, _bytes, milliseconds) => {
      latencies[answered] = milliseconds;
      answered += 1;
      lastAnswer = performance.now();
    });
  });
  signal.throwIfAborted();
  if (answered === 0) throw new Error(`${origin} answered none of ${amount} requests (${result.errors} errors).`);
  const seconds = (lastAnswer - started) / 1000;
  const sorted = latencies.subarray(0, answered).sort();
  return {
    answered,
    refused: result.non2xx,
    failed: result.errors + (amount - answered),
    seconds,
    requestsPerSecond: answered / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: answered < LEAST_FOR_P999 ? undefined : quantile(sorted, 0.999),
  };
}
