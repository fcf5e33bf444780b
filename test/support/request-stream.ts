/**
 * Load whose outcome is known request by request, for tests in which the server is hurt meanwhile: every request that
 * is sent is either acknowledged (its whole answer arrived) or not (whether the server did the work is unknown). No
 * request is ever sent twice.
 */
import { Agent, request } from 'node:http';

/** What became of the requests so far. */
export interface RequestCounts {
  acknowledged: number;
  unacknowledged: number;
  /** Answers with another status than 2xx. */
  refused: number;
}

export interface RequestStreamOptions {
  readonly url: string;
  readonly body: string;
  readonly connections: number;
}

type Outcome = keyof RequestCounts;

function send(agent: Agent, { url, body }: RequestStreamOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { agent, method: 'POST', headers, timeout: 3000 }, (answer) => {
      const status = answer.statusCode ?? 0;
      answer.resume();
      answer.once('end', () => resolve(status >= 200 && status < 300 ? 'acknowledged' : 'refused'));
      answer.once('error', () => resolve('unacknowledged'));
      answer.once('close', () => resolve('unacknowledged'));
    });
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve('unacknowledged'));
    outgoing.end(body);
  });
}

export class RequestStream {
  readonly counts: RequestCounts = { acknowledged: 0, unacknowledged: 0, refused: 0 };
  readonly #loops: Promise<void>[];
  readonly #agent: Agent;
  #stopping = false;

  /** Starts to send: one request after another on each of the connections. */
  constructor(options: RequestStreamOptions) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections });
    this.#loops = Array.from({ length: options.connections }, () => this.#loop(options));
  }

  async #loop(options: RequestStreamOptions): Promise<void> {
    while (!this.#stopping) {
      this.counts[await send(this.#agent, options)] += 1;
    }
  }

  /** Sends no more, waits for the outcome of every request that is under way, and gives the counts. */
  async stop(): Promise<RequestCounts> {
    this.#stopping = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
    return this.counts;
  }
}
