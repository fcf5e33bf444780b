/**
 * Registries of other libraries whose text is appended to a scrape, such as those of prom-client.
 *
 * Invariant: none of them can fail a scrape or hold it up for longer than the time limit. One that throws, hangs or
 * renders another format is left out, and the log says so. One that still hangs is not asked again.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Anything that renders Prometheus text 0.0.4: a registry of prom-client or of a library with the same shape. */
export interface PromRegistry {
  metrics(): Promise<string> | string;
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

  async read(limit: number): Promise<string> {
    if (this.#busy) throw new Error('it still works on an earlier scrape');
    const { contentType } = this.#registry;
    if (contentType?.startsWith('application/openmetrics-text')) {
      throw new Error('it renders OpenMetrics, which cannot be appended to text 0.0.4; set its content type back');
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

  /** The texts of all that answered in time, each ending in a newline. Never rejects. */
  async texts(log: WarningLog): Promise<string[]> {
    const results = await Promise.allSettled(this.#readers.map((reader) => reader.read(this.#limit)));
    const texts: string[] = [];
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected') {
        log.warn({ err: result.reason, registry: index }, `registry ${index} is missing from this scrape`);
      } else if (typeof result.value !== 'string') {
        log.warn({ registry: index }, `registry ${index} is missing from this scrape: it rendered no string`);
      } else if (result.value !== '') {
        texts.push(result.value.endsWith('\n') ? result.value : `${result.value}\n`);
      }
    }
    return texts;
  }
}
