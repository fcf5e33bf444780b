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
import { sampleNames } from '../metrics/sample-names.js';
import type { Store } from '../metrics/store.js';
import { brokenStoreMetrics, storeMetrics } from '../metrics/store-metrics.js';
import type { ExpositionFormat, FamilySnapshot } from '../store/types.js';
import { FamilyChoice, wanted } from './family-choice.js';
import type { Registries, RegistryContent, WarningLog } from './registries.js';
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

/** The store and its own metrics; of OpenMetrics without the end. */
interface OwnPart {
  readonly body: ScrapeBody;
  /** The names of families and samples that the store has, whether they are wanted or not; none if no registry follows. */
  readonly taken: readonly string[];
}

function takenNames(source: ScrapeSource, store: Store, format: ExpositionFormat): string[] {
  return source.registries.count === 0 ? [] : store.exposedNames(format).flatMap(({ inScrape }) => inScrape);
}

async function ownPart(source: ScrapeSource, format: ExpositionFormat, names: readonly string[]): Promise<OwnPart> {
  try {
    const store = source.store();
    const startedAt = performance.now();
    const { bytes, release } = await store.renderTransient({ ...format, names });
    const content = format.syntax === 'openmetrics' ? bytes.subarray(0, -OPEN_METRICS_END.length) : bytes;
    const cost = { seconds: (performance.now() - startedAt) / 1000, bytes: bytes.length };
    const taken = takenNames(source, store, format);
    if (!source.storeMetrics) return { body: new ScrapeBody([content], release), taken };
    const about = encodeFamilies(wanted(await storeMetrics(store, cost), names), format);
    return { body: new ScrapeBody([content, about], release), taken };
  } catch (error) {
    if (!source.storeMetrics || !(error instanceof PercpuMetricsError) || error.code !== 'ERR_PCM_BROKEN') throw error;
    return { body: new ScrapeBody([encodeFamilies(wanted(brokenStoreMetrics(), names), format)]), taken: [] };
  }
}

/** The bytes of registries behind those of the store. */
function registryPieces(
  contents: readonly RegistryContent[],
  choice: FamilyChoice,
  format: ExpositionFormat,
): Buffer[] {
  return contents.map(({ registry, content }) =>
    typeof content === 'string'
      ? choice.ofText(registry, content)
      : encodeFamilies(choice.ofFamilies(registry, content), format),
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
  const choice = new FamilyChoice(format, names, families.flatMap(sampleNames), log);
  const theirs = (await contents).flatMap(({ registry, content }) =>
    typeof content === 'string' ? [] : choice.ofFamilies(registry, content),
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
    ownPart(source, { syntax, escaping }, names),
    source.registries.contents(format, log),
  ]);
  const choice = new FamilyChoice(format, names, own.taken, log);
  const end = syntax === 'openmetrics' ? [OPEN_METRICS_END] : [];
  return own.body.with([...registryPieces(contents, choice, { syntax, escaping }), ...end]);
}
