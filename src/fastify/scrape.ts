/**
 * The body of a scrape: the store as bytes that were rendered off the event loop, the metrics of the store itself, and
 * behind them what the registries have that were handed in. A body is a list of pieces, so that nothing large is
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
import { brokenStoreMetrics, storeMetrics } from '../metrics/store-metrics.js';
import type { ExpositionFormat, FamilySnapshot } from '../store/types.js';
import { FamilyChoice } from './family-choice.js';
import type { Registries, RegistryContent, WarningLog } from './registries.js';
import { isWanted } from './registry-text.js';
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

/** The bytes of registries behind those of the store. */
function registryPieces(
  source: ScrapeSource,
  contents: readonly RegistryContent[],
  { format, names }: { readonly format: ExpositionFormat; readonly names: readonly string[] },
  log: WarningLog,
): Buffer[] {
  if (contents.length === 0) return [];
  const choice = new FamilyChoice(source.store(), names, log);
  return contents.map(({ registry, content }) =>
    typeof content === 'string'
      ? choice.ofText(registry, content)
      : encodeFamilies(choice.ofFamilies(registry, content, format.syntax), format),
  );
}

/** Everything as objects. Registries give no text in this format. */
async function renderJson(
  source: ScrapeSource,
  { format, names }: ScrapeRequest,
  log: WarningLog,
): Promise<ScrapeBody> {
  const store = source.store();
  const contents = source.registries.contents(format, log);
  const startedAt = performance.now();
  await store.collect();
  const families = store.snapshot({ createdAt: true, exemplars: true });
  const cost = { seconds: (performance.now() - startedAt) / 1000, bytes: 0 };
  const own = source.storeMetrics ? await storeMetrics(store, cost) : [];
  const choice = new FamilyChoice(store, names, log);
  const theirs = (await contents).flatMap(({ registry, content }) =>
    typeof content === 'string' ? [] : choice.ofFamilies(registry, content, 'json'),
  );
  const all = [...wanted([...families, ...own], names), ...theirs];
  return new ScrapeBody([Buffer.from(JSON.stringify({ families: all.map(familyJson) }))]);
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
  if (syntax === 'json') return renderJson(source, { format, names }, log);
  const [own, contents] = await Promise.all([
    ownBody(source, { syntax, escaping }, names),
    source.registries.contents(format, log),
  ]);
  const end = syntax === 'openmetrics' ? [OPEN_METRICS_END] : [];
  return own.with([...registryPieces(source, contents, { format: { syntax, escaping }, names }, log), ...end]);
}
