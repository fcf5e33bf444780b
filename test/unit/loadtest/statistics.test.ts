import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pairedRatios, quantile, summarize } from '../../../loadtest/statistics.js';

describe('quantile', () => {
  it('gives the extremes at 0 and 1', () => {
    assert.equal(quantile([1, 5, 9], 0), 1);
    assert.equal(quantile([1, 5, 9], 1), 9);
  });

  it('interpolates between the two nearest ranks', () => {
    assert.equal(quantile([10, 20, 30, 40], 0.5), 25);
    assert.equal(quantile([10, 20, 30, 40], 0.25), 17.5);
  });

  it('gives the only value of a sample of one, whatever is asked for', () => {
    assert.deepEqual(
      [0, 0.3, 1].map((fraction) => quantile([7], fraction)),
      [7, 7, 7],
    );
  });

  it('refuses an empty sample', () => {
    assert.throws(() => quantile([], 0.5), RangeError);
  });

  it('refuses what is not a fraction', () => {
    for (const fraction of [-0.1, 1.1, Number.NaN]) assert.throws(() => quantile([1], fraction), RangeError);
  });
});

describe('summarize', () => {
  it('gives the median and the quartiles of a sample in any order', () => {
    assert.deepEqual(summarize([5, 1, 4, 2, 3]), {
      count: 5,
      min: 1,
      lowerQuartile: 2,
      median: 3,
      upperQuartile: 4,
      max: 5,
    });
  });

  it('orders numbers by value and not by their text', () => {
    assert.equal(summarize([9, 100, 20]).median, 20);
  });

  it('leaves the sample as it is', () => {
    const sample = [3, 1, 2];
    summarize(sample);
    assert.deepEqual(sample, [3, 1, 2]);
  });

  it('is moved by one outlier no further than to the next value', () => {
    assert.equal(summarize([1, 2, 3, 4, 1e9]).median, 3);
  });
});

describe('pairedRatios', () => {
  it('divides round by round', () => {
    assert.deepEqual(pairedRatios([10, 9, 8], [5, 3, 2]), [2, 3, 4]);
  });

  it('cancels out a disturbance that hits both sides of a round', () => {
    // The second round ran at half the speed on both sides; a ratio of medians would be off.
    assert.deepEqual(summarize(pairedRatios([100, 50, 110], [50, 25, 55])).median, 2);
  });

  it('refuses samples of different lengths', () => {
    assert.throws(() => pairedRatios([1, 2], [1]), RangeError);
  });
});
