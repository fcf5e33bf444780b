/**
 * Errors as RFC 9457 problem details: the one place that decides which status and which `code` an error has. Clients
 * compare `code`, people read `detail`; nothing of an unexpected error gets out but its status.
 */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, PercpuMetricsError } from '../errors.js';

/** The largest body, in bytes. */
export const BODY_LIMIT = 1024 * 1024;
/** The media type of every error. */
export const PROBLEM_TYPE = 'application/problem+json';

/** What the service itself can say is wrong; everything else has the code of the library. */
export const SERVICE_CODES = {
  ERR_HTTP_VALIDATION: 'the request does not match its schema',
  ERR_HTTP_JSON: 'the body, or the labels in the query, is not JSON',
  ERR_HTTP_MEDIA_TYPE: 'the body is not application/json in UTF-8, or it is compressed',
  ERR_HTTP_TOO_LARGE: 'the body or a part of the URL is too large',
  ERR_HTTP_NO_ROUTE: 'there is nothing at this URL',
  ERR_HTTP_METHOD: 'there is something at this URL, but not for this method',
  ERR_HTTP_MALFORMED: 'the request is no HTTP, or its URL or headers are malformed or expect too much',
  ERR_HTTP_RESERVED_NAME: 'the family is the service’s own',
  ERR_HTTP_INTERNAL: 'the service made a mistake; its log has more',
} as const;

/** The `code` of a problem. */
export type ProblemCode = ErrorCode | keyof typeof SERVICE_CODES;

/** The body of an error. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  /** Which item of a batch is wrong, from 0. */
  readonly index?: number;
}

/** An error that knows its status. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  readonly code: ProblemCode;

  constructor(status: number, code: ProblemCode, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** An error of one item of a batch. */
export class ItemError extends Error {
  override readonly name = 'ItemError';
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super(`item ${index} is wrong`, { cause });
    this.index = index;
  }
}

/** Statuses of the library's codes; a code that is not listed is the service's or the system's fault. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  ERR_PCM_AMOUNT: 400,
  ERR_PCM_AMOUNT_TYPE: 400,
  ERR_PCM_AMOUNT_NOT_FINITE: 400,
  ERR_PCM_AMOUNT_NEGATIVE: 400,
  ERR_PCM_METRIC_NAME: 400,
  ERR_PCM_LABEL_COUNT: 400,
  ERR_PCM_LABEL_NAME: 400,
  ERR_PCM_LABEL_VALUE: 400,
  ERR_PCM_BUCKETS: 400,
  ERR_PCM_OPTION: 400,
  ERR_PCM_READ_ONLY: 403,
  ERR_PCM_TYPE_CONFLICT: 409,
  ERR_PCM_DEFINITION_CONFLICT: 409,
  ERR_PCM_CAPACITY: 507,
  ERR_PCM_NO_SPACE: 507,
};

/** Fastify's own errors by their status, which says more than their many codes. */
const REQUEST_CODES: Readonly<Record<number, ProblemCode>> = {
  404: 'ERR_HTTP_NO_ROUTE',
  413: 'ERR_HTTP_TOO_LARGE',
  414: 'ERR_HTTP_TOO_LARGE',
  415: 'ERR_HTTP_MEDIA_TYPE',
};

/** Where Fastify's own words leave out what to do. */
const REQUEST_DETAILS: Readonly<Record<number, string>> = {
  413: `The body may have ${BODY_LIMIT} bytes; send several requests.`,
  415: 'The body must be JSON, and its Content-Type application/json.',
};

/** A problem with the title of its status. */
export function problem(status: number, code: ProblemCode, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}

function requestProblem(error: FastifyError): Problem {
  const status = error.statusCode ?? 500;
  if (status < 400 || status > 499) {
    return problem(500, 'ERR_HTTP_INTERNAL', 'The service made a mistake; its log has more.');
  }
  if (error.validation !== undefined) {
    const path = error.validationContext === 'body' ? (error.validation[0]?.instancePath ?? '') : '';
    const index = /^\/items\/(\d+)/.exec(path)?.[1];
    const found = problem(status, 'ERR_HTTP_VALIDATION', error.message);
    return index === undefined ? found : { ...found, index: Number(index) };
  }
  const code = REQUEST_CODES[status] ?? 'ERR_HTTP_MALFORMED';
  return problem(status, code, REQUEST_DETAILS[status] ?? error.message);
}

/** What to tell the client about anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ItemError) return { ...problemOf(error.cause), index: error.index };
  if (error instanceof ProblemError) return problem(error.status, error.code, error.message);
  if (error instanceof PercpuMetricsError) return problem(STATUSES[error.code] ?? 503, error.code, error.message);
  return requestProblem(error as FastifyError);
}

/** Answers with a problem. */
export function sendProblem(reply: FastifyReply, found: Problem): FastifyReply {
  if (found.status === 503) reply.header('retry-after', '1');
  // As bytes, because Fastify adds a charset to the type of everything else, which this type does not have.
  const body = Buffer.from(JSON.stringify(found));
  return reply.code(found.status).header('content-type', PROBLEM_TYPE).send(body);
}

/** The error handler of the service. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const found = problemOf(error);
  if (found.status >= 500) request.log.error({ err: error }, 'request failed');
  return sendProblem(reply, found);
}

/**
 * The handler of requests without a route.
 *
 * @param allowed - The methods that there are at this URL.
 */
export function handleNotFound(request: FastifyRequest, reply: FastifyReply, allowed: readonly string[]): FastifyReply {
  if (allowed.length > 0) {
    const methods = allowed.join(', ');
    const found = problem(405, 'ERR_HTTP_METHOD', `${request.method} is not for ${request.url}; use ${methods}.`);
    return sendProblem(reply.header('allow', methods), found);
  }
  const detail = `There is nothing at ${request.url} for ${request.method}; /openapi.json lists what there is.`;
  return sendProblem(reply, problem(404, 'ERR_HTTP_NO_ROUTE', detail));
}
