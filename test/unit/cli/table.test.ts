/** Aligned columns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTable } from '#src/cli/table.js';

test('columns are as wide as their widest cell, and lines have no spaces at their ends', () => {
  const columns = [
    { title: 'NAME', align: 'left' },
    { title: 'VALUE', align: 'right' },
    { title: 'NOTE', align: 'left' },
  ] as const;
  assert.equal(
    renderTable(columns, [
      ['a', '1', ''],
      ['longer', '1234567', 'x'],
    ]),
    'NAME      VALUE  NOTE\na             1\nlonger  1234567  x\n',
  );
});

test('a table without rows has its titles, and a hundred thousand rows are no problem', () => {
  assert.equal(renderTable([{ title: 'A', align: 'left' }], []), 'A\n');
  const rows = Array.from({ length: 100_000 }, (_, index) => [String(index)]);
  assert.equal(renderTable([{ title: 'A', align: 'right' }], rows).split('\n').length, 100_002);
});
