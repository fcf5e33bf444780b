import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HandleTree } from '#src/metrics/handle-tree.js';

test('two lists of values never have one handle', () => {
  const parts = ['', 'a', '1:a', ':', '1', '0:', 'a1:a', '"', ',', '\0', '2:'];
  const lists = parts.flatMap((one) => parts.flatMap((two) => parts.map((three) => [one, two, three])));
  const tree = new HandleTree<string[]>();
  for (const list of lists) {
    assert.equal(tree.find(list), undefined, JSON.stringify(list));
    tree.add(list, list);
  }
  for (const list of lists) assert.equal(tree.find([...list]), list);
});

test('a number finds what its string finds, and nothing else does', () => {
  const tree = new HandleTree<string>();
  tree.add(['GET', '200'], 'handle');
  assert.equal(tree.find(['GET', 200]), 'handle');
  for (const value of [201, 200n, ['200'], { toString: () => '200' }, null, undefined]) {
    assert.equal(tree.find(['GET', value]), undefined);
  }
});

test('a list that is too short or too long finds nothing', () => {
  const tree = new HandleTree<string>();
  tree.add(['a', 'b'], 'handle');
  assert.equal(tree.find([]), undefined);
  assert.equal(tree.find(['a']), undefined);
  assert.equal(tree.find(['a', 'b', 'c']), undefined);
});

test('no values at all are a list, too', () => {
  const tree = new HandleTree<string>();
  assert.equal(tree.find([]), undefined);
  tree.add([], 'handle');
  assert.equal(tree.find([]), 'handle');
});

test('a handle that is taken out is not found, and its neighbours are', () => {
  const tree = new HandleTree<string>();
  tree.add(['a', 'b'], 'first');
  tree.add(['a', 'c'], 'second');
  tree.remove(['x', 'y']);
  tree.remove(['a', 'b']);
  assert.equal(tree.find(['a', 'b']), undefined);
  assert.equal(tree.find(['a', 'c']), 'second');
  tree.remove(['a', 'c']);
  tree.add(['a', 'b'], 'third');
  assert.equal(tree.find(['a', 'b']), 'third');
  assert.equal(tree.find(['a', 'c']), undefined);
});

test('lists that come and go find what a map by their JSON has, and nothing of what was removed', () => {
  const value = fc.constantFrom('', 'a', 'b', ',', '"', '\0');
  const step = fc.record({ values: fc.tuple(value, value, value), isRemoval: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tree = new HandleTree<number>();
      const model = new Map<string, number>();
      for (const [index, { values, isRemoval }] of steps.entries()) {
        const key = JSON.stringify(values);
        assert.equal(tree.find(values), model.get(key));
        if (isRemoval) {
          tree.remove(values);
          model.delete(key);
        } else {
          tree.add(values, index);
          model.set(key, index);
        }
      }
      for (const { values } of steps) assert.equal(tree.find(values), model.get(JSON.stringify(values)));
    }),
    { numRuns: 200 },
  );
});
