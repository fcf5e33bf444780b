/** How fast workers are replaced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replacementDelay } from '#src/cli/supervisor.js';

test('a worker that lived for long is replaced at once, and workers that keep ending ever more slowly', () => {
  assert.deepEqual([0, 1, 2, 3].map(replacementDelay), [0, 100, 200, 400]);
  assert.equal(replacementDelay(20), 10_000);
  assert.equal(replacementDelay(2000), 10_000);
});
