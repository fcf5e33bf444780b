/**
 * Ten thousand odd requests, made from a seed: wrong types, wrong names, wrong JSON, wrong HTTP. None of them may be the
 * service's fault, none may hang, and what was acknowledged must be in the store exactly.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { sumSamples } from '../support/sample.js';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const REQUESTS = 10_000;
const CONNECTIONS = 16;

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SCALARS: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  1,
  -1,
  0.5,
  1e308,
  -1e308,
  5e-324,
  2 ** 53,
  2 ** 63,
  '',
  'x',
  'NaN',
  '+Inf',
  '\0',
  '\ud800',
  '😀',
  'a'.repeat(2000),
];
const GOOD_NAMES = ['a', 'b_total', 'a:b', 'A', 'c'];
const NAMES = [...GOOD_NAMES, '', '1a', 'a b', 'é', '__proto__', 'constructor', 'x'.repeat(150), '%', '..'];
const KEYS = ['labels', 'value', 'op', 'help', 'buckets', 'type', 'name', 'items', 'extra', '__proto__', 'toString'];
const NAMED_PATHS = ['/v1/counters/', '/v1/gauges/', '/v1/histograms/'];
const PATHS = ['/v1/batch', '/v1/batch', '/v1/metrics', '/v1/cpus', '/metrics', '/readyz', '/v1/', '/v1/counters'];
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'nonsense',
  '',
  'application/json;;',
];
const METHODS = [...Array<string>(20).fill('POST'), 'GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'];

class OddRequests {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#next() * choices.length)] as T;
  }

  chance(part: number): boolean {
    return this.#next() < part;
  }

  value(depth = 0): unknown {
    if (depth > 3 || this.chance(0.5)) return this.pick(SCALARS);
    const size = Math.floor(this.#next() * 4);
    if (this.chance(0.4)) return Array.from({ length: size }, () => this.value(depth + 1));
    return Object.fromEntries(
      Array.from({ length: size }, () => [this.pick(this.chance(0.7) ? KEYS : NAMES), this.value(depth + 1)]),
    );
  }

  measurement(): Record<string, unknown> {
    const body: Record<string, unknown> = {};
    if (this.chance(0.2)) body['labels'] = this.chance(0.8) ? { [this.pick(NAMES)]: this.pick(SCALARS) } : this.value();
    if (this.chance(0.8)) body['value'] = this.chance(0.6) ? this.#next() : this.pick(SCALARS);
    if (this.chance(0.1)) body['op'] = this.pick(['set', 'inc', 'dec', 'mul', 1]);
    if (this.chance(0.1)) body['buckets'] = this.pick<unknown>([[1], [1, 2], [2, 1], [], [1e308], 'x', [null]]);
    return body;
  }

  body(): string {
    const item = () => ({
      ...this.measurement(),
      type: this.pick(['counter', 'gauge', 'histogram', 'x']),
      name: this.pick(this.chance(0.8) ? GOOD_NAMES : NAMES),
    });
    const made = this.pick([
      () => this.value(),
      () => this.measurement(),
      () => this.measurement(),
      () => ({ items: [item(), item()] }),
    ])();
    const text = JSON.stringify(made) ?? '';
    if (this.chance(0.1)) return text.slice(0, Math.floor(this.#next() * text.length));
    return this.chance(0.05) ? `${text}${this.pick(['}', '\0', ' 1', ','])}` : text;
  }

  request(): { method: string; path: string; headers: Record<string, string>; body: string | undefined } {
    const method = this.pick(METHODS);
    const name = encodeURIComponent(this.pick(this.chance(0.7) ? GOOD_NAMES : NAMES));
    const suffix = this.chance(0.9) ? '' : this.pick(['?x=1', '?name=a', '/', '/../a', '%']);
    const path = (this.chance(0.6) ? this.pick(NAMED_PATHS) + name : this.pick(PATHS)) + suffix;
    const type = this.chance(0.8) ? 'application/json' : this.pick(TYPES);
    const body = method === 'GET' || this.chance(0.05) ? undefined : this.body();
    return { method, path, headers: type === '' ? {} : { 'content-type': type }, body };
  }
}

test('ten thousand odd requests are answered, never with a fault of the service', { timeout: 180_000 }, async (t) => {
  const service = await Service.start(t, '--store', join(temporaryDirectory(t), 'store'), '--log-level', 'warn');
  const odd = new OddRequests(20_240_501);
  const statuses = new Map<number, number>();
  let left = REQUESTS;
  let proofs = 0;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const { method, path, headers, body } = odd.request();
      const answer = await fetch(`${service.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
      const text = await answer.text();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      assert.ok(answer.status < 500, `${method} ${path} ${body}: ${answer.status} ${text}`);
      if (answer.status >= 400) assert.equal(answer.headers.get('content-type'), 'application/problem+json', text);
      // Between the odd ones there are right ones, which must all be there at the end.
      if (left % 100 !== 0) continue;
      const proof = await fetch(`${service.url}/v1/counters/proofs_total`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"labels":{"of":"life"}}',
      });
      assert.equal(proof.status, 204);
      proofs += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  for (const status of [204, 400, 404, 409, 415]) {
    assert.ok((statuses.get(status) ?? 0) > 50, `the requests are odd in many ways: ${JSON.stringify([...statuses])}`);
  }
  const samples = await service.scrape();
  assert.equal(sumSamples(samples, 'proofs_total', { of: 'life' }), proofs);
  assert.equal(sumSamples(samples, 'http_requests_in_flight'), 0);
  assert.doesNotMatch(service.child.output, /"level":[56]0/, 'nothing was logged as an error');
});

test('what is no HTTP is answered with a problem, and the connection is closed', async (t) => {
  const service = await Service.start(t, '--store', join(temporaryDirectory(t), 'store'));
  const { hostname, port } = new URL(service.url);
  const long = 'a'.repeat(100_000);
  for (const [bytes, status] of [
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['GET / HTTP/1.1\r\nHost\r\n\r\n', 400],
    ['FROB / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400],
    ['POST /v1/batch HTTP/1.1\r\nHost: a\r\nExpect: 200-foo\r\nContent-Length: 2\r\n\r\n', 417],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${long}\r\n\r\n`, 431],
    [
      'POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
  ] as const) {
    const socket = connect(Number(port), hostname).setEncoding('latin1');
    let answer = '';
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(bytes, 'latin1');
    await once(socket, 'close');
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), bytes.slice(0, 40));
    assert.match(answer, /content-type: application\/problem\+json/i);
    const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { status: number; code: string };
    assert.equal(problem.status, status);
    assert.match(problem.code, /^ERR_HTTP_/);
  }
  assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
});
