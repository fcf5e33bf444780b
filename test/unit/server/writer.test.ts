/** Two processes that declare one family at the same time: whoever comes second takes the definition of the first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore, type Store } from 'percpu-metrics';
import type { Measurement } from '#src/server/measurement.js';
import { ItemError } from '#src/server/problem.js';
import { MeasurementWriter } from '#src/server/writer.js';
import { temporaryStore } from '../../support/temporary-store.js';
import { valuesOf } from './service-app.js';

function measurement(part: Partial<Measurement>): Measurement {
  const nothing = { labels: {}, operation: 'inc', value: 1, help: undefined, buckets: undefined } as const;
  return { type: 'counter', name: 'a_total', ...nothing, ...part };
}

/** A store in which another process declares something right after it was looked up for the first time. */
function overtaken(store: Store, declare: (other: Store) => void): Store {
  let looked = false;
  return new Proxy(store, {
    get(target, property) {
      const value = Reflect.get(target, property, target) as unknown;
      if (property !== 'find') return typeof value === 'function' ? value.bind(target) : value;
      return (name: string) => {
        const found = target.find(name);
        if (!looked) {
          looked = true;
          using other = openStore({ path: target.path });
          declare(other);
        }
        return found;
      };
    },
  });
}

test('another help and another order of the labels are taken over', (t) => {
  const store = temporaryStore(t);
  const declare = (other: Store) =>
    void other
      .counter({ name: 'a_total', help: 'Theirs.', labelNames: ['z', 'a'] })
      .labels('1', '2')
      .inc(5);
  const writer = new MeasurementWriter(overtaken(store, declare), new Set());
  const item = measurement({ labels: { a: '2', z: '1' }, help: 'Ours.' });
  writer.write([item]);
  writer.write([item]);
  assert.equal(store.find('a_total')?.help, 'Theirs.');
  assert.deepEqual(valuesOf(store), { 'a_total{"z":"1","a":"2"}': 7 });
});

test('other labels, buckets or another type are a conflict of the item, and nothing is counted', (t) => {
  const declarations: [(other: Store) => void, Partial<Measurement>, string][] = [
    [(other) => void other.gauge({ name: 'a_total', help: 'Theirs.' }), {}, 'ERR_PCM_TYPE_CONFLICT'],
    [
      (other) => void other.counter({ name: 'a_total', help: 'Theirs.', labelNames: ['b'] }),
      {},
      'ERR_PCM_DEFINITION_CONFLICT',
    ],
    [
      (other) => void other.histogram({ name: 'a_total', help: 'Theirs.', buckets: [1, 2] }),
      { type: 'histogram', operation: 'observe', buckets: [1] },
      'ERR_PCM_DEFINITION_CONFLICT',
    ],
  ];
  for (const [declare, part, code] of declarations) {
    const store = temporaryStore(t);
    const writer = new MeasurementWriter(overtaken(store, declare), new Set());
    const items = [measurement({ name: 'first_total' }), measurement(part)];
    // The first item is the one that is looked up first.
    assert.throws(
      () => writer.write(items.toReversed()),
      (error) => error instanceof ItemError && error.index === 0 && (error.cause as { code: string }).code === code,
    );
    assert.ok(Object.values(valuesOf(store)).every((value) => value === 0));
  }
});
