/**
 * A worker that has series, in a cluster or as a thread, which answers requests: `GET /work` counts in one of its series. It
 * says where it listens, and the process that started it waits for that.
 */
import type { EventEmitter } from 'node:events';
import fastify, { type FastifyInstance } from 'fastify';
import type { SeriesOfLibrary } from './series.js';

/** What a worker says when it listens. */
interface Listening {
  origin: string;
}

/** Listens on a port of its own, or in a cluster on that of all workers. */
export async function serveWork(series: SeriesOfLibrary): Promise<Listening> {
  const app = fastify();
  app.get('/work', async () => {
    series.touchOne();
    return { done: true };
  });
  return { origin: await app.listen({ host: '127.0.0.1', port: 0 }) };
}

/** Waits until all of them listen; a library has messages of its own. @returns where, each place once */
export async function originsOf(workers: readonly EventEmitter[]): Promise<string[]> {
  const origins = workers.map(
    (worker) =>
      new Promise<string>((resolve) => {
        worker.on('message', (message: Partial<Listening> | null) => {
          if (typeof message?.origin === 'string') resolve(message.origin);
        });
      }),
  );
  return [...new Set(await Promise.all(origins))];
}

/** Tells where the workers listen at `GET /workers`. */
export function serveOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.get('/workers', async () => origins);
}
