/** Label values are a key that cannot collide, in a handle's look-up and in the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openStore } from 'percpu-metrics';
import { temporaryStore } from '../../support/temporary-store.js';

const part = fc.oneof(
  // What UTF-16 has and UTF-8 has not is the same to the store.
  fc.string({ unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text).toString()),
  fc.constantFrom('', '\0', ',', '"', '\\', '1', '10', ':', '__overflow__', '\u{1f600}'),
);
/** Lists of which many are nearly the same: built of few parts, and cut at different places. */
const lists = fc.array(fc.tuple(part, part, part), { minLength: 2, maxLength: 30 }).map((all) =>
  all.flatMap(([one, two, three]) => [
    [one, two, three],
    [one + two, '', three],
    ['', one + two, three],
    [one, '', two + three],
  ]),
);

test('two lists of values have one handle and one series exactly if they are equal', (t) => {
  const path = temporaryStore(t).path;
  let run = 0;
  const property = fc.property(lists, (all) => {
    run += 1;
    const store = openStore({ path });
    const family = store.counter({ name: `run_${run}_total`, help: 'X.', labelNames: ['a', 'b', 'c'] });
    const counts = new Map<string, number>();
    const handles = new Map<string, object>();
    for (const [a = '', b = '', c = ''] of all) {
      const key = JSON.stringify([a, b, c]);
      const handle = family.labels(a, b, c);
      assert.equal(handles.get(key) ?? handle, handle);
      handles.set(key, handle);
      handle.inc();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assert.equal(new Set(handles.values()).size, handles.size);
    const read = store.snapshot().find(({ name }) => name === family.name)?.series ?? [];
    assert.deepEqual(
      new Map(read.map((one) => [JSON.stringify(Object.values(one.labels)), 'value' in one && one.value])),
      counts,
    );
    store.close();
  });
  fc.assert(property, { numRuns: 60, seed: 20261125 });
});
