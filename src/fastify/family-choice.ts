/**
 * Which families of registries are in a scrape: those that somebody asked for, and that neither the store nor an earlier
 * registry has. What is left out for another reason than that nobody asked is in the log.
 */
import { openMetricsName } from '../metrics/family-text.js';
import type { OfferedSyntax } from '../metrics/negotiation.js';
import type { Store } from '../metrics/store.js';
import { STORE_METRICS_PREFIX } from '../metrics/store-metrics.js';
import type { FamilySnapshot } from '../store/types.js';
import type { WarningLog } from './registries.js';
import { hasPlainNames } from './registry-families.js';
import { isWanted, keepFamilies } from './registry-text.js';

/** Whether a scrape of the store has a family that goes by this name in a registry's text. */
function isInStore(store: Store, family: string): boolean {
  return family.startsWith(STORE_METRICS_PREFIX) || ['', '_total', '_info'].some((end) => store.find(family + end));
}

/** The choice of one scrape. Registries are to be asked about in their order. */
export class FamilyChoice {
  readonly #store: Store;
  readonly #names: readonly string[];
  readonly #log: WarningLog;
  readonly #taken = new Set<string>();

  constructor(store: Store, names: readonly string[], log: WarningLog) {
    this.#store = store;
    this.#names = names;
    this.#log = log;
  }

  /** What is kept of a registry's own text. */
  ofText(registry: number, text: string): Buffer {
    const own = new Set<string>();
    const kept = keepFamilies(text, (family) => {
      const isKept = own.has(family) || this.#keeps(registry, family);
      if (isKept) own.add(family);
      return isKept;
    });
    for (const family of own) if (family !== '') this.#taken.add(family);
    return Buffer.from(kept);
  }

  /** Which families of a registry are kept. */
  ofFamilies(registry: number, families: readonly FamilySnapshot[], syntax: OfferedSyntax): FamilySnapshot[] {
    return families.filter((family) => {
      const name = syntax === 'openmetrics' ? openMetricsName(family) : family.name;
      if (!this.#keeps(registry, name)) return false;
      if (!hasPlainNames(family)) {
        this.#log.warn({ registry, family: name }, `${name} of registry ${registry} is left out: a name is not plain`);
        return false;
      }
      this.#taken.add(name);
      return true;
    });
  }

  #keeps(registry: number, family: string): boolean {
    if (!isWanted(family, this.#names)) return false;
    if (family === '' || !(this.#taken.has(family) || isInStore(this.#store, family))) return true;
    this.#log.warn({ registry, family }, `${family} of registry ${registry} is left out: this scrape has it already`);
    return false;
  }
}
