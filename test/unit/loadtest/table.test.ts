import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { summarize } from '../../../loadtest/statistics.js';
import { formatNumber, formatRatio, formatSpread, renderTable } from '../../../loadtest/table.js';

describe('renderTable', () => {
  it('aligns the first column to the left and figures to the right', () => {
    const text = renderTable(
      ['', 'requests/s', 'exact'],
      [
        ['rseq', '81,000', 'yes'],
        ['percpu-atomic', '9', 'NO'],
      ],
    );
    assert.deepEqual(text.split('\n'), [
      '               requests/s  exact',
      '-------------  ----------  -----',
      'rseq               81,000    yes',
      'percpu-atomic           9     NO',
    ]);
  });

  it('leaves cells empty that a row does not have', () => {
    assert.deepEqual(renderTable(['a', 'b'], [['x']]).split('\n'), ['a  b', '-  -', 'x']);
  });

  it('counts characters and not code units', () => {
    assert.deepEqual(renderTable(['a', 'b'], [['😀', '1']]).split('\n')[2], '😀  1');
  });
});

describe('formatted figures', () => {
  it('group thousands and keep their decimals', () => {
    assert.equal(formatNumber(1234567.891, 0), '1,234,568');
    assert.equal(formatNumber(0.5, 2), '0.50');
  });

  it('are a dash where there is none', () => {
    assert.deepEqual(
      [formatNumber(undefined, 1), formatNumber(Number.NaN, 1), formatRatio(undefined), formatSpread(undefined, 1)],
      ['-', '-', '-', '-'],
    );
  });

  it('show a ratio with as many decimals as it deserves', () => {
    assert.deepEqual([formatRatio(0.953), formatRatio(9.994), formatRatio(28.25)], ['0.95x', '9.99x', '28.3x']);
  });

  it('show the quartiles as a spread', () => {
    assert.equal(formatSpread(summarize([1, 2, 3, 4, 5]), 1), '2.0..4.0');
  });
});
