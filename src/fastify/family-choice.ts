/**
 * Which families of registries are in a scrape: those that somebody asked for, and of which neither the store nor an
 * earlier registry has a name, be it of samples only. What is left out for another reason than that nobody asked is in
 * the log.
 */
import { plainName } from '../metrics/family-text.js';
import type { NegotiatedFormat } from '../metrics/negotiation.js';
import { hasPlainNames, namesInAnyFormat, openMetricsName, sampleNames } from '../metrics/sample-names.js';
import { STORE_METRICS_PREFIX } from '../metrics/store-metrics.js';
import type { FamilySnapshot, MetricType } from '../store/types.js';
import type { WarningLog } from './registries.js';
import { textFamilies } from './registry-text.js';

/** Whether one of the names that a scrape is limited to is one of these. */
function isAskedFor(names: Iterable<string>, asked: ReadonlySet<string>): boolean {
  return asked.size === 0 || [...names].some((name) => asked.has(name));
}

/** Those of the families that have one of the names that a scrape is limited to, in whichever format. */
export function wanted(families: readonly FamilySnapshot[], names: readonly string[]): FamilySnapshot[] {
  const asked = new Set(names);
  return families.filter((family) => isAskedFor(namesInAnyFormat(family), asked));
}

/** The choice of one scrape. Registries are to be asked about in their order. */
export class FamilyChoice {
  readonly #format: Pick<NegotiatedFormat, 'syntax' | 'escaping'>;
  readonly #asked: ReadonlySet<string>;
  readonly #log: WarningLog;
  readonly #taken: Set<string>;

  /**
   * @param asked - Only families with one of these names; all where it is empty.
   * @param taken - The names that families and samples of the store have in this format.
   */
  constructor(
    format: Pick<NegotiatedFormat, 'syntax' | 'escaping'>,
    asked: readonly string[],
    taken: Iterable<string>,
    log: WarningLog,
  ) {
    this.#format = format;
    this.#asked = new Set(asked);
    this.#taken = new Set(taken);
    this.#log = log;
  }

  /** What is kept of a registry's own text. */
  ofText(registry: number, text: string): Buffer {
    const kept = textFamilies(text).filter(({ name, type, names }) => {
      const all = [...names, ...namesInAnyFormat({ name, type: type as MetricType })];
      return isAskedFor(all, this.#asked) && !this.#isTaken(registry, name, names);
    });
    for (const { names } of kept) this.#take(names);
    return Buffer.from(kept.flatMap(({ lines }) => lines.map((line) => `${line}\n`)).join(''));
  }

  /** Which families of a registry are kept. */
  ofFamilies(registry: number, families: readonly FamilySnapshot[]): FamilySnapshot[] {
    return wanted(families, [...this.#asked]).filter((family) => {
      const { name } = family;
      const names = this.#namesOf(family);
      if (this.#isTaken(registry, name, names)) return false;
      if (!hasPlainNames(family)) {
        this.#log.warn({ registry, family: name }, `${name} of registry ${registry} is left out: a name is not plain`);
        return false;
      }
      this.#take(names);
      return true;
    });
  }

  /** They know no creation times. */
  #namesOf({ name, type }: FamilySnapshot): string[] {
    const { syntax, escaping } = this.#format;
    const family = { name: plainName(name, escaping), type };
    return [...sampleNames(family), ...(syntax === 'openmetrics' ? [openMetricsName(family)] : [])];
  }

  #take(names: Iterable<string>): void {
    for (const name of names) this.#taken.add(name);
  }

  #isTaken(registry: number, family: string, names: Iterable<string>): boolean {
    const own = plainName(STORE_METRICS_PREFIX, this.#format.escaping);
    const taken = [...names].find((name) => this.#taken.has(name) || name.startsWith(own));
    if (taken === undefined) return false;
    this.#log.warn(
      { registry, family },
      `${family} of registry ${registry} is left out: this scrape has ${taken} already`,
    );
    return true;
  }
}
