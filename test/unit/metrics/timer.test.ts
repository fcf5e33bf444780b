import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimer, timed } from '#src/metrics/timer.js';

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

test('the time of what has a then is that until it is settled, and its then is called once', async () => {
  const stored: number[] = [];
  const note = (seconds: number) => stored.push(seconds);
  let calls = 0;
  const settle: ((value: number) => void)[] = [];
  const query = {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then(resolve: (value: number) => void): void {
      calls += 1;
      settle.push(resolve);
    },
  };
  const result = timed(() => query, note) as unknown as Promise<number>;
  await Promise.resolve();
  assert.deepEqual(stored, []);
  settle[0]?.(7);
  assert.equal(await result, 7);
  assert.equal(stored.length, 1);
  assert.equal(calls, 1);
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  const failing = { then: (_: unknown, reject: (reason: unknown) => void) => reject(new Error('no')) };
  await assert.rejects(timed(() => failing, note) as unknown as Promise<unknown>, /no/);
  assert.equal(stored.length, 2);
});

test('what is no function has no time', () => {
  assert.throws(() => timed(5 as never, () => assert.fail()), {
    code: 'ERR_PCM_ARGUMENT',
    message: /function.*, not 5/,
  });
});
