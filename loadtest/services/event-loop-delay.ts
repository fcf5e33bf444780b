/** Tells by how much the event loop of a service was late. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** The monitor is woken this often, in milliseconds; being woken on time is no delay. */
const RESOLUTION = 1;

/** What `GET /delay` answers, in milliseconds: the longest delay, and that which 1 % are longer than. */
export interface Delays {
  longest: number;
  p99: number;
}

/** Serves at `GET /delay` by how many milliseconds the event loop was late since that was last asked. */
export function serveDelays(app: FastifyInstance): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  app.get('/delay', async () => {
    // What kept the event loop is noted when the monitor is woken next, which may come after this request.
    await sleep(5 * RESOLUTION);
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
    const delays: Delays = { longest: late(delay.max), p99: late(delay.percentile(99)) };
    delay.reset();
    // A reset also forgets when the monitor was last woken. It notes the time between two wakes, so that what keeps
    // the event loop before the first one would never be seen: whoever asks is to go on only once that is over.
    while (delay.count === 0) await sleep(RESOLUTION);
    return delays;
  });
}
