/** The table of holders gives back what was put in, by series, whatever comes and goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HolderTable, type SeriesHolder } from '#src/store/holder-table.js';

const holderOf = (heldSeries: number): SeriesHolder => ({ heldSeries });

test('of very many holders each is found by its series, once', () => {
  const table = new HolderTable<SeriesHolder>();
  const holders = Array.from({ length: 20_000 }, (_, index) => holderOf(index * 14 * 8 + 1));
  for (const holder of holders) table.add(holder);
  for (const holder of holders) assert.deepEqual(table.take(holder.heldSeries), [holder]);
  for (const holder of holders) assert.deepEqual(table.take(holder.heldSeries), []);
  assert.deepEqual(table.takeAll(), []);
});

test('after all were taken out there is room for as many again', () => {
  const table = new HolderTable<SeriesHolder>();
  for (const count of [1000, 1000]) {
    for (let series = 0; series < count; series += 1) table.add(holderOf(series));
    assert.equal(table.takeAll().length, count);
  }
});

test('holders that come and go are those that a map has, several of one series among them', () => {
  // Ids beyond 32 bits, and pairs of them that only differ there.
  const series = fc.integer({ min: 1, max: 40 }).map((number) => (number % 20) * 8 + 1 + (number > 20 ? 2 ** 34 : 0));
  const step = fc.record({ series, isTake: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new HolderTable<SeriesHolder>();
      const model = new Map<number, SeriesHolder[]>();
      for (const { series, isTake } of steps) {
        const held = model.get(series) ?? [];
        if (isTake) {
          assert.deepEqual(new Set(table.take(series)), new Set(held));
          model.delete(series);
        } else {
          const holder = holderOf(series);
          table.add(holder);
          model.set(series, [...held, holder]);
        }
      }
      const left = [...model.values()].flat();
      const all = table.takeAll();
      assert.equal(all.length, left.length);
      assert.deepEqual(new Set(all), new Set(left));
      assert.deepEqual(table.takeAll(), []);
    }),
    { numRuns: 500 },
  );
});
