/**
 * `percpu-metrics/opentelemetry`: the store as a source of OpenTelemetry's metric readers, so that any of its exporters
 * can export what all processes have counted. Needs `@opentelemetry/sdk-metrics`.
 *
 * Invariant: `collect` never rejects; what keeps it from reading the store is among the errors of its result.
 */
import type {
  CollectionResult,
  MetricCollectOptions,
  MetricProducer,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { display, PercpuMetricsError } from '../errors.js';
import { Store } from '../metrics/store.js';
import { metricData } from './metric-data.js';

type Resource = ResourceMetrics['resource'];

/** The name of the instrumentation scope of all metrics. */
const SCOPE = { name: 'percpu-metrics' };

/** A reader puts the resource of its own SDK in the place of this one. */
const NO_RESOURCE: Resource = {
  attributes: {},
  merge: (other) => other ?? NO_RESOURCE,
  getRawAttributes: () => [],
};

/**
 * Gives the families of a store to a reader: `new PeriodicExportingMetricReader({ exporter, metricProducers: [producer] })`.
 * Each process sees the whole store, so let one process export it.
 */
export class StoreMetricProducer implements MetricProducer {
  readonly #store: Store;

  /**
   * @param store - Stays the caller's, to close as well.
   * @throws PercpuMetricsError `ERR_PCM_OPTION`
   */
  constructor(store: Store) {
    if (!(store instanceof Store)) {
      throw new PercpuMetricsError(
        'ERR_PCM_OPTION',
        `a StoreMetricProducer is made with a store that openStore() gave, not ${display(store)}`,
        { details: { value: store } },
      );
    }
    this.#store = store;
  }

  /** Runs the `collect` callbacks of the store, as a scrape does, and reads it. Families without series are left out. */
  async collect({ timeoutMillis }: MetricCollectOptions = {}): Promise<CollectionResult> {
    const errors: unknown[] = [];
    if (!(await this.#collectWithin(timeoutMillis))) {
      errors.push(
        new Error(`collect callbacks of the store took longer than ${timeoutMillis} ms; it was read without`),
      );
    }
    try {
      const families = this.#store.snapshot({ createdAt: true }).filter(({ series }) => series.length > 0);
      const now = Date.now();
      const metrics = families.flatMap((family) => metricData(family, now));
      return { resourceMetrics: { resource: NO_RESOURCE, scopeMetrics: [{ scope: SCOPE, metrics }] }, errors };
    } catch (error) {
      return { resourceMetrics: { resource: NO_RESOURCE, scopeMetrics: [] }, errors: [...errors, error] };
    }
  }

  /** Whether the callbacks ended in time. Each has a limit of its own as well. */
  async #collectWithin(timeout: number | undefined): Promise<boolean> {
    const done = this.#store.collect().then(() => true);
    if (timeout === undefined) return done;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeout);
    });
    const isInTime = await Promise.race([done, late]);
    clearTimeout(timer);
    return isInTime;
  }
}
