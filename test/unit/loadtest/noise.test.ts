import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chanceOf,
  differsBeyondNoise,
  FALSE_ALARMS,
  LEAST_SAMPLES,
  risesBeyondNoise,
} from '../../../loadtest/noise.js';

const ROUNDS = [5, 7, 9];
const RUNS = 3000;

/** Numbers between 0 and 1 that are the same in every run of this test. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Samples around a value, with the standard deviation as a part of it. */
function samples(random: () => number, count: number, value: number, noise: number): number[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, () => value * (1 + noise * normal()));
}

/** Part of the runs in which two designs differ, the second of which has so many times the first one's value. */
function rateOf(rounds: number, times: number, noise: number, differ = differsBeyondNoise): number {
  const random = uniform(rounds);
  let found = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const first = samples(random, rounds, 100, noise);
    if (differ(first, samples(random, rounds, 100 * times, noise))) found += 1;
  }
  return found / RUNS;
}

describe('a difference beyond the noise', () => {
  it('is seldom found between two of the same, however few rounds there are', () => {
    for (const rounds of [3, 4, ...ROUNDS]) {
      const rate = rateOf(rounds, 1, 0.15);
      assert.ok(rate < 2 * FALSE_ALARMS, `${rounds} rounds: ${rate}`);
    }
  });

  it('is found where one costs twice as much, from five rounds on', () => {
    for (const rounds of ROUNDS) {
      const rate = rateOf(rounds, 2, 0.1);
      assert.ok(rate > 0.95, `${rounds} rounds: ${rate}`);
    }
  });

  it('takes as many samples of both as can be on one side of each other so seldom by chance', () => {
    const rising = (count: number, from: number): number[] => Array.from({ length: count }, (_, index) => from + index);
    const chances = [LEAST_SAMPLES - 1, LEAST_SAMPLES].map((count) => chanceOf(rising(count, 1), rising(count, 100)));
    assert.deepEqual(chances, [2 / 70, 2 / 252]);
    assert.ok((chances[0] ?? 0) > FALSE_ALARMS && (chances[1] ?? 1) <= FALSE_ALARMS);
    assert.equal(differsBeyondNoise(rising(4, 1), rising(40, 100)), false);
    assert.equal(differsBeyondNoise(rising(5, 1), rising(5, 100)), true);
    assert.equal(differsBeyondNoise(rising(5, 100), rising(5, 1)), true);
  });

  it('is none where the medians are a few percent apart only', () => {
    assert.equal(differsBeyondNoise([100, 100, 100, 100, 100], [104, 104, 104, 104, 104]), false);
    assert.equal(differsBeyondNoise([100, 100, 100, 100, 100], [106, 106, 106, 106, 106]), true);
  });

  it('counts ties against both', () => {
    assert.equal(chanceOf([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]), 1);
    // One of 25 pairs the wrong way round, as if it were reversed: 2 orders of 252 on either side.
    assert.equal(chanceOf([1, 2, 3, 4, 5], [5, 6, 7, 8, 9]), 4 / 252);
  });

  it('has chances that add up, also of many samples', () => {
    const first = [1, 2, 3, 4, 5, 6, 7, 22];
    const second = [6.5, 8, 9, 10, 11, 12, 13, 14];
    // 9 of 64 pairs are the wrong way round: the partitions of 0 to 9 into at most 8 parts of at most 8 are 95.
    assert.equal(chanceOf(first, second), (2 * 95) / 12_870);
    const many = Array.from({ length: 35 }, (_, index) => index);
    assert.equal(chanceOf(many, many), 1);
    assert.ok(
      chanceOf(
        many,
        many.map((one) => one + 100),
      ) < 1e-15,
    );
  });
});

describe('a rise beyond the noise', () => {
  const low = [8, 9, 7, 10, 8.5, 9.5, 8];
  const high = [40, 32, 41, 39, 42, 38, 40.5];

  it('is found although one round of the lower sample was dearer than any of the higher', () => {
    for (let round = 0; round < low.length; round += 1) {
      const disturbed = low.with(round, 500);
      assert.equal(differsBeyondNoise(disturbed, high), false);
      assert.equal(risesBeyondNoise(disturbed, high), true);
    }
  });

  it('is not made by one round of the higher sample, nor found downwards', () => {
    for (let round = 0; round < low.length; round += 1)
      assert.equal(risesBeyondNoise(low, low.with(round, 500)), false);
    assert.equal(risesBeyondNoise(high, low), false);
    assert.equal(risesBeyondNoise(low, high), true);
  });

  it('is as seldom found between two of the same as a difference is', () => {
    for (const rounds of [3, 4, ...ROUNDS]) {
      const rate = rateOf(rounds, 1, 0.15, risesBeyondNoise);
      assert.ok(rate < 2 * FALSE_ALARMS, `${rounds} rounds: ${rate}`);
    }
  });

  it('takes five rounds at least, and more than a few percent', () => {
    assert.equal(risesBeyondNoise([1, 2, 3, 4], [10, 20, 30, 40]), false);
    assert.equal(risesBeyondNoise([1, 2, 3, 4, 5], [10, 20, 30, 40, 50]), true);
    assert.equal(risesBeyondNoise([1, 2, 3, 4, 500], [10, 20, 30, 40, 50]), false);
    assert.equal(risesBeyondNoise([100, 100, 100, 100, 100, 100], [104, 104, 104, 104, 104, 104]), false);
  });
});
