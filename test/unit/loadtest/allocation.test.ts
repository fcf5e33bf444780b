/** What some work allocates is counted whether or not it is freed meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocatedBy } from '../../../loadtest/services/allocation.js';

const NUMBERS = 100_000;
const BYTES = NUMBERS * Float64Array.BYTES_PER_ELEMENT;

test('what is allocated is counted, also where it is freed at once', async () => {
  let kept: number[] = [];
  // More than the young generation has room for, so that there are collections meanwhile.
  const bytes = await allocatedBy(async () => {
    kept = Array.from({ length: NUMBERS }, (_, index) => index + 0.5);
  }, 200);
  assert.equal(kept.length, NUMBERS);
  // Arrays that grow are copied.
  assert.ok(bytes >= BYTES && bytes < 10 * BYTES, `${bytes} bytes`);
});

test('work that allocates nothing of its own counts for next to nothing', async () => {
  const numbers = new Float64Array(NUMBERS);
  const bytes = await allocatedBy(async () => void numbers.fill(1), 20);
  assert.ok(bytes < BYTES / 10, `${bytes} bytes`);
});
