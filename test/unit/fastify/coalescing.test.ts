import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Coalescing } from '#src/fastify/coalescing.js';

test('who comes while work is under way waits for the next one, which serves them all', async () => {
  const coalescing = new Coalescing<number>();
  const ends: (() => void)[] = [];
  let started = 0;
  const work = () => {
    started += 1;
    const number = started;
    return new Promise<number>((resolve) => ends.push(() => resolve(number)));
  };
  const first = coalescing.run('a', work);
  const late = [coalescing.run('a', work), coalescing.run('a', work), coalescing.run('a', work)];
  const other = coalescing.run('b', work);
  assert.equal(started, 2);
  ends[0]?.();
  assert.equal(await first, 1);
  await setImmediate();
  assert.equal(started, 3);
  const later = coalescing.run('a', work);
  ends[1]?.();
  ends[2]?.();
  assert.deepEqual(await Promise.all(late), [3, 3, 3]);
  assert.equal(await other, 2);
  await setImmediate();
  ends[3]?.();
  assert.equal(await later, 4);
});

test('a failure is the failure of those who waited for it, and of nobody else', async () => {
  const coalescing = new Coalescing<string>();
  const failing = coalescing.run('a', async () => {
    await setImmediate();
    throw new Error('broken');
  });
  const next = coalescing.run('a', async () => 'fine');
  await assert.rejects(failing, /broken/);
  assert.equal(await next, 'fine');
  assert.equal(await coalescing.run('a', async () => 'again'), 'again');
});
