/**
 * The answer to a scraper: which format it gets, how many are served at a time, and how the bytes leave. A scrape is
 * rendered once for all who wait for the same one, and compressed once.
 */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PercpuMetricsError } from '../errors.js';
import { type NegotiatedFormat, negotiateAmong, negotiateFormat, type OfferedSyntax } from '../metrics/negotiation.js';
import { Coalescing } from './coalescing.js';
import { chooseCoding, encode } from './content-coding.js';
import { renderScrape, type ScrapeSource } from './scrape.js';

/** Scrapes that are served at a time unless another number is given. */
export const DEFAULT_MAX_SCRAPES = 40;

const RETRY_SECONDS = '1';
/** What is larger leaves in pieces of this size: the event loop never copies more than one at a time to the kernel. */
const PIECE_BYTES = 128 * 1024;

type Pieces = readonly Buffer[];

function sizeOf(pieces: Pieces): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function* cut(pieces: Pieces): Generator<Buffer> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES) yield piece.subarray(at, at + PIECE_BYTES);
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
  readonly #bodies = new Coalescing<Pieces>();
  readonly #coded = new WeakMap<Pieces, Map<string, Promise<Pieces>>>();
  #served = 0;

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
    this.#enter(reply);
    const format = this.#format(request.headers.accept);
    const names = namesOf(request.url);
    const key = JSON.stringify([format.syntax, format.escaping, names]);
    const body = await this.#bodies.run(key, () => renderScrape(this.#source, { format, names }, request.log));
    const coding = chooseCoding(request.headers['accept-encoding']?.toString(), sizeOf(body));
    const pieces = await this.#encode(body, coding);
    reply.header('content-type', format.contentType).header('vary', 'accept, accept-encoding');
    if (coding !== 'identity') reply.header('content-encoding', coding);
    return this.#send(reply, pieces);
  }

  #enter(reply: FastifyReply): void {
    if (this.#served >= this.#limit) {
      reply.code(503).header('retry-after', RETRY_SECONDS);
      throw new PercpuMetricsError(
        'ERR_PCM_TOO_MANY_SCRAPES',
        `${this.#limit} scrapes are being served; try again, or raise maxScrapes`,
        { details: { maxScrapes: this.#limit } },
      );
    }
    this.#served += 1;
    reply.raw.once('close', () => {
      this.#served -= 1;
    });
  }

  /** One that the registries can be in, if the scraper accepts any; else one without them. */
  #format(accept: string | undefined): NegotiatedFormat {
    const { registries } = this.#source;
    const all: readonly OfferedSyntax[] = ['text', 'openmetrics', 'protobuf', 'json'];
    const common = registries.isEmpty ? all : ([registries.syntax ?? 'text', 'json'] as const);
    return negotiateAmong(accept, common) ?? negotiateAmong(accept, all) ?? negotiateFormat(undefined);
  }

  #encode(body: Pieces, coding: ReturnType<typeof chooseCoding>): Promise<Pieces> {
    const known = this.#coded.get(body) ?? new Map<string, Promise<Pieces>>();
    this.#coded.set(body, known);
    const pieces = known.get(coding) ?? encode(body, coding);
    known.set(coding, pieces);
    return pieces;
  }

  #send(reply: FastifyReply, pieces: Pieces): FastifyReply {
    const size = sizeOf(pieces);
    if (size <= PIECE_BYTES) return reply.send(Buffer.concat(pieces));
    return reply.header('content-length', size).send(Readable.from(cut(pieces), { objectMode: false }));
  }
}
