/**
 * Ten thousand random requests to a service in a process of its own, and what they leave behind: in its heap, after garbage
 * was collected, in what native code has from malloc, and in its store.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Child } from '../support/child.js';
import { serveCommand } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { type Document, operationsOf } from './openapi-document.js';
import { ServiceClient } from './service-client.js';
import { ServiceModel } from './service-model.js';
import { valuesOfFamilies } from './service-values.js';

export const REQUESTS = 10_000;
/** After these the service has made whatever it makes once. */
const FIRST_REQUESTS = 2_000;
const CLIENTS = 8;
export const SEED = 20_261_125;
const HEAP_MEGABYTES = 64;
/** Bytes: 512 for each request after the first ones. Sound services grow by a tenth of it, by code that gets faster. */
export const MOST_GROWTH = 512 * (REQUESTS - FIRST_REQUESTS);
/**
 * The same of native code: one request in eleven counts, so that 1 kB for each of these is too much. Sound services grow
 * by two thirds of it at most, with each Node.js, within the first 10,000 requests; within the next 30,000 by 0.1 MB.
 */
export const MOST_MALLOC_GROWTH = 88 * (REQUESTS - FIRST_REQUESTS);
const heapOnSignal = new URL('../support/programs/heap-on-signal.js', import.meta.url).href;

/** Bytes that the service holds after its garbage was collected. */
async function memoryOf(child: Child, measurement: number): Promise<{ heap: number; malloc: number }> {
  child.kill('SIGUSR2');
  const line = '^heap (\\d+) malloc (\\d+)\\n';
  const [, heap, malloc] = await child.waitForOutput(new RegExp(`(?:${line}[^]*?){${measurement}}`, 'm'));
  return { heap: Number(heap), malloc: Number(malloc) };
}

/** What the last requests have taken, in bytes. */
export interface Growth {
  readonly heap: number;
  readonly malloc: number;
  readonly file: number;
  readonly fileReserved: number;
}

/**
 * Takes the cells of a granule, the step in which a store reserves them, and gives them back. How many are waited for
 * behind removals depends on time: without these it is chance whether the few that it differs by want another granule.
 */
async function takeSpareCells(url: string): Promise<void> {
  const items = Array.from({ length: 512 }, (_, n) => ({ type: 'counter', name: 'spare', labels: { n: String(n) } }));
  const headers = { 'content-type': 'application/json' };
  const taken = await fetch(`${url}/v1/batch`, { method: 'POST', headers, body: JSON.stringify({ items }) });
  const given = await fetch(`${url}/v1/metrics/spare`, { method: 'DELETE' });
  assert.deepEqual([taken.status, given.status], [204, 204]);
}

/** Sends all requests, looks at what they have left, and gives what all but the first have taken. */
export async function sendAll(t: TestContext, env: Readonly<Record<string, string>> = {}): Promise<Growth> {
  const path = join(temporaryDirectory(t), 'store');
  const node = [process.execPath, `--max-old-space-size=${HEAP_MEGABYTES}`, '--expose-gc', '--import', heapOnSignal];
  const child = await Child.start(t, [...node, serveCommand, 'serve', '--store', path], {
    env: { PORT: '0', HOST: '127.0.0.1', ...env },
  });
  const [url] = await child.waitForOutput(/http:\/\/127\.0\.0\.1:\d+(?=[\s,])/);
  const operations = operationsOf((await (await fetch(`${url}/openapi.json`)).json()) as Document);
  assert.deepEqual(
    ['GET', 'POST', 'DELETE'].map((wanted) => operations.filter(({ method }) => method === wanted).length),
    [6, 4, 1],
  );
  await takeSpareCells(url);
  const model = new ServiceModel();
  const statuses = new Map<number, number>();
  const clients = Array.from(
    { length: CLIENTS },
    (_, number) => new ServiceClient({ number, seed: SEED + number, url, operations, model, statuses }),
  );
  // Each client sends as many as the others, however fast it is: what there is after the first ones does not depend on it.
  const send = async (count: number) => {
    const run = async (client: ServiceClient) => {
      for (let left = count / CLIENTS; left > 0; left -= 1) await client.send();
    };
    await Promise.all(clients.map(run));
  };
  await send(FIRST_REQUESTS);
  const before = { ...(await memoryOf(child, 1)), file: statSync(path) };
  await send(REQUESTS - FIRST_REQUESTS);
  const after = { ...(await memoryOf(child, 2)), file: statSync(path) };
  const families = valuesOfFamilies(await (await fetch(`${url}/v1/metrics`)).json());
  assert.deepEqual(families, model.values());
  for (const status of [200, 204, 400, 404, 409, 415]) {
    assert.ok((statuses.get(status) ?? 0) > REQUESTS / 50, JSON.stringify([...statuses]));
  }
  assert.ok(child.running);
  assert.doesNotMatch(child.output, /"level":[56]0/, 'nothing was logged as an error');
  t.diagnostic(`answers by status: ${JSON.stringify(Object.fromEntries(statuses))}`);
  const growth = {
    heap: after.heap - before.heap,
    malloc: after.malloc - before.malloc,
    file: after.file.size - before.file.size,
    fileReserved: (after.file.blocks - before.file.blocks) * 512,
  };
  t.diagnostic(`growth in bytes: ${JSON.stringify(growth)}`);
  return growth;
}
