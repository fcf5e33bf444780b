/**
 * A process that dies half-way leaves a store that the next one can use: it is killed before every write to the
 * mapping and before every system call that changes something, in turn, in each operation that appends to the catalog,
 * takes cells or a slot or gives cells away, or makes a file, in those that reset or remove a series or a family, and in those
 * that remove what dead processes have left or finish what they have begun, in the same boot and in the next one. The points are found by the compiler, not listed by hand.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { buildVariant, type Mutation, withoutRseq } from '../support/native-variant.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const wrapped =
  'mmap memcpy memset fallocate ftruncate pwrite fchmod linkat link mkostemp unlink rename close open fcntl'.split(' ');
const own = ['', '_points', '_series', '_store', '_witness'].map((part) => `proof/crash${part}.c`);

function buildCrash(mutation?: Mutation): Promise<string> {
  const flags = ['-O1'];
  return buildVariant({
    name: mutation ? `crash-${mutation.name}` : 'crash',
    sources: ['core', ...own],
    // Without critical sections, as the compiler announces no writes of assembly; without built-in memcpy and memset.
    flags: [...flags, '-fno-builtin', '-fsanitize=thread', '-Wno-tsan', withoutRseq],
    otherFlags: Object.fromEntries(own.map((path) => [path, flags])),
    linkFlags: wrapped.map((name) => `-Wl,--wrap=${name}`),
    ...(mutation ? { mutation } : {}),
  });
}

interface Outcome {
  readonly points: number;
  readonly failed: number;
}

async function runCrash(
  executable: string,
  directory: string,
): Promise<{ outcomes: Map<string, Outcome>; log: string }> {
  const { stdout } = await promisify(execFile)(executable, [directory], { timeout: 240_000, maxBuffer: 1 << 26 });
  const lines = [...stdout.matchAll(/^(\w+) (\d+) (\d+)$/gm)];
  const outcomes = lines.map(([, name = '', points, failed]): [string, Outcome] => [
    name,
    { points: Number(points), failed: Number(failed) },
  ]);
  return { outcomes: new Map(outcomes), log: stdout };
}

/**
 * The operations in their order, and how many points each has at least: four fifths of what there were when this was
 * written. The number is the same in each run, but another compiler, or a change of the core, writes a little more or less.
 */
const FEWEST_POINTS = {
  create: 21,
  attach: 12,
  family: 68,
  series: 29,
  bind_all: 93,
  histogram: 91,
  cell: 24,
  set: 40,
  set_again: 18,
  set_reboot: 18,
  restart: 43,
  restart_reboot: 43,
  finish: 131,
  finish_reboot: 261,
  exemplars: 52,
  remove: 10,
  reset_all: 58,
  remove_all: 21,
  close: 4,
  carry: 166,
  sweep: 36,
  inherit: 12,
};

test('after a death at any point of any operation the next process finds all that was there, and carries on', async (t) => {
  const { outcomes, log } = await runCrash(await buildCrash(), temporaryDirectory(t));
  t.diagnostic(JSON.stringify([...outcomes]));
  assert.deepEqual([...outcomes.keys()], Object.keys(FEWEST_POINTS), log);
  for (const [name, fewest] of Object.entries(FEWEST_POINTS)) {
    const { points, failed } = outcomes.get(name) as Outcome;
    assert.ok(points >= fewest, `${name} has ${points} points, and not ${fewest}: some are not found any more`);
    assert.equal(failed, 0, log);
  }
});

test('a record that is published before it is written is found by these deaths', async (t) => {
  const executable = await buildCrash({
    name: 'early-publish',
    changes: [
      {
        find: '    *out = at(store, *offset);\n',
        replace: '    *out = at(store, *offset);\n    atomic_store(&store->header->catalog_length, *offset + size);\n',
      },
    ],
  });
  const { outcomes, log } = await runCrash(executable, temporaryDirectory(t));
  for (const appending of ['family', 'series', 'exemplars']) {
    assert.ok((outcomes.get(appending)?.failed ?? 0) > 0, log);
  }
});

test('a link to exemplars that are no record yet is found by these deaths', async (t) => {
  const append = '    int status = pcm__catalog_append_zeros(store, size, PCM__RECORD_EXEMPLARS, &offset);\n';
  const link = 'atomic_store(&record->exemplars, (uint32_t)(atomic_load(&store->header->catalog_length) / 8));\n';
  const executable = await buildCrash({ name: 'early-link', changes: [{ find: append, replace: link + append }] });
  const { outcomes, log } = await runCrash(executable, temporaryDirectory(t));
  assert.ok((outcomes.get('exemplars')?.failed ?? 0) > 0, log);
});

for (const { title, ...mutation } of [
  {
    title: 'removals that nobody finishes',
    name: 'unfinished-removals',
    changes: [{ find: 'status = pcm__life_repair(store);', replace: 'status = PCM_OK;' }],
  },
  {
    title: 'records and cells that a removal leaves to nobody',
    name: 'lost-records',
    changes: [
      {
        find: 'return enqueue(store, link, record, atomic_load_explicit(&store->header->changes, memory_order_relaxed) - 1);',
        replace: 'return PCM_OK;',
      },
    ],
  },
  {
    title: 'removals that those who were there before are not told of',
    name: 'untold-removals',
    changes: [
      {
        find: 'atomic_fetch_add(&header->changes, PCM__CHANGES) + PCM__CHANGES;',
        replace: 'atomic_load(&header->changes);',
      },
    ],
  },
]) {
  test(`${title} are found by these deaths`, async (t) => {
    const { outcomes, log } = await runCrash(await buildCrash(mutation), temporaryDirectory(t));
    for (const removing of ['remove', 'remove_all']) {
      assert.ok((outcomes.get(removing)?.failed ?? 0) > 0, log);
    }
  });
}

test('orphans that nobody looks for any more are found by these deaths', async (t) => {
  const executable = await buildCrash({
    name: 'forgotten-orphans',
    changes: [
      {
        find: '    store->header->orphans = 1;\n    atomic_signal_fence(memory_order_seq_cst);\n    for',
        replace: '    for',
      },
    ],
  });
  const { outcomes, log } = await runCrash(executable, temporaryDirectory(t));
  assert.ok((outcomes.get('sweep')?.failed ?? 0) > 0, log);
});

test('sets that nobody finishes are found by these deaths', async (t) => {
  const executable = await buildCrash({
    name: 'unfinished-sets',
    changes: [{ find: 'status = pcm__rebase_repair(store);', replace: 'status = PCM_OK;' }],
  });
  const { outcomes, log } = await runCrash(executable, temporaryDirectory(t));
  for (const setting of ['set_again', 'reset_all']) {
    assert.ok((outcomes.get(setting)?.failed ?? 0) > 0, log);
  }
});

test('readers that show half of a set are found by these deaths', async (t) => {
  const executable = await buildCrash({
    name: 'half-sets',
    changes: [{ find: 'if (buckets == 0 && (is_left || attempt >= PATIENT_REREADS) && ', replace: 'if (false && ' }],
  });
  const { outcomes, log } = await runCrash(executable, temporaryDirectory(t));
  assert.ok((outcomes.get('set_again')?.failed ?? 0) > 0, log);
});
