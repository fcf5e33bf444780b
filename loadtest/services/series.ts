/**
 * Many series of counters or histograms in one of the libraries, each with a value, and the scrape of all of them as the
 * library's users serve it.
 */
import type { FastifyInstance } from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
import * as promClient from 'prom-client';
import { addon } from '#src/binding.js';
import { SUCCESSOR, successorClient } from '../successor.js';

/** The libraries that are compared everywhere. */
export const LIBRARIES = ['percpu-metrics', 'prom-client'] as const;

/** A library that has series. */
export type Library = (typeof LIBRARIES)[number] | typeof SUCCESSOR;

/** The library that an argument names, if it is one. */
export function libraryOf(name: string | undefined): Library | undefined {
  return [...LIBRARIES, SUCCESSOR].find((one): one is Library => one === name);
}

/** Names of the families. */
export const COUNTER = 'loadtest_items_total';
export const HISTOGRAM = 'loadtest_item_seconds';

/** What is made. */
export interface SeriesPlan {
  counters: number;
  histograms: number;
  /** For a store of ours. */
  storePath: string;
  /** Of a store of ours; as many as there are CPUs where it is not given. */
  lanes?: number | undefined;
}

/** A process's series. */
export interface SeriesOfLibrary {
  /** Adds 1 to each counter, and an observation to each histogram. */
  touch(): void;
  /** The same to the next one only, in turns. */
  touchOne(): void;
  /** Serves the text of all at `GET /metrics`. */
  serve(app: FastifyInstance): Promise<void>;
  /** Makes the text of all and throws it away. */
  render(): Promise<void>;
  /** The registry, where there is one. */
  registry: promClient.Registry | undefined;
}

const help = 'Items of the load test.';
const labelNames = ['shop', 'kind'] as const;
const labelsOf = (index: number): [string, string] => [`shop-${index % 100}`, `kind-${index}`];
/** Cells that a histogram with the default buckets takes, and some for the catalog's own granules. */
const CELLS_OF_HISTOGRAM = 16;
const SPARE_CELLS = 1024;
const OBSERVED = 0.042;

/** Whatever the library: its counters and histograms, one after the other. */
function touching(
  counting: readonly { inc(): void }[],
  observing: readonly { observe(value: number): void }[],
): Pick<SeriesOfLibrary, 'touch' | 'touchOne'> {
  let next = 0;
  const touchAt = (index: number): void => {
    if (index < counting.length) counting[index]?.inc();
    else observing[index - counting.length]?.observe(OBSERVED);
  };
  const all = counting.length + observing.length;
  return {
    touch() {
      for (let index = 0; index < all; index += 1) touchAt(index);
    },
    touchOne() {
      touchAt(next);
      next = next + 1 < all ? next + 1 : 0;
    },
  };
}

/** Makes the series. */
export async function makeSeries(library: Library, plan: SeriesPlan): Promise<SeriesOfLibrary> {
  if (library === 'percpu-metrics') return ofStore(plan);
  return ofClient(
    library === SUCCESSOR ? ((await successorClient()) as unknown as typeof promClient) : promClient,
    plan,
  );
}

function ofStore({ counters, histograms, storePath, lanes }: SeriesPlan): SeriesOfLibrary {
  const capacity = counters + histograms * CELLS_OF_HISTOGRAM + SPARE_CELLS;
  // A number of lanes is for experiments only, and no option of openStore().
  const maker = lanes === undefined ? undefined : addon.open({ path: storePath, capacity, lanes });
  const store = openStore({ path: storePath, capacity });
  maker?.close();
  const counter = store.counter({ name: COUNTER, help, labelNames });
  const histogram = store.histogram({ name: HISTOGRAM, help, labelNames });
  const counting = Array.from({ length: counters }, (_, index) => counter.labels(...labelsOf(index)));
  const observing = Array.from({ length: histograms }, (_, index) => histogram.labels(...labelsOf(index)));
  return {
    ...touching(counting, observing),
    async serve(app) {
      await app.register(percpuMetrics, { store });
    },
    async render() {
      (await store.renderTransient()).release();
    },
    registry: undefined,
  };
}

function ofClient(client: typeof promClient, { counters, histograms }: SeriesPlan): SeriesOfLibrary {
  // The registry that a cluster's primary asks its workers for.
  const registry = client.register;
  const counter = new client.Counter({ name: COUNTER, help, labelNames });
  const histogram = new client.Histogram({ name: HISTOGRAM, help, labelNames });
  const counting = Array.from({ length: counters }, (_, index) => counter.labels(...labelsOf(index)));
  const observing = Array.from({ length: histograms }, (_, index) => histogram.labels(...labelsOf(index)));
  return {
    ...touching(counting, observing),
    async serve(app) {
      app.get('/metrics', async (_request, reply) =>
        reply.header('content-type', registry.contentType).send(await registry.metrics()),
      );
    },
    async render() {
      await registry.metrics();
    },
    registry,
  };
}
