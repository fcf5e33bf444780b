/**
 * The tests of proof/model.test.ts find what they are there for: each of these changes of the core and the exposition is
 * built, and sequences of operations must come to values that are not those of the model, scrapes beside writers to
 * some that go down or contradict each other.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unlessInstalled } from '../support/debian-package.js';
import { mutatedAddon } from '../support/mutated-addon.js';
import type { Mutation } from '../support/native-variant.js';
import { blindReader } from '../support/reader-fault.js';

const file = fileURLToPath(new URL('model.test.js', import.meta.url));
const skip = unlessInstalled('g++', 'gcc', 'g++');

const sum = 'sum_integers(const struct pcm_store *store, uint32_t cell) {\n    uint64_t sum = 0;\n';

/** A test of the model, and what it says where it finds a fault. */
interface Finder {
  readonly test: string;
  readonly complaint: RegExp;
}

const comparison: Finder = {
  test: '^a store is what a map of numbers is',
  complaint: /Expected values to be strictly deep-equal:[\s\S]*at Model\.compare/,
};
const scrapes: Finder = {
  test: '^while four threads of two processes count',
  complaint: /work_\S+ \{.*\} went from \d+ to \d+/,
};

interface Mutant extends Mutation {
  readonly title: string;
  /** The comparison by default. */
  readonly finder?: Finder;
}

const mutants: readonly Mutant[] = [
  {
    name: 'model-forgotten-lane',
    title: 'a reset forgets the first lane that has counted',
    changes: [
      {
        find: `${sum}    for (uint32_t lane = 0;`,
        replace: `${sum}    uint32_t lane = 0;
    while (lane < pcm__store_all_lanes(store) && *pcm__store_word(store, lane, cell) == 0)
        lane++;
    for (lane++;`,
      },
    ],
  },
  {
    name: 'model-kept-lanes',
    title: 'a set leaves in the value what was added before',
    changes: [{ find: 'integer_base = -sum_integers(store, cells.first);', replace: 'integer_base = 0;' }],
  },
  {
    name: 'model-kept-fractions',
    title: 'a set leaves fractions in the value',
    changes: [{ find: '    if (!any)\n        return PCM_OK;', replace: '    return PCM_OK;' }],
  },
  {
    name: 'model-same-cell',
    title: 'what is added after a set is rounded to the size of what was there before',
    changes: [
      {
        find: '    if (pcm__life_may_retire(store) || !isfinite(sum))\n',
        replace: '    if (!isfinite(sum))\n',
      },
    ],
  },
  {
    name: 'model-former-cell',
    title: 'what is observed after a reset goes to the sum from before',
    changes: [{ find: ' != histogram->moves, 0)', replace: ' != histogram->moves && false, 0)' }],
  },
  {
    name: 'model-no-base',
    title: 'a reader leaves the base of integers out',
    changes: [{ find: '        add_integers(sums, base, sizeof(uint64_t), count);\n', replace: '        ;\n' }],
  },
  {
    name: 'model-last-series',
    title: 'the reset of a family leaves the last series out',
    changes: [
      {
        find: 'reset->end = pcm__index_series_count(&store->index);',
        replace: 'reset->end = pcm__index_series_count(&store->index) - (pcm__index_series_count(&store->index) > 0);',
      },
    ],
  },
  {
    name: 'model-bucket',
    title: 'what is at the bound of a bucket goes to the next one',
    changes: [{ find: 'low[half] < value', replace: 'low[half] <= value' }],
  },
  {
    name: 'model-blind-reader',
    title: 'every other time a reader finds nothing',
    changes: blindReader,
    finder: scrapes,
  },
  {
    name: 'model-count',
    title: 'the count of a histogram leaves out what is above the last bound',
    changes: [
      {
        find: 'writer.Integer(static_cast<int64_t>(count));\n        }',
        replace: 'writer.Integer(static_cast<int64_t>(count) - buckets[bucket_count_ - 1]);\n        }',
      },
    ],
    finder: { ...scrapes, complaint: /Expected values to be strictly equal:[\s\S]*checkScrape \(/ },
  },
];

/** What a test prints with an addon; it ends at the first fault, for a shorter sequence is no use here. */
function runWith(addon: string, { test: title }: Finder): Promise<string> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PERCPU_METRICS_PREBUILD: addon,
    PREBUILDS_ONLY: '1',
    PCM_TEST_SHRINK: 'no',
  };
  // Set by the runner for this file: a run in it would report to that runner.
  delete env['NODE_TEST_CONTEXT'];
  const args = ['--test-reporter=tap', `--test-name-pattern=${title}`, file];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: 120_000 }, (_error, stdout) => resolve(stdout));
  });
}

for (const { title: fault, finder = comparison, ...mutation } of mutants) {
  test(`${fault}: that is found`, { skip }, async (t) => {
    const output = await runWith(mutatedAddon(t, mutation), finder);
    assert.match(output, new RegExp(finder.test.replace('^', '^not ok \\d+ - '), 'm'));
    assert.match(output, finder.complaint, output);
  });
}
