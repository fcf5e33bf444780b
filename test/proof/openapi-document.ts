/** The service's own OpenAPI document, as far as requests are made from it and answers held against it. */
import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Schema } from './grammar.js';

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Parameter {
  readonly in: string;
  readonly name: string;
  /** Either this one, or that of JSON in `content`. */
  readonly schema?: Schema;
  readonly content?: Content;
}

/** The part of a document that is used. */
export interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly Parameter[];
            readonly requestBody?: { readonly content: Content };
            readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
          }
        >
      >
    >
  >;
}

/** What one method does at one path. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  /** Of the body, which is JSON. */
  readonly body: Schema | undefined;
  /** Whether something is such a body. */
  readonly isBody: (value: unknown) => boolean;
  /** Of what the query may have, by name. */
  readonly query: ReadonlyMap<string, Schema>;
  /** By status what checks each type of content; nothing of what has no content. */
  readonly answers: ReadonlyMap<number, ReadonlyMap<string, ValidateFunction>>;
}

const JSON_TYPE = 'application/json';
const DOCUMENT = 'openapi.json';

/** Everything that a document describes. */
export function operationsOf(document: Document): Operation[] {
  // Not strict: the document is more than a schema. References in it are to its other parts.
  const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(document, DOCUMENT, undefined, false);
  const validator = (...keys: readonly string[]): ValidateFunction => {
    const parts = keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')));
    const found = ajv.getSchema(`${DOCUMENT}#/${parts.join('/')}`);
    assert.ok(found, `there is no schema at ${keys.join(' ')}`);
    return found;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => {
      const at = ['paths', path, method];
      return {
        method: method.toUpperCase(),
        path,
        body: requestBody?.content[JSON_TYPE]?.schema,
        isBody: requestBody ? validator(...at, 'requestBody', 'content', JSON_TYPE, 'schema') : () => false,
        query: new Map(
          parameters
            .filter((parameter) => parameter.in === 'query')
            .map(({ name, schema, content }) => [name, schema ?? content?.[JSON_TYPE]?.schema ?? {}]),
        ),
        answers: new Map(
          Object.entries(responses).map(([status, { content = {} }]) => [
            Number(status),
            new Map(
              Object.keys(content).map((type) => [
                type,
                validator(...at, 'responses', status, 'content', type, 'schema'),
              ]),
            ),
          ]),
        ),
      };
    }),
  );
}

/**
 * Fails where an answer has a status, a type of content or, in JSON, a body that the document does not have for the
 * operation.
 */
export function assertDescribed({ answers }: Operation, answer: Response, body: string, detail: string): void {
  const types = answers.get(answer.status);
  assert.ok(types, `${answer.status} is not in the document: ${detail}`);
  const type = answer.headers.get('content-type')?.replace(/;.*/, '');
  if (type === undefined) {
    assert.deepEqual([types.size, body], [0, ''], `there is no type: ${detail}`);
    return;
  }
  const check = types.get(type);
  assert.ok(check, `nor is ${type}: ${detail}`);
  const isSound = check(type.endsWith('json') ? JSON.parse(body) : body);
  assert.ok(isSound, `the body is not as in the document, ${JSON.stringify(check.errors)}: ${detail}`);
}
