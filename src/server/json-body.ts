/**
 * Bodies of requests: JSON in UTF-8 and nothing else. What is encoded otherwise is refused, as it would be counted under
 * another name than it was sent with, or be no JSON for a reason that the sender does not see.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ProblemError } from './problem.js';

/** Some programs put it in front of UTF-8, and a parser may leave it out (RFC 8259). */
const BYTE_ORDER_MARK = /^\ufeff/;

function requireReadable(headers: IncomingHttpHeaders): void {
  const refuse = (what: string, remedy: string): never => {
    throw new ProblemError(415, 'ERR_HTTP_MEDIA_TYPE', `The ${what}; send the JSON ${remedy}.`);
  };
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding.toLowerCase() !== 'identity') refuse(`Content-Encoding is ${JSON.stringify(coding)}`, 'as it is');
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  // ASCII is UTF-8, too.
  if (!/^(?:utf-?8|(?:us-)?ascii)$/i.test(charset))
    refuse(`charset of Content-Type is ${JSON.stringify(charset)}`, 'in UTF-8');
}

function parse(body: Buffer): unknown {
  if (!isUtf8(body)) throw new ProblemError(400, 'ERR_HTTP_JSON', 'The body is not UTF-8; encode it so.');
  if (body.length === 0) throw new ProblemError(400, 'ERR_HTTP_JSON', 'The body is empty; send JSON, such as {}.');
  try {
    // A field called __proto__ is one of the object itself here, and schemas refuse it as any other that they do not know.
    return JSON.parse(body.toString('utf8').replace(BYTE_ORDER_MARK, ''));
  } catch (error) {
    throw new ProblemError(400, 'ERR_HTTP_JSON', `The body is not JSON: ${(error as Error).message}.`);
  }
}

/** Has an app read bodies that are `application/json`, and no others. */
export function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // What is thrown here is the answer.
    requireReadable(request.headers);
    done(null, parse(body));
  });
}
