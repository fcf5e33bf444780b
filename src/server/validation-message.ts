/**
 * What is wrong with a request that does not match its schema, in words: where, what was expected, and which field is
 * meant where the schema's own message does not say it.
 */
import type { FastifySchemaValidationError } from 'fastify';
import { display } from '../errors.js';

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : String(values);
}

/** What limits of a size are about, and how much of it there is. */
function sizeOf(data: unknown): string {
  if (typeof data !== 'string' && (typeof data !== 'object' || data === null)) return `, not ${display(data)}`;
  // Characters, as the validator counts them.
  const size = typeof data === 'string' ? [...data].length : Object.keys(data).length;
  return `, but ${display(data)} has ${size}`;
}

/** Whether it is the value of a label, of which numbers that JSON rounds are refused. */
function isLabel({ instancePath }: FastifySchemaValidationError): boolean {
  return /\/labels\/[^/]*$/.test(instancePath);
}

function sentence(error: FastifySchemaValidationError, part: string): string {
  const place = `${part}${error.instancePath}`;
  const { params } = error;
  const data = (error as { data?: unknown }).data;
  switch (error.keyword) {
    case 'additionalProperties':
      return `${place} has no field ${JSON.stringify(params['additionalProperty'])}`;
    case 'required':
      return `${place} needs the field ${JSON.stringify(params['missingProperty'])}`;
    case 'enum':
      return `${place} must be one of ${list(params['allowedValues'])}, not ${display(data)}`;
    case 'discriminator':
      return `${place}/${params['tag']} must be "counter", "gauge" or "histogram", not ${display(params['tagValue'])}`;
    case 'propertyNames':
      return `${place} has the name ${JSON.stringify(params['propertyName'])}, which is not allowed: one has 1 to 200 characters`;
    case 'minimum':
    case 'maximum':
      return `${place} ${error.message}, not ${display(data)}${isLabel(error) ? '; send it as a string' : ''}`;
    case 'type':
    case 'pattern':
      return `${place} ${error.message}, not ${display(data)}`;
    default:
      return `${place} ${error.message ?? 'is wrong'}${sizeOf(data)}`;
  }
}

/**
 * The error for a part of a request (`body`, `params`, `querystring`).
 *
 * @param errors - What the validator found; the alternatives of an `anyOf` are all there.
 */
export function validationError(errors: readonly FastifySchemaValidationError[], part: string): Error {
  const sentences = errors
    .filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'if')
    .map((error) => sentence(error, part));
  return new Error([...new Set(sentences)].join('; '));
}
