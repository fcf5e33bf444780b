/**
 * The store against a model of it, under sequences of operations that nobody thought of: by two processes, one of which
 * is killed and replaced. Amounts are of any size, and sums are compared with sums that are never rounded. And what holds
 * in every scrape while others count. The sequences are the same in every run.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { openStore, type Store } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { ExactSum } from '../support/exact-sum.js';
import { parseSamples, type Sample } from '../support/sample.js';
import { applyToStore, families, labels, Model, type Operation } from '../support/store-model.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { numberOf, temporaryStore } from '../support/temporary-store.js';

const program = (name: string) => fileURLToPath(new URL(`../support/programs/${name}.js`, import.meta.url));
const seed = 20240301;
/** Random sequences; `PERCPU_METRICS_MODEL` may be more. */
const LEAST = 6;
const SEQUENCES = Number(process.env['PERCPU_METRICS_MODEL'] ?? LEAST);
if (!(Number.isInteger(SEQUENCES) && SEQUENCES >= LEAST)) {
  throw new Error(
    `PERCPU_METRICS_MODEL is a number of sequences from ${LEAST} on, not ${process.env['PERCPU_METRICS_MODEL']}`,
  );
}

/** What fractions are about as large as. */
const sizes = [1e-9, 1e-3, 1, 1e6, 2 ** 32, 1e12];
/** On both sides of what an integer, or a double, can be told from the next one. */
const odd = [1e-9, 0.1, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 2 ** 62, 1e20];

const operation = fc.record<Operation>({
  act: fc.oneof(
    { weight: 8, arbitrary: fc.constant('add' as const) },
    { weight: 4, arbitrary: fc.constant('put' as const) },
    { weight: 3, arbitrary: fc.constantFrom('reset' as const, 'resetFamily' as const) },
    { weight: 1, arbitrary: fc.constantFrom('conflict' as const, 'reopen' as const) },
  ),
  family: fc.constantFrom(...families),
  label: fc.constantFrom(...labels),
  amount: fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: -(2 ** 22), max: 2 ** 22 }).map((quarters) => quarters / 4) },
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom(...sizes), fc.constantFrom(1, -1), fc.double({ min: 1, max: 2, noNaN: true }))
        .map(([size, sign, factor]) => size * sign * factor),
    },
    { weight: 8, arbitrary: fc.constantFrom(...odd, ...odd.map((amount) => -amount)) },
    // Two of them are infinite.
    { weight: 1, arbitrary: fc.constantFrom(1e308, -1e308) },
  ),
});

/** Who does it: this process, the other one, or the other one that is killed right after. */
const step = fc.tuple(
  fc.oneof(
    { weight: 10, arbitrary: fc.constant('here' as const) },
    { weight: 10, arbitrary: fc.constant('there' as const) },
    { weight: 1, arbitrary: fc.constant('kill' as const) },
  ),
  operation,
);

async function startOther(t: TestContext, path: string): Promise<Child> {
  const child = await Child.start(t, [process.execPath, program('operating'), path], { channel: true });
  await child.waitForMessage();
  return child;
}

/** How often each operation was drawn, and who was to do it. */
const drawn = new Map<string, number>();

/** The path is in a directory of the test's own; every sequence has a store of its own. */
async function followSteps(t: TestContext, path: string, steps: readonly (readonly [string, Operation])[]) {
  for (const [who, { act }] of steps) for (const what of [who, act]) drawn.set(what, (drawn.get(what) ?? 0) + 1);
  const model = new Model();
  let store = openStore({ path });
  let other = await startOther(t, path);
  try {
    for (const [who, one] of steps) {
      model.apply(one);
      if (who !== 'here') {
        other.send(one);
        await other.waitForMessage();
      } else if (one.act === 'reopen') {
        store.close();
        store = openStore({ path });
      } else {
        applyToStore(store, one);
      }
      if (who === 'kill') {
        other.kill('SIGKILL');
        await other.exit;
        other = await startOther(t, path);
      }
      model.compare(store);
    }
  } finally {
    store.close();
    await other.stop();
  }
}

test('a store is what a map of numbers is, whichever of two processes changes it, also when one is killed', async (t) => {
  const directory = temporaryDirectory(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 200, size: 'max' }), (steps) =>
      followSteps(t, join(directory, `${runs++}.pcm`), steps),
    ),
    {
      seed,
      numRuns: SEQUENCES,
      interruptAfterTimeLimit: 40_000 * SEQUENCES,
      markInterruptAsFailure: true,
      includeErrorInReport: true,
      endOnFailure: process.env['PCM_TEST_SHRINK'] === 'no',
    },
  );
  t.diagnostic(JSON.stringify([...drawn]));
  for (const what of ['here', 'there', 'kill', 'add', 'put', 'reset', 'resetFamily', 'conflict', 'reopen']) {
    assert.ok((drawn.get(what) ?? 0) > 0, `${what} was never drawn`);
  }
});

test('a sum of any fractions is off by at most one rounding for each', (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'sum_total', help: 'Sum.', labelNames: ['run'] });
  const amounts = fc.array(fc.double({ min: 2 ** -60, max: 2 ** 40, noNaN: true }), { minLength: 1, maxLength: 300 });
  let runs = 0;
  fc.assert(
    fc.property(amounts, (list) => {
      const run = `${runs++}`;
      for (const amount of list) counter.labels(run).inc(amount);
      const found = numberOf(store, 'sum_total', { run });
      assert.equal(found, ExactSum.of(...list).nearest(found), list.join(' + '));
    }),
    { seed, numRuns: 100 },
  );
});

test('a sum of any integers up to 2^63 is exact in a scrape', async (t) => {
  const store = temporaryStore(t);
  const counter = store.counter({ name: 'sum_total', help: 'Sum.', labelNames: ['run'] });
  const amounts = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 1000, size: 'max' });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(amounts, async (list) => {
      const run = `${runs++}`;
      for (const amount of list) counter.labels(run).inc(amount);
      const exact = list.reduce((sum, amount) => sum + BigInt(amount), 0n);
      assert.ok((await store.metrics()).includes(`\nsum_total{run="${run}"} ${exact}\n`), `${exact} is not there`);
    }),
    { seed, numRuns: 50 },
  );
});

const growing = /^work_(?:total|cost_total|size_bytes_(?:bucket|sum|count))$/;

/** Fails where a number went down, or a histogram contradicts itself. */
function checkScrape(samples: readonly Sample[], before: Map<string, number>): void {
  for (const { name, labels: own, value } of samples.filter((sample) => growing.test(sample.name))) {
    const key = `${name} ${JSON.stringify(own)}`;
    assert.ok(value >= (before.get(key) ?? 0), `${key} went from ${before.get(key)} to ${value}`);
    before.set(key, value);
  }
  const all = samples.find(({ name, labels: own }) => name === 'work_size_bytes_bucket' && own['le'] === '+Inf');
  assert.equal(samples.find(({ name }) => name === 'work_size_bytes_count')?.value, all?.value);
}

async function startWriters(t: TestContext, store: Store, increments: number): Promise<Child[]> {
  const command = [process.execPath, program('counting'), store.path, `${increments}`, '1'];
  const writers = await Promise.all([1, 2].map(() => Child.start(t, command)));
  await Promise.all(writers.map((writer) => writer.waitForOutput(/^ready$/m)));
  for (const writer of writers) writer.writeLine('go');
  return writers;
}

test('while four threads of two processes count, no scrape has less than the one before, nor contradicts itself', async (t) => {
  const store = temporaryStore(t);
  const increments = 1_000_000;
  const writers = await startWriters(t, store, increments);
  const before = new Map<string, number>();
  const totals = new Set<number>();
  while (writers.some((writer) => writer.running)) {
    checkScrape(parseSamples(await store.metrics()), before);
    totals.add(before.get('work_total {"kind":"plain"}') ?? 0);
  }
  checkScrape(parseSamples(await store.metrics()), before);
  t.diagnostic(`${totals.size} different totals in scrapes`);
  assert.ok(totals.size > 2, 'nothing was counted between two scrapes');
  assert.equal(before.get('work_total {"kind":"plain"}'), 4 * increments);
  assert.equal(before.get('work_size_bytes_count {}'), 4 * increments);
});
