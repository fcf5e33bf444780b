/**
 * Registries of other libraries whose text is appended to a scrape, such as those of prom-client.
 *
 * Invariant: none of them can fail a scrape or hold it up for longer than the time limit. One that throws, hangs or
 * renders another format is left out, and the log says so. One that still hangs is not asked again.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** The formats that registries render. */
export type RegistrySyntax = 'text' | 'openmetrics';

/** Anything that renders Prometheus text 0.0.4 or OpenMetrics, such as a registry of prom-client. */
export interface PromRegistry {
  metrics(): Promise<string> | string;
  /** Tells which of the two; text where there is none. */
  readonly contentType?: string;
}

/** Where warnings go; a Fastify logger is one. */
export interface WarningLog {
  warn(details: object, message: string): void;
}

class RegistryReader {
  readonly #registry: PromRegistry;
  #busy = false;

  constructor(registry: PromRegistry) {
    this.#registry = registry;
  }

  get syntax(): RegistrySyntax {
    return this.#registry.contentType?.startsWith('application/openmetrics-text') === true ? 'openmetrics' : 'text';
  }

  async read(wanted: string, limit: number): Promise<string> {
    if (this.#busy) throw new Error('it still works on an earlier scrape');
    if (this.syntax !== wanted) {
      const own = this.syntax === 'text' ? 'Prometheus text' : 'OpenMetrics';
      throw new Error(`it renders ${own}, which cannot be appended to a scrape in ${wanted}; change its content type`);
    }
    const timer = new AbortController();
    const timeout = sleep(limit, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`it did not answer within ${limit} ms`);
    });
    try {
      return await Promise.race([this.#text(), timeout]);
    } finally {
      timer.abort();
      timeout.catch(() => {});
    }
  }

  async #text(): Promise<string> {
    this.#busy = true;
    try {
      return await this.#registry.metrics();
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

  /** The one format that all of them render; `undefined` where they differ, or where there are none. */
  get syntax(): RegistrySyntax | undefined {
    const syntaxes = new Set(this.#readers.map((reader) => reader.syntax));
    return syntaxes.size === 1 ? [...syntaxes][0] : undefined;
  }

  get isEmpty(): boolean {
    return this.#readers.length === 0;
  }

  /** The texts of all that render this syntax and answered in time. Never rejects. */
  async texts(syntax: string, log: WarningLog): Promise<string[]> {
    const results = await Promise.allSettled(this.#readers.map((reader) => reader.read(syntax, this.#limit)));
    const texts: string[] = [];
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected') {
        log.warn({ err: result.reason, registry: index }, `registry ${index} is missing from this scrape`);
      } else if (typeof result.value !== 'string') {
        log.warn({ registry: index }, `registry ${index} is missing from this scrape: it rendered no string`);
      } else {
        texts.push(result.value);
      }
    }
    return texts;
  }
}
