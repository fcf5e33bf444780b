/** The control of service-grammar: a service that keeps something of each request is found out by the same requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlessInstalled } from '../support/debian-package.js';
import { mutatedAddon } from '../support/mutated-addon.js';
import { MOST_GROWTH, MOST_MALLOC_GROWTH, sendAll } from './service-requests.js';

test('what JavaScript keeps of requests is found out, and what native code does', {
  skip: unlessInstalled('g++', 'gcc', 'g++'),
  timeout: 280_000,
}, async (t) => {
  const look = '    return !has_tail(store) || atomic_load(&store->broken);';
  const leak = '    static void *volatile kept;\n    kept = memset(malloc(256), 1, 256);\n';
  // At least once in each request that counts or reads.
  const addon = mutatedAddon(t, { name: 'leaking', changes: [{ find: look, replace: leak + look }] });
  const { heap, malloc } = await sendAll(t, { LEAK: '1', PERCPU_METRICS_PREBUILD: addon, PREBUILDS_ONLY: '1' });
  assert.ok(heap > MOST_GROWTH, `the heap has grown by ${heap} bytes`);
  assert.ok(malloc > MOST_MALLOC_GROWTH, `what native code has from malloc has grown by ${malloc} bytes`);
});
