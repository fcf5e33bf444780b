/**
 * A real Prometheus with the configuration that this project hands out, its targets and its interval replaced by those
 * of a test.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { temporaryDirectory } from './temporary-directory.js';

const configuration = fileURLToPath(new URL('../../../deploy/prometheus/prometheus.yml', import.meta.url));
const patience = 20_000;

/** Addresses (`host:port`) of the two targets. */
export interface Targets {
  readonly service: string;
  readonly sidecar: string;
}

interface QueryAnswer {
  readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
}

/** Prometheus takes no port 0, so one is asked for and given back. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) {
    throw new Error(`${configuration} should have "${from}" exactly once`);
  }
  return text.replace(from, to);
}

export class PrometheusServer {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Starts it and waits until it answers queries. */
  static async start(t: TestContext, targets: Targets): Promise<PrometheusServer> {
    const directory = temporaryDirectory(t);
    const file = join(directory, 'prometheus.yml');
    let text = readFileSync(configuration, 'utf8');
    text = replaceOnce(text, '127.0.0.1:9464', targets.service);
    text = replaceOnce(text, '127.0.0.1:9465', targets.sidecar);
    text = replaceOnce(text, 'scrape_interval: 15s', 'scrape_interval: 250ms');
    writeFileSync(file, replaceOnce(text, 'scrape_timeout: 5s', 'scrape_timeout: 250ms'));
    const address = `127.0.0.1:${await freePort()}`;
    const child = await Child.start(t, [
      'prometheus',
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${address}`,
    ]);
    await child.waitForOutput(/Server is ready to receive web requests/);
    return new PrometheusServer(`http://${address}`);
  }

  /** The value of an expression by job. */
  async query(expression: string): Promise<Record<string, number>> {
    const answer = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    if (!answer.ok) {
      throw new Error(`Prometheus answered ${expression} with ${answer.status}: ${await answer.text()}`);
    }
    const { data } = (await answer.json()) as QueryAnswer;
    return Object.fromEntries(data.result.map(({ metric, value }) => [metric['job'] ?? '', Number(value[1])]));
  }

  /** Waits until every target was scraped successfully by a scrape that began after a Unix time in milliseconds. */
  async waitForScrapesAfter(time: number): Promise<void> {
    const end = performance.now() + patience;
    for (;;) {
      const scrapedAt = Object.values(await this.query('timestamp(up == 1)'));
      if (scrapedAt.length === 2 && scrapedAt.every((seconds) => seconds * 1000 > time)) {
        return;
      }
      if (performance.now() > end) {
        throw new Error(`no successful scrape of both targets within ${patience} ms: ${scrapedAt}`);
      }
      await sleep(100);
    }
  }
}
