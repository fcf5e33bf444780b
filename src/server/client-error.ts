/**
 * Answers to what does not get as far as Fastify. Where Node's parser has given up, there is neither a request nor a
 * reply, only a socket: the answer is a problem like every other, and the connection is closed.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE, type Problem, problem } from './problem.js';

function problemOf(error: NodeJS.ErrnoException): Problem {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem(408, 'ERR_HTTP_MALFORMED', 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return problem(431, 'ERR_HTTP_TOO_LARGE', 'The headers are too large.');
    default:
      return problem(400, 'ERR_HTTP_MALFORMED', 'This is not HTTP/1.1.');
  }
}

/** The `clientErrorHandler` of the service. */
export function handleClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const found = problemOf(error);
    const body = JSON.stringify(found);
    socket.write(
      `HTTP/1.1 ${found.status} ${STATUS_CODES[found.status]}\r\nConnection: close\r\n` +
        `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

/** The `checkExpectation` listener of the service: Node itself has answered `100-continue`, and knows no other. */
export function handleExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const detail = `Nothing here does ${JSON.stringify(headers.expect)}; leave the header Expect out.`;
  const found = problem(417, 'ERR_HTTP_MALFORMED', detail);
  const body = Buffer.from(JSON.stringify(found));
  response.writeHead(found.status, {
    'content-type': PROBLEM_TYPE,
    'content-length': body.length,
    connection: 'close',
  });
  response.end(body);
}
