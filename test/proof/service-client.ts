/**
 * A client that sends requests from a grammar, one after the other, and holds each answer against the OpenAPI document
 * and against a model. Nobody else writes to its families, so that the order of its requests is the order of the counts.
 */
import assert from 'node:assert/strict';
import { parseSamples } from '../support/sample.js';
import { Grammar, random } from './grammar.js';
import { assertDescribed, type Operation } from './openapi-document.js';
import { type ModelItem, type ServiceModel, seriesOfLanes, valuesOfFamilies } from './service-model.js';

const READS = 0.3;
/** A family that there is not. */
const NOBODY = 'nobody';

function itemsOf(path: string, name: string, body: unknown): ModelItem[] {
  if (path === '/v1/batch') return (body as { items: ModelItem[] }).items;
  const type = /^\/v1\/(\w+)s\//.exec(path)?.[1] as ModelItem['type'];
  return [{ ...(body as object), type, name }];
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
    this.#names = ['', '_total', '_sum', ':x', '_count'].map((suffix) => `c${options.number}${suffix}`);
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
    const { headers, type } = this.#grammar.readingHeaders(answers.get(200) ?? []);
    const { answer, body, detail } = await this.#request(operation, path, new URLSearchParams(pairs), { headers });
    const asked = pairs.filter(([name]) => query.has(name)).map(([, value]) => value);
    // Only what may be refused says that there is no such family, or that something in the query is wrong.
    const isKnown = asked.every((name) => this.#options.model.has(name));
    const refusal = isRight ? 404 : 400;
    const isRefused = (!isRight || !isKnown) && answers.has(refusal);
    assert.equal(answer.status, isRefused ? refusal : 200, detail);
    if (isRefused) return;
    if (type !== undefined) assert.equal(answer.headers.get('content-type')?.startsWith(type), true, detail);
    this.#compare(
      path,
      answer,
      body,
      asked.filter((name) => name !== ''),
      detail,
    );
  }

  /** What the service says of the families that were asked for, or of all of this client, is what the model says. */
  #compare(path: string, answer: Response, body: string, asked: readonly string[], detail: string): void {
    const type = answer.headers.get('content-type') ?? '';
    const isText = /^text\/|openmetrics/.test(type);
    if (!path.endsWith('/metrics') && path !== '/v1/cpus') return;
    if (!isText && !type.startsWith('application/json')) return;
    const json = isText ? { families: parseSamples(body) } : (JSON.parse(body) as { families: { name: string }[] });
    const isOwn = ({ name }: { name: string }) => name.startsWith(this.#names[0] ?? '');
    assert.ok(asked.length === 0 || json.families.every(isOwn), `there is more than was asked for: ${detail}`);
    if (isText) return;
    const names = this.#names.filter((name) => asked.length === 0 || asked.includes(name));
    const expected = this.#options.model.values(names);
    if (path === '/v1/cpus') assert.deepEqual(seriesOfLanes(json, names), Object.keys(expected), detail);
    else assert.deepEqual(valuesOfFamilies(json, names), expected, detail);
  }

  async #remove(operation: Operation): Promise<void> {
    const name = this.#grammar.pick(this.#names);
    const schema = operation.query.get('labels') ?? {};
    const labels = this.#grammar.chance(0.1) ? undefined : (this.#grammar.value(schema) as ModelItem['labels']);
    const text = labels === undefined ? '' : JSON.stringify(labels);
    const torn = labels !== undefined && this.#grammar.chance(0.1);
    const query = new URLSearchParams(text === '' ? {} : { labels: torn ? text.slice(0, -1) : text });
    const { answer, detail } = await this.#request(operation, operation.path.replace('{name}', name), query);
    assert.equal(answer.status, torn ? 400 : this.#options.model.remove(name, labels), detail);
  }

  async #count(operation: Operation): Promise<void> {
    const right = this.#grammar.value(operation.body ?? {});
    const spoilt = this.#grammar.chance(0.4);
    const value = spoilt ? this.#grammar.spoil(right) : right;
    const name = this.#grammar.pick(this.#names);
    const text = JSON.stringify(value);
    const torn = this.#grammar.chance(0.05);
    const { headers, isRight: isReadable } = this.#grammar.bodyHeaders();
    const { pairs, isRight: isKnown } = this.#grammar.query(operation.query, []);
    const path = operation.path.replace('{name}', name);
    const { answer, detail } = await this.#request(operation, path, new URLSearchParams(pairs), {
      headers,
      body: torn ? this.#tear(text) : Buffer.from(text),
    });
    if (!isReadable) assert.equal(answer.status, 415, detail);
    else if (torn || !isKnown) assert.equal(answer.status, 400, detail);
    else assert.ok((spoilt ? [204, 400, 409] : [204, 409]).includes(answer.status), detail);
    if (answer.status === 204) for (const item of itemsOf(path, name, value)) this.#options.model.apply(item);
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
    assertDescribed(operation, answer, detail);
    return { answer, body, detail };
  }
}
