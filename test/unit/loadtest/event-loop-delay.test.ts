import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fastify from 'fastify';
import { type Delays, serveDelays } from '../../../loadtest/services/event-loop-delay.js';

const ROUNDS = 50;
const BLOCK_MILLISECONDS = 10;
/** Less than the block: being woken after 1 ms is no delay, and the monitor rounds to three digits. */
const LEAST_DELAY = BLOCK_MILLISECONDS - 2;

function block(): void {
  const until = performance.now() + BLOCK_MILLISECONDS;
  while (performance.now() < until);
}

describe('the delay of the event loop', () => {
  it('is seen every time that the loop is kept right after it was asked for', async () => {
    const app = fastify();
    serveDelays(app);
    const ask = async (): Promise<Delays> => (await app.inject('/delay')).json<Delays>();
    await ask();
    const longest: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      block();
      longest.push((await ask()).longest);
    }
    await app.close();
    assert.deepEqual(
      longest.filter((one) => one < LEAST_DELAY),
      [],
    );
  });
});
