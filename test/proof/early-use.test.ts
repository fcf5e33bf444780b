/**
 * A store may be used whenever code of its process runs: before the constructors of the program, in one, while a thread
 * ends, before and after it was unregistered from rseq, and behind main.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { unlessInstalled } from '../support/debian-package.js';
import { buildVariant, type Mutation } from '../support/native-variant.js';
import { type RseqCondition, underCondition } from '../support/rseq-condition.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { numberOf } from '../support/temporary-store.js';

const skip = unlessInstalled('gcc', 'gcc');
const AMOUNTS = 100_000;
/** Before the constructors, in one, behind main; and of each of 8 threads in it and in 2 rounds of 2 destructors. */
const PLACES = 3 + 8 * 5;

async function countEarlyAndLate(t: TestContext, condition: RseqCondition, mutation?: Mutation) {
  const path = join(temporaryDirectory(t), 'store');
  const executable = await buildVariant({
    name: `early${mutation ? `-${mutation.name}` : ''}`,
    sources: ['core', 'proof/early.c'],
    flags: ['-O3'],
    ...(mutation ? { mutation } : {}),
  });
  const { command, env } = underCondition(condition, [executable, path, `${AMOUNTS}`]);
  const [file = '', ...args] = command;
  const output = execFileSync(file, args, { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 60_000 });
  const store = openStore({ path });
  t.after(() => store.close());
  return { output, counted: numberOf(store, 'c_total') };
}

for (const [condition, registration] of [
  ['libc', 'libc'],
  ['self', 'self'],
  ['enosys', 'none'],
] as const) {
  test(`before main, at the end of threads and behind main everything counts (${condition})`, { skip }, async (t) => {
    const { output, counted } = await countEarlyAndLate(t, condition);
    assert.equal(output, `registered by ${registration}, ${PLACES} times\n`);
    assert.equal(counted, PLACES * AMOUNTS);
  });
}

test('what a thread adds after it was unregistered is on atomic lanes, and lost without them (the control)', {
  skip,
}, async (t) => {
  const lost = { find: 'atomic_fetch_add_explicit(word, (uint64_t)amount, memory_order_relaxed);', replace: '' };
  const mutation = { name: 'no-fallback', changes: [lost] };
  const { counted } = await countEarlyAndLate(t, 'self', mutation);
  // Of each thread one destructor of the first round, and both of the second; and what was aborted too often.
  const most = (PLACES - 8 * 3) * AMOUNTS;
  t.diagnostic(`${counted} of ${PLACES * AMOUNTS} counted, at most ${most} expected`);
  assert.ok(counted <= most && counted > most / 2, `${counted}`);
});
