/**
 * The body of a scrape: the store as bytes that were rendered off the event loop, and behind it the texts of the
 * registries that were handed in.
 */
import type { Store } from '../metrics/store.js';
import type { Registries, WarningLog } from './registries.js';

/**
 * Renders a scrape in Prometheus text 0.0.4.
 *
 * @throws PercpuMetricsError where the store cannot be read; registries only leave a warning
 */
export async function renderScrape(store: Store, registries: Registries, log: WarningLog): Promise<Buffer> {
  const [own, texts] = await Promise.all([store.render(), registries.texts(log)]);
  return texts.length === 0 ? own : Buffer.concat([own, Buffer.from(`\n${texts.join('\n')}`)]);
}
