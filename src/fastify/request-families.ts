/**
 * The three families that the plugin keeps of an app's requests, and the series of one method, route and status.
 * Everything is declared when the plugin is registered; a series is bound by the first response that needs it, and
 * found by array index from then on.
 *
 * Invariant: no series, no failure. Where the store has no room for another series, the responses that would belong to
 * it stay uncounted, which is reported, and the next attempt waits a little.
 */
import type { FastifyRequest } from 'fastify';
import { Activity, Outcome } from '../metrics/activity.js';
import type { Counter } from '../metrics/counter.js';
import type { ExemplarLabels } from '../metrics/exemplar.js';
import type { Histogram } from '../metrics/histogram.js';
import type { Store } from '../metrics/store.js';

const RETRY_MILLISECONDS = 1000;
const labelNames = ['method', 'route', 'status_code'] as const;

/** The names of the labels of requests. */
export type RequestLabels = typeof labelNames;

/** The names of the families, with the prefix in front. */
export function requestFamilyNames(prefix = ''): { requests: string; duration: string; inFlight: string } {
  return {
    requests: `${prefix}http_requests_total`,
    duration: `${prefix}http_request_duration_seconds`,
    inFlight: `${prefix}http_requests_in_flight`,
  };
}

/** What the families are declared with, and where their troubles are reported. */
export interface RequestFamiliesOptions {
  readonly prefix?: string;
  readonly buckets?: readonly number[];
  /** Of each of the families with labels. */
  readonly maxSeries?: number;
  readonly exemplar?: (request: FastifyRequest) => ExemplarLabels | undefined;
  /** Gets the error where a series cannot be made. */
  readonly report: (error: unknown) => void;
  /** Gets the first error of `exemplar`. */
  readonly reportExemplar: (error: unknown) => void;
}

/** The families, declared. */
export class RequestFamilies {
  /** Requests from their beginning to the end of their response. */
  readonly activity: Activity;
  readonly #requests: Counter<RequestLabels>;
  readonly #duration: Histogram<RequestLabels>;
  readonly #options: RequestFamiliesOptions;
  #exemplarFailed = false;
  #retryAt = 0;

  /** @throws PercpuMetricsError where the names have another definition in the store, or it has no room for them */
  constructor(store: Store, options: RequestFamiliesOptions) {
    const names = requestFamilyNames(options.prefix);
    const { maxSeries } = options;
    const shared = { labelNames, maxSeries, exemplars: options.exemplar !== undefined };
    this.#options = options;
    this.#requests = store.counter({ name: names.requests, help: 'Requests answered.', ...shared });
    this.#duration = store.histogram({
      name: names.duration,
      help: 'Time from the request to the end of its response.',
      ...shared,
      ...(options.buckets === undefined ? {} : { buckets: options.buckets }),
    });
    // The gauge's cell is made now: a store without room is an error here, and not a warning at the first request.
    // Each process has its own, which vanishes with it: nobody ends the requests of one that was killed.
    const inFlight = {
      name: names.inFlight,
      help: 'Requests whose response has not ended.',
      aggregation: 'sum',
    } as const;
    this.activity = new Activity(store.gauge(inFlight).labels());
  }

  /** Binds what responses of this kind count into, if there is room for it. Never throws. */
  bind(method: string, route: string, status: number): Outcome | undefined {
    if (performance.now() < this.#retryAt) return undefined;
    try {
      // The histogram first: it needs most cells, and half a pair would be counted half.
      const duration = this.#duration.labels(method, route, status);
      return Outcome.of(this.#requests.labels(method, route, status), duration);
    } catch (error) {
      this.#retryAt = performance.now() + RETRY_MILLISECONDS;
      this.#options.report(error);
      return undefined;
    }
  }

  /** The labels of the exemplar of a request, if there is one. Never throws. */
  exemplar(request: FastifyRequest): ExemplarLabels | undefined {
    try {
      return this.#options.exemplar?.(request);
    } catch (error) {
      if (!this.#exemplarFailed) this.#options.reportExemplar(error);
      this.#exemplarFailed = true;
      return undefined;
    }
  }
}

/** The series of one method and route, by status. */
export class RouteSeries {
  readonly #byStatus: Outcome[] = [];
  readonly #families: RequestFamilies;
  readonly #method: string;
  readonly #route: string;

  constructor(families: RequestFamilies, method: string, route: string) {
    this.#families = families;
    this.#method = method;
    this.#route = route;
  }

  /** What a response with this status counts into; something that counts nothing where there is no room. */
  at(status: number): Outcome {
    return this.#byStatus[status] ?? this.#bind(status);
  }

  /** The labels of the exemplar of a request, if there is one. Never throws. */
  exemplar(request: FastifyRequest): ExemplarLabels | undefined {
    return this.#families.exemplar(request);
  }

  #bind(status: number): Outcome {
    const outcome = this.#families.bind(this.#method, this.#route, status);
    if (outcome === undefined) return Outcome.none;
    this.#byStatus[status] = outcome;
    return outcome;
  }
}
