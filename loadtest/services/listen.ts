/**
 * Serves an app of the load test until SIGTERM, on a free port of the loopback interface whose URL it prints.
 */
import type { FastifyInstance } from 'fastify';

/** @throws the error of the app or of the listening socket */
export async function listen(app: FastifyInstance): Promise<void> {
  process.once('SIGTERM', () => void app.close());
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
}
