/** What becomes of exemplars where a store outlives the boot that it was made in. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { exemplarsOf } from '../../support/exemplars-of.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** See native/core/layout.h. */
const BOOT_ID = { offset: 16, bytes: 16 };

test('a store that is carried over has its values, no exemplars of before, and takes new ones', async (t) => {
  const path = join(temporaryDirectory(t), 'store.pcm');
  const jobs = { name: 'jobs_total', help: 'Jobs.', exemplars: true } as const;
  const before = openStore({ path });
  before.counter(jobs).inc(5, { trace_id: 'before' });
  assert.deepEqual(await exemplarsOf(before), { jobs_total: '{trace_id="before"} 5' });
  before.close();
  const file = readFileSync(path);
  writeFileSync(path, file.fill(7, BOOT_ID.offset, BOOT_ID.offset + BOOT_ID.bytes));
  using after = openStore({ path, persist: true });
  assert.match(await after.metrics(), /^jobs_total 5$/m);
  assert.deepEqual(await exemplarsOf(after), {});
  after.counter(jobs).inc(1, { trace_id: 'after' });
  assert.match(await after.metrics(), /^jobs_total 6$/m);
  assert.deepEqual(await exemplarsOf(after), { jobs_total: '{trace_id="after"} 1' });
});
