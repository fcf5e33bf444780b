import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimer } from '#src/metrics/timer.js';

test('a timer stores the seconds that it returns', async () => {
  const stored: number[] = [];
  const stop = startTimer((seconds) => stored.push(seconds));
  await sleep(20);
  const seconds = stop();
  assert.deepEqual(stored, [seconds]);
  assert.ok(seconds >= 0.015 && seconds < 20, `${seconds} s`);
});

test('a timer that is stopped twice stores twice, since its start', () => {
  const stored: number[] = [];
  const stop = startTimer((seconds) => stored.push(seconds));
  const first = stop();
  const second = stop();
  assert.deepEqual(stored, [first, second]);
  assert.ok(second >= first);
});
