/**
 * Scrapes a service on a connection that stays open, and times it from the request to the last byte. What comes is read
 * into the same memory again and again, and neither parsed nor kept: a scrape is to cost what the service makes it
 * cost, and parsing is the work of the one who scrapes.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One scrape. */
export interface Scrape {
  milliseconds: number;
  /** Of the body. */
  bytes: number;
  /** The body, where it was to be kept. */
  text: string;
}

const READ_BYTES = 1024 * 1024;
const HEAD_END = '\r\n\r\n';

/** An answer that is being received. */
class Answer {
  readonly #kept: Buffer[] | undefined;
  #head = '';
  /** Of the body; NaN where the head does not tell. */
  length: number | undefined;
  #received = 0;

  constructor(keep: boolean) {
    this.#kept = keep ? [] : undefined;
  }

  get status(): number {
    return Number(this.#head.split(' ', 2)[1]);
  }

  get bytes(): number {
    return this.#received;
  }

  get text(): string {
    return Buffer.concat(this.#kept ?? []).toString();
  }

  /** Takes what has arrived; whether that was all. */
  take(arrived: Buffer): boolean {
    const body = this.length === undefined ? this.#takeHead(arrived) : arrived;
    this.#received += body.length;
    // A copy: the memory is read into again.
    this.#kept?.push(Buffer.from(body));
    return this.#received === this.length;
  }

  #takeHead(arrived: Buffer): Buffer {
    const before = this.#head.length;
    this.#head += arrived.toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return arrived.subarray(arrived.length);
    this.#head = this.#head.slice(0, end);
    this.length = Number(/^content-length: *(\d+)$/im.exec(this.#head)?.[1]);
    return arrived.subarray(end + HEAD_END.length - before);
  }
}

/** Scrapes one service. */
export class Scraper {
  readonly #url: URL;
  readonly #limit: number;
  #socket: Socket;
  #take: (arrived: Buffer) => void = () => {};
  #fail: (reason: Error) => void = () => {};

  /** @param limit - Milliseconds that a scrape may take; registries that ask their workers give up after 5,000. */
  constructor(origin: string, limit = 30_000) {
    this.#url = new URL('/metrics', origin);
    this.#limit = limit;
    this.#socket = this.#connect();
  }

  #connect(): Socket {
    const callback = (bytes: number, memory: Uint8Array): boolean => {
      this.#take(Buffer.from(memory.buffer, memory.byteOffset, bytes));
      return true;
    };
    const onread = { buffer: Buffer.alloc(READ_BYTES), callback };
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), onread });
    const fail = (reason: Error): void => {
      // The end of an earlier connection is no news.
      if (socket === this.#socket) this.#fail(reason);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`${this.#url} closed the connection.`)));
    return socket;
  }

  /**
   * One at a time.
   *
   * @throws Error where the answer is no 200, has no length or does not come; the next scrape has a new connection
   */
  async scrape({ keep = false } = {}): Promise<Scrape> {
    if (this.#socket.destroyed) {
      this.#socket = this.#connect();
      await once(this.#socket, 'connect');
    }
    const started = performance.now();
    const answer = await this.#ask(new Answer(keep));
    const milliseconds = performance.now() - started;
    if (answer.status !== 200) throw new Error(`${this.#url} answered ${answer.status}.`);
    return { milliseconds, bytes: answer.bytes, text: answer.text };
  }

  async #ask(answer: Answer): Promise<Answer> {
    const tooLate = (): void => this.#fail(new Error(`${this.#url} did not answer within ${this.#limit / 1000} s.`));
    const timer = setTimeout(tooLate, this.#limit);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        this.#take = (arrived) => {
          if (answer.take(arrived)) resolve();
          else if (Number.isNaN(answer.length)) reject(new Error(`${this.#url} did not say how much it sends.`));
        };
        this.#socket.write(`GET ${this.#url.pathname} HTTP/1.1\r\nHost: ${this.#url.host}\r\n\r\n`);
      });
      return answer;
    } catch (error) {
      // What may still come would be taken for the next answer.
      this.#socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#fail = () => {};
    this.#socket.destroy();
  }
}
