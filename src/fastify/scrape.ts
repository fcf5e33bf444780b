/**
 * The body of a scrape: the store as bytes that were rendered off the event loop, the metrics of the store itself, and
 * behind them the texts of the registries that were handed in. A body is a list of pieces, so that nothing large is
 * copied to put it together.
 *
 * Invariants: a store that was truncated is something to scrape, not a scrape that fails, if its own metrics are
 * wanted: an alert needs a sample. No family is there twice.
 */
import { PercpuMetricsError } from '../errors.js';
import { familyJson } from '../metrics/family-json.js';
import { familyMessages } from '../metrics/family-protobuf.js';
import { familyText } from '../metrics/family-text.js';
import type { NegotiatedFormat } from '../metrics/negotiation.js';
import type { Store } from '../metrics/store.js';
import { brokenStoreMetrics, STORE_METRICS_PREFIX, storeMetrics } from '../metrics/store-metrics.js';
import type { ExpositionFormat, FamilySnapshot } from '../store/types.js';
import type { Registries, WarningLog } from './registries.js';
import { isWanted, keepFamilies } from './registry-text.js';
import { ScrapeBody } from './scrape-body.js';

/** What a scrape is made of. */
export interface ScrapeSource {
  /** Gives the store, or throws the reason why there is none. */
  readonly store: () => Store;
  readonly registries: Registries;
  /** Whether the metrics of the store itself are wanted. */
  readonly storeMetrics: boolean;
}

/** What a scraper asks for. */
export interface ScrapeRequest {
  readonly format: NegotiatedFormat;
  /** Only these families; all where it is empty. */
  readonly names: readonly string[];
}

const OPEN_METRICS_END = Buffer.from('# EOF\n');

function encodeFamilies(families: readonly FamilySnapshot[], format: ExpositionFormat): Buffer {
  if (format.syntax === 'protobuf') return familyMessages(families, format.escaping);
  return families.length === 0 ? Buffer.alloc(0) : Buffer.from(familyText(families, format));
}

function wanted(families: readonly FamilySnapshot[], names: readonly string[]): FamilySnapshot[] {
  return families.filter(({ name }) => isWanted(name, names));
}

/** The store and its own metrics; of OpenMetrics without the end. */
async function ownBody(source: ScrapeSource, format: ExpositionFormat, names: readonly string[]): Promise<ScrapeBody> {
  try {
    const store = source.store();
    const startedAt = performance.now();
    const { bytes, release } = await store.renderTransient({ ...format, names });
    const content = format.syntax === 'openmetrics' ? bytes.subarray(0, -OPEN_METRICS_END.length) : bytes;
    if (!source.storeMetrics) return new ScrapeBody([content], release);
    const cost = { seconds: (performance.now() - startedAt) / 1000, bytes: bytes.length };
    return new ScrapeBody([content, encodeFamilies(wanted(await storeMetrics(store, cost), names), format)], release);
  } catch (error) {
    if (!source.storeMetrics || !(error instanceof PercpuMetricsError) || error.code !== 'ERR_PCM_BROKEN') throw error;
    return new ScrapeBody([encodeFamilies(wanted(brokenStoreMetrics(), names), format)]);
  }
}

/** Whether a scrape of the store has a family that goes by this name in a registry's text. */
function isInStore(store: Store, family: string): boolean {
  return family.startsWith(STORE_METRICS_PREFIX) || ['', '_total', '_info'].some((end) => store.find(family + end));
}

/** The families of registries that neither the store nor an earlier registry has. */
function registryPieces(source: ScrapeSource, texts: readonly string[], names: readonly string[], log: WarningLog) {
  const taken = new Set<string>();
  return texts.map((text, registry) => {
    const own = new Set<string>();
    const kept = keepFamilies(text, (family) => {
      if (!isWanted(family, names)) return false;
      if (family !== '' && (taken.has(family) || isInStore(source.store(), family))) {
        log.warn({ registry, family }, `${family} of registry ${registry} is left out: this scrape has it already`);
        return false;
      }
      own.add(family);
      return true;
    });
    for (const family of own) if (family !== '') taken.add(family);
    return Buffer.from(kept);
  });
}

async function renderJson(source: ScrapeSource, names: readonly string[]): Promise<ScrapeBody> {
  const store = source.store();
  const startedAt = performance.now();
  await store.collect();
  const families = store.snapshot();
  const cost = { seconds: (performance.now() - startedAt) / 1000, bytes: 0 };
  const own = source.storeMetrics ? await storeMetrics(store, cost) : [];
  return new ScrapeBody([
    Buffer.from(JSON.stringify({ families: wanted([...families, ...own], names).map(familyJson) })),
  ]);
}

/**
 * Renders a scrape. Registries only leave a warning where they cannot be in it.
 *
 * @throws PercpuMetricsError where the store cannot be read
 */
export async function renderScrape(
  source: ScrapeSource,
  { format, names }: ScrapeRequest,
  log: WarningLog,
): Promise<ScrapeBody> {
  const { syntax, escaping } = format;
  if (syntax === 'json') return renderJson(source, names);
  const [own, texts] = await Promise.all([
    ownBody(source, { syntax, escaping }, names),
    source.registries.texts(syntax, log),
  ]);
  const end = syntax === 'openmetrics' ? [OPEN_METRICS_END] : [];
  return own.with([...registryPieces(source, texts, names, log), ...end]);
}
