/**
 * Limits of the store and of a thread: many attachments, as many processes as there are slots, sums of fractions, and
 * a process in which every critical section is aborted because it is single-stepped. The first three also without critical
 * sections; where there are none, a step interrupts nothing that would have to begin again.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type Build, buildVariant, withoutRseq } from '../support/native-variant.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const shipped: Build = { name: 'limits' };

async function runLimit(t: TestContext, name: string, build: Build): Promise<string> {
  const flags = ['-O3', ...(build.flags ?? [])];
  const executable = await buildVariant({ ...build, sources: ['core', 'proof/limits.c'], flags });
  const { stdout } = await promisify(execFile)(executable, [name, temporaryDirectory(t)], { timeout: 280_000 });
  t.diagnostic(stdout);
  return stdout;
}

for (const [build, how] of [
  [shipped, ''],
  [{ name: 'limits-no-rseq', flags: [withoutRseq] }, ', without critical sections'],
] as const) {
  test(`10,000 attachments of one process leave no descriptor and no mapping behind and lose no count${how}`, async (t) => {
    assert.match(await runLimit(t, 'attach', build), /^ok attach$/m);
  });

  test(`1,024 processes attach at once, and the next one is told that all slots are taken${how}`, async (t) => {
    assert.match(await runLimit(t, 'processes', build), /^ok processes$/m);
  });

  test(`a sum of 1,600,000 fractions is off by no more than one rounding for each${how}`, async (t) => {
    assert.match(await runLimit(t, 'fractions', build), /^ok fractions$/m);
  });
}

test('a process that is single-stepped gets to its end, by the atomic lane, and counts exactly', async (t) => {
  assert.match(await runLimit(t, 'steps', shipped), /^ok steps$/m);
});

test('one that tries again for ever does not get there (the control)', async (t) => {
  const bound = 'area != 0 && attempt < MOST_ATTEMPTS';
  const changes = [{ find: bound, replace: 'area != 0 && attempt > 0', times: 2 }];
  const name = 'limits-endless';
  // Its status is that of a failure, with all that it has printed.
  await assert.rejects(
    runLimit(t, 'steps', { name, mutation: { name, changes } }),
    ({ stdout }: { stdout: string }) => {
      assert.match(stdout, /^# no end in 200000 steps\nnot ok steps$/m);
      return true;
    },
  );
});
