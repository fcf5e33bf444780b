import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import { CODINGS, chooseCoding, encode } from '#src/fastify/content-coding.js';

const hasZstd = CODINGS.includes('zstd');

test('a client gets the coding that it prefers, and small bodies as they are', () => {
  const best = hasZstd ? 'zstd' : 'gzip';
  const cases: [header: string | undefined, coding: string][] = [
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['br, deflate', 'identity'],
    ['gzip;q=0', 'identity'],
    ['*;q=0', 'identity'],
    ['*', best],
    ['gzip, deflate, br, zstd', best],
    ['gzip, zstd;q=0.5', 'gzip'],
    ['gzip;q=0.2, identity;q=0.9', 'identity'],
    ['zstd;q=0, gzip', 'gzip'],
    ['X-GZip', 'gzip'],
    ['x-gzip;q=0, identity', 'identity'],
  ];
  for (const [header, coding] of cases) assert.equal(chooseCoding(header, 5000), coding, header);
  assert.equal(chooseCoding('gzip', 500), 'identity');
});

test('pieces are coded as one body', async () => {
  const pieces = [Buffer.alloc(300_000, 'a'), Buffer.from('b'), Buffer.alloc(0), Buffer.alloc(70_000, 'c')];
  const whole = Buffer.concat(pieces);
  const gzip = Buffer.concat(await encode(pieces, 'gzip'));
  assert.ok(gzip.length < 10_000);
  assert.deepEqual(zlib.gunzipSync(gzip), whole);
  if (!hasZstd) return;
  const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync(bytes: Buffer): Buffer };
  assert.deepEqual(zstdDecompressSync(Buffer.concat(await encode(pieces, 'zstd'))), whole);
});
