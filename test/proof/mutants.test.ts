/**
 * The torture finds what it is there for: each of these changes of the core is built, and each must be found, by what
 * it does. The first is the negative control: the same additions, unprotected, lose counts.
 */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import type { Mutation } from '../support/native-variant.js';
import { blindReader } from '../support/reader-fault.js';
import { commitEarly, commitLate, unprotected } from '../support/section-faults.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import {
  buildTorture,
  everyRole,
  missedPoints,
  runTorture,
  type TortureOptions,
  type TortureReport,
} from '../support/torture.js';

const skip =
  process.arch !== 'x64'
    ? 'these changes are of the code for x86-64'
    : availableParallelism() > 1
      ? false
      : 'needs two CPUs';

const MOST_ROUNDS = 5;

interface Mutant extends Mutation {
  readonly title: string;
  readonly options?: Partial<TortureOptions>;
  readonly isFound: (report: TortureReport) => boolean;
}

const mutants: readonly Mutant[] = [
  {
    ...unprotected,
    title: 'the descriptor is not announced (the control): counts are lost, and nothing is restarted',
    options: { roles: ['unpinned', 'pinned', 'storm', 'fork'] },
    // One instruction adds an integer: interrupted, it loses next to nothing.
    isFound: ({ lostOf, aborts }) => lostOf.fraction > 0 && lostOf.sum > 0 && aborts === 0,
  },
  {
    ...commitEarly('x86_64'),
    title: 'the section ends one instruction before the commit: counts are lost',
    isFound: ({ lost, aborts }) => lost > 0 && aborts > 0,
  },
  {
    ...commitLate,
    title: 'the section ends one instruction behind the commit: amounts are added twice',
    isFound: ({ surplus, lost }) => surplus > 0 && lost === 0,
  },
  {
    name: 'no-cpu-check',
    title: 'the CPU is not compared with the number of lanes: a plain add meets atomic ones, and counts are lost',
    changes: [{ find: '"jae %l[out_of_range]\\n\\t"', replace: '' }],
    options: { lanes: 1, roles: ['pinned', 'pinned', 'off', 'off'] },
    isFound: ({ lost }) => lost > 0,
  },
  {
    name: 'shared-word',
    title: 'the fallback adds to words of CPUs: counts are lost',
    changes: [
      {
        find: 'return store->geometry.lanes + thread_number % store->geometry.atomic_lanes;',
        replace: 'return thread_number % store->geometry.lanes;',
      },
    ],
    options: { roles: ['pinned', 'pinned', 'off', 'off'] },
    isFound: ({ lost }) => lost > 0,
  },
  {
    name: 'base-not-subtracted',
    title: 'a set leaves in the value what was added before: a gauge is not what it was set to',
    changes: [{ find: 'integer_base = -sum_integers(store, cells.first);', replace: 'integer_base = 0;' }],
    options: { milliseconds: 300, roles: ['unpinned'] },
    isFound: ({ wrongSets, lost, surplus }) => wrongSets === 1 && lost === 0 && surplus === 0,
  },
  {
    name: 'blind-reader',
    title: 'every other time a reader finds nothing: what it reads goes down',
    changes: blindReader,
    options: { roles: ['unpinned', 'pinned'] },
    isFound: ({ decreases }) => decreases > 0,
  },
];

for (const { title, options, isFound, ...mutation } of mutants) {
  test(title, { skip }, async (t) => {
    const executable = await buildTorture(mutation);
    let report: TortureReport;
    let rounds = 0;
    // Two threads must meet at one word for most of these, which on a busy machine they may not do in one round.
    do {
      const conditions = { milliseconds: 1500, roles: everyRole, ...options };
      report = await runTorture(executable, temporaryDirectory(t), conditions);
      t.diagnostic(JSON.stringify(report));
      rounds += 1;
    } while (!isFound(report) && rounds < MOST_ROUNDS);
    assert.ok(isFound(report), JSON.stringify(report));
  });
}

test('a point of injection that is not in the section any more is missed (the control)', { skip }, async (t) => {
  const executable = await buildTorture({
    name: 'point-gone',
    changes: [{ find: '"addsd %[amount], %%xmm15\\n\\t" PCM__INJECT(7)', replace: '"addsd %[amount], %%xmm15\\n\\t"' }],
  });
  const report = await runTorture(executable, temporaryDirectory(t), { milliseconds: 300, roles: ['unpinned'] });
  t.diagnostic(JSON.stringify(report.hits));
  const kinds = ['fraction', 'observation', 'gauge'];
  assert.deepEqual(
    missedPoints(report),
    kinds.map((kind) => `point 7 of ${kind}`),
  );
});
