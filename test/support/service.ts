/**
 * The service as people run it: the command `percpu-metrics serve` in a process of its own, on a free port.
 */
import { get } from 'node:http';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { childrenOf } from './process-tree.js';
import { parseSamples, type Sample } from './sample.js';

/** The file of the command `percpu-metrics`. */
export const serveCommand = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** An answer and how long it took to arrive completely, in milliseconds. */
export interface TimedAnswer {
  readonly status: number;
  readonly body: string;
  readonly milliseconds: number;
}

/**
 * One GET on a connection of its own. Fails with a `code` where the connection is lost, or silent for too long: one
 * that the primary of a cluster hands to a worker which dies at that moment is never answered nor closed.
 */
export function getOnce(url: string, patience = 30_000): Promise<TimedAnswer> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const outgoing = get(url, { agent: false, timeout: patience }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          milliseconds: performance.now() - startedAt,
        }),
      );
    });
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })));
  });
}

export class Service {
  readonly child: Child;
  /** Without a slash at the end. */
  readonly url: string;

  private constructor(child: Child, url: string) {
    this.child = child;
    this.url = url;
  }

  /** Starts `percpu-metrics serve` with arguments, and waits until it listens. */
  static async start(t: TestContext, ...args: readonly string[]): Promise<Service> {
    const env = { PORT: '0', HOST: '127.0.0.1' };
    const child = await Child.start(t, [process.execPath, serveCommand, 'serve', ...args], { env });
    const [url] = await child.waitForOutput(/http:\/\/127\.0\.0\.1:\d+(?=[\s,])/);
    return new Service(child, url);
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return new URL(this.url).host;
  }

  async scrape(patience?: number): Promise<Sample[]> {
    const { status, body } = await getOnce(`${this.url}/metrics`, patience);
    if (status !== 200) {
      throw new Error(`a scrape was answered with ${status}: ${body}`);
    }
    return parseSamples(body);
  }

  /** The process ids of its workers. */
  workers(): number[] {
    return childrenOf(this.child.pid);
  }
}
