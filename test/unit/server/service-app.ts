/** The service around a store of a test's own, asked without a socket. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Store, StoreOptions } from 'percpu-metrics';
import { buildApp, OpenedStore, type Problem, type StoreSource } from 'percpu-metrics/server';
import { temporaryStore } from '../../support/temporary-store.js';

/** What a request was answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A service that can be asked. */
export class ServiceApp {
  readonly app: FastifyInstance;

  constructor(app: FastifyInstance) {
    this.app = app;
  }

  async get(url: string): Promise<Answer> {
    const answer = await this.app.inject(url);
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }

  async post(url: string, payload: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.app.inject({
      method: 'POST',
      url,
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
      headers: { 'content-type': 'application/json', ...headers },
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }

  /** Posts what must be counted. */
  async count(url: string, payload: unknown): Promise<void> {
    const { status, body } = await this.post(url, payload);
    assert.equal(status, 204, body);
    assert.equal(body, '');
  }

  /** Posts what must be refused, and gives the reason. */
  async refuse(url: string, payload: unknown): Promise<Problem> {
    return problemIn(await this.post(url, payload));
  }
}

/** The problem that an answer is. */
export function problemIn({ status, headers, body }: Answer): Problem {
  assert.equal(headers['content-type'], 'application/problem+json', body);
  const problem = JSON.parse(body) as Problem;
  assert.equal(problem.status, status);
  assert.equal(problem.type, 'about:blank');
  assert.ok(problem.title.length > 0 && problem.detail.length > 0 && problem.code.length > 0, body);
  return problem;
}

/** A service for any source. */
export async function serviceApp(t: TestContext, source: StoreSource): Promise<ServiceApp> {
  const app = await buildApp({ source });
  t.after(() => app.close());
  return new ServiceApp(app);
}

/** A service with a store of its own. */
export async function temporaryService(
  t: TestContext,
  options: StoreOptions = {},
): Promise<{ service: ServiceApp; store: Store }> {
  const store = temporaryStore(t, options);
  const source = new OpenedStore(store);
  const service = await serviceApp(t, source);
  t.after(() => source.close());
  return { service, store };
}

/** Everything in a store but the service's own metrics, as `name{label="value"}` and number; of histograms the count. */
export function valuesOf(store: Store): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { name, series } of store.snapshot()) {
    if (name.startsWith('http_request')) continue;
    for (const one of series) {
      values[`${name}${JSON.stringify(one.labels)}`] = 'value' in one ? one.value : one.count;
    }
  }
  return values;
}
