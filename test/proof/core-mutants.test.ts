/**
 * Tests of the core's own suite find what they are there for: each of these changes of the core is built, and the test of
 * which docs/correctness.md says so must fail with it. And where the kernel does not restart a critical section, the core
 * finds that out when it starts, says so, and passes its suite on atomic lanes.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { unlessInstalled } from '../support/debian-package.js';
import { buildVariant, coreSuite, type Mutation, withoutRseq } from '../support/native-variant.js';
import { assertSuitePassed } from '../support/suite-output.js';

const skip = unlessInstalled('gcc', 'gcc');

interface Mutant extends Mutation {
  readonly title: string;
  /** The test that fails. */
  readonly found: string;
}

const waitsForReset = 'a_reader_waits_for_a_reset_as_long_as_the_lock_is_held';
const findsEachChange = 'a_reader_that_has_read_before_finds_each_change';

const mutants: readonly Mutant[] = [
  {
    title: 'a question for the holder of the lock that leaves the mutex out',
    name: 'holder-without-mutex',
    found: waitsForReset,
    changes: [
      { find: '    if (pthread_mutex_trylock(&store->mutex) != 0)\n        return false;\n', replace: '' },
      { find: '    pthread_mutex_unlock(&store->mutex);\n    return is_unlocked;', replace: '    return is_unlocked;' },
    ],
  },
  {
    title: "a question for the holder of the lock that leaves the file's lock out",
    name: 'holder-without-file',
    found: waitsForReset,
    changes: [{ find: '&& fcntl(store->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK', replace: '' }],
  },
  {
    title: 'a question for the holder of the lock that leaves the fork out',
    name: 'holder-without-fork',
    found: 'a_forked_child_waits_for_a_reset_of_its_parent',
    changes: [{ find: 'is_unlocked = !store->forked && ', replace: 'is_unlocked = ' }],
  },
  {
    title: 'a reader that takes all as unchanged',
    name: 'all-unchanged',
    found: findsEachChange,
    changes: [
      {
        find: 'return turns % 2 == 0 && turns == reader->turns &&',
        replace: 'return reader->turns != NOTHING_READ &&',
      },
    ],
  },
  {
    title: 'a lock that leaves no trace',
    name: 'lock-without-trace',
    found: findsEachChange,
    changes: [
      { find: '&store->header->turns, (turns + 1) | 1, ', replace: '&store->header->turns, turns, ' },
      { find: '&store->header->turns, (turns | 1) + 1, ', replace: '&store->header->turns, turns, ' },
    ],
  },
  {
    title: 'gauges that are taken as steady',
    name: 'steady-gauges',
    found: findsEachChange,
    changes: [
      {
        find: 'if (pcm__is_like_gauge(type) || load(&record->owner) != 0)',
        replace: 'if (pcm__is_like_gauge(type)) return PCM__STEADY;\n    if (load(&record->owner) != 0)',
      },
    ],
  },
];

function buildSuite(flags: readonly string[], mutation?: Mutation): Promise<string> {
  return buildVariant({
    name: `core-suite${mutation ? `-${mutation.name}` : ''}`,
    sources: ['core', ...coreSuite()],
    flags,
    ...(mutation ? { mutation } : {}),
  });
}

/** What the suite prints, or those of its tests whose names hold this. */
function runSuite(executable: string, env: NodeJS.ProcessEnv, filter = ''): Promise<string> {
  return new Promise((resolve) => {
    execFile(executable, [filter], { env: { ...process.env, ...env }, timeout: 240_000 }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

// Those of the fallback's suite, so that most of it is compiled already: none of these tests is about critical sections.
const flags = ['-O2', withoutRseq];

test('as it is, the core passes each of these tests', { skip }, async () => {
  const executable = await buildSuite(flags);
  for (const name of new Set(mutants.map(({ found }) => found))) {
    assert.match(await runSuite(executable, {}, name), new RegExp(`^ok ${name}\\n1 passed, 0 failed\\n$`));
  }
});

for (const { title, found, ...mutation } of mutants) {
  test(`found: ${title}`, { skip }, async () => {
    const output = await runSuite(await buildSuite(flags, mutation), {}, found);
    assert.match(output, new RegExp(`^not ok ${found}\\n0 passed, 1 failed\\n$`, 'm'), output);
  });
}

test('where critical sections are not restarted the core finds it out, says so, and counts on atomic lanes', {
  skip,
}, async (t) => {
  // The section of the probe is not announced, so that the kernel cannot restart it.
  const executable = await buildSuite(['-O2'], {
    name: 'probe-unannounced',
    changes: [{ find: 'PCM__RSEQ_ENTER "mov', replace: '"1:\\n\\t" "mov' }],
  });
  const output = await runSuite(executable, { PCM_TEST_REGISTRATION: 'none', PCM_TEST_SCALE: '0.1' });
  t.diagnostic(/^# registration .*$/m.exec(output)?.[0] ?? '');
  const reason = 'this kernel did not restart a critical section that was interrupted';
  assert.match(output, new RegExp(`^# registration none: ${reason}$`, 'm'), output);
  assertSuitePassed(output);
});
