/**
 * Ten thousand requests from a grammar that is made from the OpenAPI document, right ones and wrong ones: bodies,
 * queries and headers of everything that it describes. No answer is one that it does not describe, none is the service's
 * fault, each has the status that a model gives it, and what the service tells meanwhile, in JSON and in text, and holds in
 * the end is exactly what it has acknowledged: nothing of a refused request is there, not even the name of a family. The
 * service keeps nothing of the requests either: its heap, after garbage was collected, what native code has from malloc,
 * and its store are no larger after the last than after the first ones.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { assertDescribed, type Document, operationsOf } from './openapi-document.js';
import { MOST_GROWTH, MOST_MALLOC_GROWTH, REQUESTS, SEED, sendAll } from './service-requests.js';

test(`${REQUESTS} requests from the grammar of the OpenAPI document, seed ${SEED}`, { timeout: 280_000 }, async (t) => {
  const { heap, malloc, file, fileReserved } = await sendAll(t);
  assert.ok(heap < MOST_GROWTH, `the heap has grown by ${heap} bytes`);
  assert.ok(malloc < MOST_MALLOC_GROWTH, `what native code has from malloc has grown by ${malloc} bytes`);
  assert.deepEqual({ file, fileReserved }, { file: 0, fileReserved: 0 });
});

test('an answer that is not as the document has it is found out (the control)', async (t) => {
  const service = await Service.start(t, '--store', join(temporaryDirectory(t), 'store'));
  const operations = operationsOf((await (await fetch(`${service.url}/openapi.json`)).json()) as Document);
  const operation = operations.find(({ method, path }) => method === 'GET' && path === '/v1/metrics');
  assert.ok(operation);
  for (const [query, breakIt] of [
    ['', (body: string) => body.replaceAll('"count":', '"count":"many","number":')],
    ['', (body: string) => body.replaceAll('"labelNames":', '"labels":')],
    ['?name=nobody', (body: string) => body.replace('"code":', '"error":')],
  ] as const) {
    const answer = await fetch(`${service.url}/v1/metrics${query}`);
    const body = await answer.text();
    assertDescribed(operation, answer, body, 'as it was sent');
    assert.throws(
      () => assertDescribed(operation, answer, breakIt(body), 'broken'),
      /the body is not as in the document/,
    );
  }
});
