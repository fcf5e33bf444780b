/** Compression of scrapes, on threads of the pool: the event loop only passes pieces on. */
import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { weightedList } from '../metrics/weighted-list.js';

/** How a body is coded. */
export type Coding = 'zstd' | 'gzip' | 'identity';

/** What is shorter is sent as it is. */
const LEAST_BYTES = 1024;
const PIECE_BYTES = 256 * 1024;

/** Node has it from 22.15 and 23.8 on. */
const createZstd = (zlib as { createZstdCompress?: (options: object) => Transform }).createZstdCompress;

/** What can be coded, the best first. */
export const CODINGS: readonly Coding[] = createZstd === undefined ? ['gzip'] : ['zstd', 'gzip'];

/** The coding that a client with this `Accept-Encoding` header gets. `x-gzip` is `gzip` (RFC 9110, 8.4.1.3). */
export function chooseCoding(header: string | undefined, bytes: number): Coding {
  if (header === undefined || bytes < LEAST_BYTES) return 'identity';
  const items = weightedList(header).map((item) => (item.value === 'x-gzip' ? { ...item, value: 'gzip' } : item));
  const quality = (coding: string): number | undefined =>
    (items.find(({ value }) => value === coding) ?? items.find(({ value }) => value === '*'))?.quality;
  let best: Coding = 'identity';
  let bestQuality = items.find(({ value }) => value === 'identity')?.quality ?? 0;
  for (const coding of CODINGS) {
    const own = quality(coding) ?? 0;
    if (own > 0 && (best === 'identity' ? own >= bestQuality : own > bestQuality)) {
      best = coding;
      bestQuality = own;
    }
  }
  return best;
}

function compressor(coding: Exclude<Coding, 'identity'>): Transform {
  // Metrics repeat themselves: the fastest level already makes a tenth of them.
  if (coding === 'zstd' && createZstd !== undefined) return createZstd({ chunkSize: PIECE_BYTES });
  return zlib.createGzip({ level: zlib.constants.Z_BEST_SPEED, chunkSize: PIECE_BYTES });
}

/** The pieces of a body, coded. */
export async function encode(
  pieces: readonly Buffer[],
  coding: Exclude<Coding, 'identity'>,
): Promise<readonly Buffer[]> {
  const coded: Buffer[] = [];
  const compressed = Readable.from(pieces).pipe(compressor(coding));
  for await (const piece of compressed) coded.push(piece as Buffer);
  return coded;
}
