/**
 * Scrapes a service the way Prometheus does, on a connection that stays open, and times it from the request to the
 * last byte. What comes is counted and kept, not parsed: parsing is the work of the one who scrapes.
 */
import { Agent, get } from 'node:http';

/** One scrape. */
export interface Scrape {
  milliseconds: number;
  bytes: number;
  text(): string;
}

/** Scrapes one service. */
export class Scraper {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(origin: string) {
    this.#url = `${origin}/metrics`;
  }

  /** @throws Error where the answer is no 200 */
  async scrape(): Promise<Scrape> {
    const started = performance.now();
    return await new Promise((resolve, reject) => {
      get(this.#url, { agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const milliseconds = performance.now() - started;
          if (response.statusCode !== 200) reject(new Error(`${this.#url} answered ${response.statusCode}.`));
          const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
          resolve({ milliseconds, bytes, text: () => Buffer.concat(chunks).toString('utf8') });
        });
      }).once('error', reject);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
