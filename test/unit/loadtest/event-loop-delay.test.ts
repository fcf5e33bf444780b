import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import { type Delays, serveDelays } from '../../../loadtest/services/event-loop-delay.js';

const ROUNDS = 20;
const BLOCK_MILLISECONDS = 20;
/** Longer than any other work of the machine keeps the loop. */
const LONG_BLOCK_MILLISECONDS = 3000;

interface Served {
  made: () => number;
  begin: () => Promise<void>;
  ask: () => Promise<Delays>;
}

async function serve(t: TestContext): Promise<Served> {
  const app = fastify();
  const made = await serveDelays(app);
  t.after(() => app.close());
  return {
    made,
    begin: async () => void (await app.inject('/delay/begin')),
    ask: async () => (await app.inject('/delay')).json<Delays>(),
  };
}

/** Keeps the event loop for so long from the first call on that it does not hear. */
function block(made: () => number, milliseconds = BLOCK_MILLISECONDS): void {
  const before = made();
  while (made() === before);
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('the delay of the event loop', () => {
  it('is seen every time that the loop is kept right after somebody began to measure', async (t) => {
    const { made, begin, ask } = await serve(t);
    const longest: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await begin();
      block(made);
      longest.push((await ask()).longest);
    }
    assert.deepEqual(
      longest.filter((one) => one < BLOCK_MILLISECONDS),
      [],
    );
  });

  it('has been heard once when the measurement is said to have begun', async (t) => {
    const { begin, ask } = await serve(t);
    for (let round = 0; round < ROUNDS; round += 1) {
      await begin();
      const { longest, p99 } = await ask();
      assert.ok(longest > 0 && p99 > 0);
    }
  });

  it('is called for by nobody while nobody measures', async (t) => {
    const { made, begin, ask } = await serve(t);
    assert.equal(made(), 0);
    await begin();
    await ask();
    // The call that was due already may still be made.
    await sleep(100);
    const before = made();
    await sleep(100);
    assert.equal(made(), before);
  });

  it('does not have what kept the loop before, though that is heard later', async (t) => {
    const { made, begin, ask } = await serve(t);
    await begin();
    block(made, LONG_BLOCK_MILLISECONDS);
    await begin();
    assert.ok((await ask()).longest < LONG_BLOCK_MILLISECONDS);
  });
});
