/** The service's own OpenAPI document, as far as requests are made from it and answers held against it. */
import assert from 'node:assert/strict';
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
  /** Of what the query may have, by name. */
  readonly query: ReadonlyMap<string, Schema>;
  /** Types of content by status; none of what has no content. */
  readonly answers: ReadonlyMap<number, readonly string[]>;
}

const JSON_TYPE = 'application/json';

/** Everything that a document describes. */
export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      body: requestBody?.content[JSON_TYPE]?.schema,
      query: new Map(
        parameters
          .filter((parameter) => parameter.in === 'query')
          .map(({ name, schema, content }) => [name, schema ?? content?.[JSON_TYPE]?.schema ?? {}]),
      ),
      answers: new Map(
        Object.entries(responses).map(([status, { content = {} }]) => [Number(status), Object.keys(content)]),
      ),
    })),
  );
}

/** Fails where an answer has a status, or a type of content, that the document does not have for the operation. */
export function assertDescribed({ answers }: Operation, { status, headers }: Response, detail: string): void {
  const types = answers.get(status);
  assert.ok(types, `${status} is not in the document: ${detail}`);
  const type = headers.get('content-type')?.replace(/;.*/, '');
  assert.ok(type === undefined ? types.length === 0 : types.includes(type), `nor is ${type}: ${detail}`);
}
