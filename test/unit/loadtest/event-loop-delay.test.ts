import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastify from 'fastify';
import { type Delays, serveDelays } from '../../../loadtest/services/event-loop-delay.js';

const ROUNDS = 20;
const BLOCK_MILLISECONDS = 20;

/** Keeps the event loop for so long from the first call on that it does not hear. */
function block(made: () => number): void {
  const before = made();
  while (made() === before);
  const until = performance.now() + BLOCK_MILLISECONDS;
  while (performance.now() < until);
}

describe('the delay of the event loop', () => {
  it('is seen every time that the loop is kept right after it was asked for', async () => {
    const app = fastify();
    const made = await serveDelays(app);
    const ask = async (): Promise<Delays> => (await app.inject('/delay')).json<Delays>();
    await ask();
    const longest: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      block(made);
      longest.push((await ask()).longest);
    }
    await app.close();
    assert.deepEqual(
      longest.filter((one) => one < BLOCK_MILLISECONDS),
      [],
    );
  });
});
