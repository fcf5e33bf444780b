/**
 * The answer to a scraper: which format it gets, how many are served at a time, and how the bytes leave. A scrape is
 * rendered once for all who wait for the same one, and compressed once.
 */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PercpuMetricsError } from '../errors.js';
import { type NegotiatedFormat, negotiateAmong, negotiateFormat, type OfferedSyntax } from '../metrics/negotiation.js';
import { Coalescing } from './coalescing.js';
import { type Coding, chooseCoding, encode } from './content-coding.js';
import { renderScrape, type ScrapeSource } from './scrape.js';
import { ScrapeBody } from './scrape-body.js';

/** Scrapes that are served at a time unless another number is given. */
export const DEFAULT_MAX_SCRAPES = 40;

const RETRY_SECONDS = '1';
/** What is larger leaves in pieces of this size, one in each turn of the event loop: copying takes time. */
const PIECE_BYTES = 256 * 1024;

async function* cut(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES) {
      yield piece.subarray(at, at + PIECE_BYTES);
      // A kernel that takes all at once would otherwise be given all in one turn.
      await nextTurn();
    }
  }
}

function namesOf(url: string): string[] {
  const query = url.indexOf('?');
  return query < 0 ? [] : new URLSearchParams(url.slice(query)).getAll('name[]').filter((name) => name !== '');
}

/** Answers `GET` and `HEAD` of one endpoint. */
export class ScrapeEndpoint {
  readonly #source: ScrapeSource;
  readonly #limit: number;
  readonly #bodies = new Coalescing<ScrapeBody>();
  readonly #coded = new WeakMap<ScrapeBody, Map<string, Promise<ScrapeBody>>>();
  /** What ends each scrape that has begun. */
  readonly #served = new Map<FastifyReply, () => void>();

  /** @param limit - Scrapes that are served at a time, until their last byte has left. */
  constructor(source: ScrapeSource, limit: number = DEFAULT_MAX_SCRAPES) {
    this.#source = source;
    this.#limit = limit;
  }

  /**
   * Answers a request.
   *
   * @throws PercpuMetricsError where the store cannot be read; `ERR_PCM_TOO_MANY_SCRAPES` with the status 503
   */
  async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const closed = this.#enter(reply);
    const format = this.#format(request.headers.accept);
    const names = namesOf(request.url);
    const key = JSON.stringify([format.syntax, format.escaping, names]);
    const body = await this.#bodies.run(key, () => renderScrape(this.#source, { format, names }, request.log));
    body.hold();
    const coding = chooseCoding(request.headers['accept-encoding']?.toString(), body.size);
    reply.header('content-type', format.contentType).header('vary', 'accept, accept-encoding');
    if (coding !== 'identity') {
      const coded = await this.#encode(body, coding).finally(() => body.letGo());
      return this.#send(reply.header('content-encoding', coding), coded);
    }
    // HTTP/2 closes a stream before its last bytes have left the process: what it sends is never written to again.
    if (request.raw.httpVersionMajor < 2) void closed.then(() => body.letGo());
    return this.#send(reply, body);
  }

  /** Lets a scrape in, and says when it has ended. */
  #enter(reply: FastifyReply): Promise<void> {
    this.#endCutOff();
    if (this.#served.size >= this.#limit) {
      reply.code(503).header('retry-after', RETRY_SECONDS);
      throw new PercpuMetricsError(
        'ERR_PCM_TOO_MANY_SCRAPES',
        `${this.#limit} scrapes are being served; try again, or raise maxScrapes`,
        { details: { maxScrapes: this.#limit } },
      );
    }
    return new Promise((resolve) => {
      const end = (): void => {
        if (this.#served.delete(reply)) resolve();
      };
      this.#served.set(reply, end);
      reply.raw.once('close', end);
    });
  }

  /** Ends what has lost its connection without hearing of it: pipelined requests, whose response waits for its turn. */
  #endCutOff(): void {
    for (const [reply, end] of this.#served) {
      if (reply.request.raw.socket.destroyed) end();
    }
  }

  /** One that the registries can be in, if the scraper accepts any; else one without them. */
  #format(accept: string | undefined): NegotiatedFormat {
    const { registries } = this.#source;
    const all: readonly OfferedSyntax[] = ['text', 'openmetrics', 'protobuf', 'json'];
    return negotiateAmong(accept, registries.syntaxes) ?? negotiateAmong(accept, all) ?? negotiateFormat(undefined);
  }

  #encode(body: ScrapeBody, coding: Exclude<Coding, 'identity'>): Promise<ScrapeBody> {
    const known = this.#coded.get(body) ?? new Map<string, Promise<ScrapeBody>>();
    this.#coded.set(body, known);
    const coded = known.get(coding) ?? encode(body.pieces, coding).then((pieces) => new ScrapeBody(pieces));
    known.set(coding, coded);
    return coded;
  }

  #send(reply: FastifyReply, { pieces, size }: ScrapeBody): FastifyReply {
    if (size <= PIECE_BYTES) return reply.send(Buffer.concat(pieces));
    return reply.header('content-length', size).send(Readable.from(cut(pieces), { objectMode: false }));
  }
}
