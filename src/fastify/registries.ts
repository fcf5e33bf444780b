/**
 * Registries of other libraries that are appended to a scrape, such as those of prom-client: their own text where they
 * render the format of the scrape, else what they give as JSON.
 *
 * Invariant: none of them can fail a scrape or hold it up for longer than the time limit. One that throws, hangs or
 * cannot be in the format is left out, and the log says so. One that still hangs is not asked again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NegotiatedFormat, OfferedSyntax } from '../metrics/negotiation.js';
import type { FamilySnapshot } from '../store/types.js';
import { registryFamilies } from './registry-families.js';

/** Anything that renders Prometheus text 0.0.4 or OpenMetrics, such as a registry of prom-client. */
export interface PromRegistry {
  metrics(): Promise<string> | string;
  /** Tells which of the two; text where there is none. */
  readonly contentType?: string;
  /** The metrics as prom-client gives them: with it a registry is in scrapes of every format. */
  getMetricsAsJSON?(): Promise<readonly object[]> | readonly object[];
}

/** What a registry has for a scrape: text of the same syntax, or families. */
export interface RegistryContent {
  /** Which one it is, from 0 on. */
  readonly registry: number;
  readonly content: string | readonly FamilySnapshot[];
}

/** What decides how a registry is asked. */
export type WantedFormat = Pick<NegotiatedFormat, 'syntax' | 'escaping'>;

/** Where warnings go; a Fastify logger is one. */
export interface WarningLog {
  warn(details: object, message: string): void;
}

/** What is rendered of a store, beside its JSON. */
const RENDERED: readonly OfferedSyntax[] = ['text', 'openmetrics', 'protobuf'];

class RegistryReader {
  readonly #registry: PromRegistry;
  #busy = false;

  constructor(registry: PromRegistry) {
    this.#registry = registry;
  }

  /** Whether it can be in a scrape of this syntax. */
  isIn(syntax: OfferedSyntax): boolean {
    return this.#syntax === syntax || typeof this.#registry.getMetricsAsJSON === 'function';
  }

  get #syntax(): 'text' | 'openmetrics' {
    return this.#registry.contentType?.startsWith('application/openmetrics-text') === true ? 'openmetrics' : 'text';
  }

  async read(format: WantedFormat, limit: number): Promise<RegistryContent['content']> {
    if (this.#busy) throw new Error('it still works on an earlier scrape');
    if (!this.isIn(format.syntax)) {
      const own = this.#syntax === 'text' ? 'Prometheus text' : 'OpenMetrics';
      throw new Error(
        `it renders ${own}, which cannot be appended to a scrape in ${format.syntax}; change its content type, or give it getMetricsAsJSON()`,
      );
    }
    const timer = new AbortController();
    const timeout = sleep(limit, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`it did not answer within ${limit} ms`);
    });
    try {
      return await Promise.race([this.#content(format), timeout]);
    } finally {
      timer.abort();
      timeout.catch(() => {});
    }
  }

  async #content({ syntax, escaping }: WantedFormat): Promise<RegistryContent['content']> {
    const registry = this.#registry;
    // Its own text has the names as they are, which this scheme changes.
    const isText = this.#syntax === syntax && (escaping !== 'dots' || !this.isIn('json'));
    this.#busy = true;
    try {
      if (!isText) return registryFamilies(await registry.getMetricsAsJSON?.(), this.#syntax === 'openmetrics');
      const text: unknown = await registry.metrics();
      if (typeof text !== 'string') throw new Error('it rendered no string');
      return text;
    } finally {
      this.#busy = false;
    }
  }
}

/** The registries of one scrape endpoint. */
export class Registries {
  readonly #readers: readonly RegistryReader[];
  readonly #limit: number;

  /** @param limit - Milliseconds that one registry may take. */
  constructor(registries: readonly PromRegistry[], limit: number) {
    this.#readers = registries.map((registry) => new RegistryReader(registry));
    this.#limit = limit;
  }

  get count(): number {
    return this.#readers.length;
  }

  /** Those that all of them can be in; where there is none, text and JSON. */
  get syntaxes(): readonly OfferedSyntax[] {
    const common = RENDERED.filter((syntax) => this.#readers.every((reader) => reader.isIn(syntax)));
    return [...(common.length > 0 ? common : (['text'] as const)), 'json'];
  }

  /** What those have that can be in this format and answered in time. Never rejects. */
  async contents(format: WantedFormat, log: WarningLog): Promise<RegistryContent[]> {
    const results = await Promise.allSettled(this.#readers.map((reader) => reader.read(format, this.#limit)));
    return results.flatMap((result, registry) => {
      if (result.status === 'fulfilled') return { registry, content: result.value };
      log.warn({ err: result.reason, registry }, `registry ${registry} is missing from this scrape`);
      return [];
    });
  }
}
