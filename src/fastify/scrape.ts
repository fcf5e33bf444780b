/**
 * The body of a scrape: the store as bytes that were rendered off the event loop, the metrics of the store itself, and
 * behind them the texts of the registries that were handed in.
 *
 * Invariant: a store that was truncated is something to scrape, not a scrape that fails, if its own metrics are wanted:
 * an alert needs a sample.
 */
import { PercpuMetricsError } from '../errors.js';
import { familyText } from '../metrics/family-text.js';
import type { Store } from '../metrics/store.js';
import { brokenStoreMetrics, storeMetrics } from '../metrics/store-metrics.js';
import type { Registries, WarningLog } from './registries.js';

/** What a scrape is made of. */
export interface ScrapeSource {
  /** Gives the store, or throws the reason why there is none. */
  readonly store: () => Store;
  readonly registries: Registries;
  /** Whether the metrics of the store itself are wanted. */
  readonly storeMetrics: boolean;
}

async function renderWhole(store: Store, withMetrics: boolean): Promise<Buffer> {
  const startedAt = performance.now();
  const own = await store.render();
  if (!withMetrics) return own;
  const cost = { seconds: (performance.now() - startedAt) / 1000, bytes: own.length };
  return Buffer.concat([own, Buffer.from(familyText(await storeMetrics(store, cost)))]);
}

async function renderOwn({ store, storeMetrics: withMetrics }: ScrapeSource): Promise<Buffer> {
  try {
    return await renderWhole(store(), withMetrics);
  } catch (error) {
    if (!withMetrics || !(error instanceof PercpuMetricsError) || error.code !== 'ERR_PCM_BROKEN') throw error;
    return Buffer.from(familyText(brokenStoreMetrics()));
  }
}

/**
 * Renders a scrape in Prometheus text 0.0.4.
 *
 * @throws PercpuMetricsError where the store cannot be read; registries only leave a warning
 */
export async function renderScrape(source: ScrapeSource, log: WarningLog): Promise<Buffer> {
  const [own, texts] = await Promise.all([renderOwn(source), source.registries.texts(log)]);
  return texts.length === 0 ? own : Buffer.concat([own, Buffer.from(`\n${texts.join('\n')}`)]);
}
