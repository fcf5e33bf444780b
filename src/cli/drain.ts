/**
 * Ends a listening app without cutting anybody off: no new connections, requests in flight are answered, connections
 * that wait for another request are closed. Whoever is still busy when the time is over is cut off.
 */
import type { FastifyInstance } from 'fastify';

const SWEEP_MILLISECONDS = 50;

/**
 * Closes the app.
 *
 * @param limit - Milliseconds that requests in flight may take.
 * @returns whether all of them were answered
 */
export async function drain(app: FastifyInstance, limit: number): Promise<boolean> {
  let complete = true;
  // Closing a server closes the connections that are idle at that moment, and not those that become idle later.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MILLISECONDS);
  const timer = setTimeout(() => {
    complete = false;
    app.server.closeAllConnections();
  }, limit);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(timer);
  }
  return complete;
}
