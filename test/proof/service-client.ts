/**
 * A client that sends requests from a grammar, one after the other, and holds each answer against the OpenAPI document
 * and against a model. Nobody else writes to its families, so that the order of its requests is the order of the counts.
 */
import assert from 'node:assert/strict';
import { parseSamples } from '../support/sample.js';
import { RESERVED } from './family-rules.js';
import { Grammar, random } from './grammar.js';
import { assertDescribed, type Operation } from './openapi-document.js';
import type { ModelItem, ServiceModel } from './service-model.js';
import { linesOfSamples, seriesOfLanes, valuesOfFamilies } from './service-values.js';

const READS = 0.3;
/** A family that there is not. */
const NOBODY = 'nobody';
/** Of the names of a client's families, so many that each kind of family is there: some are in each other's way as histograms and counters, one has to be escaped. */
const BASES = ['', 'a', 'b'];
const ENDS = ['', '_total', '_sum', ':x', '_count', '_created', ' é😀'];

function itemsOf({ path }: Operation, name: string, body: unknown): ModelItem[] {
  if (path === '/v1/batch') return (body as { items: ModelItem[] }).items;
  const type = /^\/v1\/(\w+)s\//.exec(path)?.[1] as ModelItem['type'];
  return [{ ...(body as object), type, name }];
}

function pathOf({ path }: Operation, name: string): string {
  return path.replace('{name}', encodeURIComponent(name));
}

/** What a client is made of. */
export interface ServiceClientOptions {
  readonly number: number;
  readonly seed: number;
  readonly url: string;
  readonly operations: readonly Operation[];
  readonly model: ServiceModel;
  /** Number of answers by status. */
  readonly statuses: Map<number, number>;
}

export class ServiceClient {
  readonly #options: ServiceClientOptions;
  readonly #grammar: Grammar;
  readonly #names: readonly string[];
  readonly #reads: readonly Operation[];
  readonly #writes: readonly Operation[];

  constructor(options: ServiceClientOptions) {
    this.#options = options;
    this.#names = BASES.flatMap((base) => ENDS.map((end) => `c${options.number}${base}${end}`));
    this.#grammar = new Grammar(random(options.seed), this.#names);
    this.#reads = options.operations.filter(({ method }) => method === 'GET');
    this.#writes = options.operations.filter(({ method }) => method !== 'GET');
  }

  async send(): Promise<void> {
    if (this.#grammar.chance(READS)) return this.#read(this.#grammar.pick(this.#reads));
    const operation = this.#grammar.pick(this.#writes);
    if (operation.method === 'DELETE') await this.#remove(operation);
    else await this.#count(operation);
  }

  async #read(operation: Operation): Promise<void> {
    const { path, query, answers } = operation;
    const { pairs, isRight } = this.#grammar.query(query, [...this.#names, NOBODY]);
    const { headers, type } = this.#grammar.readingHeaders([...(answers.get(200)?.keys() ?? [])]);
    const { answer, body, detail } = await this.#request(operation, path, new URLSearchParams(pairs), { headers });
    const asked = pairs.filter(([name]) => query.has(name)).map(([, value]) => value);
    // Only what may be refused says that there is no such family, or that something in the query is wrong.
    const isKnown = asked.every((name) => this.#options.model.has(name));
    const refusal = isRight ? 404 : 400;
    const isRefused = (!isRight || !isKnown) && answers.has(refusal);
    assert.equal(answer.status, isRefused ? refusal : 200, detail);
    if (isRefused) return;
    if (type !== undefined) assert.equal(answer.headers.get('content-type')?.startsWith(type), true, detail);
    const wanted = asked.filter((name) => name !== '');
    const named = query.has('name[]') ? this.#options.model.named(wanted) : wanted;
    this.#compare(path, answer.headers.get('content-type') ?? '', body, wanted.length > 0 ? named : undefined, detail);
  }

  /** What the service says of some families, or of all, is of this client's what the model says. */
  #compare(path: string, type: string, body: string, names: readonly string[] | undefined, detail: string): void {
    const { model } = this.#options;
    const isOwn = ({ name }: { name: string }) => name.startsWith(this.#names[0] ?? '');
    const more = `there is more than was asked for: ${detail}`;
    const own = names ?? this.#names;
    const isOpenMetrics = type.startsWith('application/openmetrics-text');
    if (isOpenMetrics || type.startsWith('text/')) {
      const samples = parseSamples(body);
      assert.ok(names === undefined || samples.every(isOwn), more);
      // Of times at which series were made the model knows nothing; they end so unless a family does.
      const counted = samples.filter(({ name }) => !name.endsWith('_created') || model.has(name));
      assert.deepEqual(
        linesOfSamples(counted.filter(isOwn)),
        model.lines(own, isOpenMetrics ? 'openmetrics' : 'text'),
        detail,
      );
    } else if (type.startsWith('application/json') && (path.endsWith('/metrics') || path === '/v1/cpus')) {
      const json = JSON.parse(body) as { families: { name: string }[] };
      assert.ok(names === undefined || json.families.every(({ name }) => names.includes(name)), more);
      const expected = model.values(own);
      if (path === '/v1/cpus') assert.deepEqual(seriesOfLanes(json, own), Object.keys(expected), detail);
      else assert.deepEqual(valuesOfFamilies(json, own), expected, detail);
    }
  }

  async #remove(operation: Operation): Promise<void> {
    const name = this.#grammar.pick([...this.#names, RESERVED, NOBODY]);
    const schema = operation.query.get('labels') ?? {};
    const labels = this.#grammar.chance(0.3) ? undefined : (this.#grammar.value(schema) as ModelItem['labels']);
    const text = labels === undefined ? '' : JSON.stringify(labels);
    const torn = labels !== undefined && this.#grammar.chance(0.1);
    const query = new URLSearchParams(text === '' ? {} : { labels: torn ? text.slice(0, -1) : text });
    const { answer, detail } = await this.#request(operation, pathOf(operation, name), query);
    assert.equal(answer.status, torn ? 400 : this.#options.model.remove(name, labels), detail);
  }

  async #count(operation: Operation): Promise<void> {
    const right = this.#grammar.value(operation.body ?? {});
    const value = this.#grammar.chance(0.4) ? this.#grammar.spoil(right) : right;
    const name = this.#grammar.pick([...this.#names, RESERVED]);
    const text = JSON.stringify(value);
    const torn = this.#grammar.chance(0.05);
    const { headers, isRight: isReadable } = this.#grammar.bodyHeaders();
    const { pairs, isRight: isKnown } = this.#grammar.query(operation.query, []);
    const { answer, detail } = await this.#request(operation, pathOf(operation, name), new URLSearchParams(pairs), {
      headers,
      body: torn ? this.#tear(text) : Buffer.from(text),
    });
    const isSound = !torn && isKnown && operation.isBody(value);
    const counted = isReadable && isSound ? this.#options.model.count(itemsOf(operation, name, value)) : 400;
    assert.equal(answer.status, isReadable ? counted : 415, detail);
  }

  /** What is no JSON any more, or no UTF-8. */
  #tear(text: string): Buffer {
    if (this.#grammar.chance(0.5)) return Buffer.from(text.slice(0, -1));
    return Buffer.concat([Buffer.from(text), Buffer.from([0xff])]);
  }

  async #request(operation: Operation, path: string, query: URLSearchParams, init: RequestInit = {}) {
    const url = `${this.#options.url}${path}${query.size === 0 ? '' : `?${query}`}`;
    const answer = await fetch(url, { ...init, method: operation.method });
    const body = await answer.text();
    const sent = `${JSON.stringify(init.headers ?? {})} ${init.body?.toString().slice(0, 500) ?? ''}`;
    const detail = `${operation.method} ${path}?${query} ${sent}: ${answer.status} ${body.slice(0, 500)}`;
    this.#options.statuses.set(answer.status, (this.#options.statuses.get(answer.status) ?? 0) + 1);
    assertDescribed(operation, answer, body, detail);
    return { answer, body, detail };
  }
}
