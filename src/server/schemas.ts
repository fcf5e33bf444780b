/**
 * The schemas of answers. They describe and do not filter: answers are serialised by `JSON.stringify`, so a field that
 * a schema does not know is still there.
 */
import type { MetricType } from '../store/types.js';

/** What families may be, those included that can only be declared by the library. */
const TYPES = [
  'counter',
  'gauge',
  'histogram',
  'untyped',
  'info',
  'stateset',
  'native-histogram',
  'summary',
] as const satisfies readonly MetricType[];
const number = {
  anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', '+Inf', '-Inf'] }],
  description: 'A number; what JSON has no number for is a string.',
};
const labels = { type: 'object', additionalProperties: { type: 'string' } };
const strings = { type: 'array', items: { type: 'string' } };

/** Every error. Added to the app under its `$id`. */
export const problemSchema = {
  $id: 'Problem',
  type: 'object',
  description: 'RFC 9457 problem details.',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What is wrong, with which value, and what to do.' },
    code: { type: 'string', description: 'Stable, to be compared by programs.' },
    index: { type: 'integer', description: 'Which item of a batch is wrong, from 0.' },
  },
} as const;

/** Responses that are problems, for the documentation of a route. */
export function problems(descriptions: Readonly<Record<number, string>>): Record<number, object> {
  return Object.fromEntries(
    Object.entries(descriptions).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } } },
    ]),
  );
}

const exemplar = {
  type: 'object',
  required: ['bucket', 'labels', 'value', 'timestamp'],
  properties: {
    bucket: {
      type: 'integer',
      description: 'Index in buckets; of a native histogram, of one of ten equal parts of its range; 0 of a counter.',
    },
    labels,
    value: number,
    timestamp: { type: 'integer', description: 'Unix time in milliseconds.' },
  },
};

/** The answer of `GET /v1/metrics`. */
export const familiesSchema = {
  type: 'object',
  description: 'Families in the order of their creation.',
  required: ['families'],
  properties: {
    families: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'type', 'help', 'unit', 'labelNames', 'series'],
        properties: {
          name: { type: 'string' },
          type: { type: 'string', enum: TYPES },
          help: { type: 'string' },
          unit: { type: 'string' },
          labelNames: strings,
          series: {
            type: 'array',
            items: {
              type: 'object',
              required: ['labels'],
              properties: {
                labels,
                value: number,
                count: number,
                sum: number,
                buckets: {
                  type: 'array',
                  description: 'Cumulated; the last one is +Inf.',
                  items: { type: 'object', properties: { le: number, count: number } },
                },
                exponentialBuckets: {
                  type: 'array',
                  description: 'Of native histograms: those that are not empty, not cumulated.',
                  items: { type: 'object', properties: { lower: number, upper: number, count: number } },
                },
                quantiles: {
                  type: 'array',
                  description: 'Of summaries.',
                  items: { type: 'object', properties: { quantile: number, value: number } },
                },
                createdAt: { type: 'integer', description: 'Since when it counts: Unix time in milliseconds.' },
                exemplars: {
                  type: 'array',
                  description:
                    'The last one of a counter, or of each bucket that has one; left out where there is none.',
                  items: exemplar,
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

/** The answer of `GET /v1/cpus`. */
export const cpusSchema = {
  type: 'object',
  description:
    'What each lane holds of each series; of a histogram its count. What was set is in no lane. Resets take nothing out of a ' +
    'lane, and a series that was made after others were removed may have what these had counted in the same place: only the ' +
    'value of a series, which GET /v1/metrics has, is without both.',
  required: ['families'],
  properties: {
    families: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'type', 'series'],
        properties: {
          name: { type: 'string' },
          type: { type: 'string', enum: TYPES },
          series: {
            type: 'array',
            items: {
              type: 'object',
              required: ['labels', 'cpus', 'atomic'],
              properties: {
                labels,
                cpus: { type: 'array', items: number, description: 'By CPU id.' },
                atomic: { type: 'array', items: number, description: 'Lanes of threads without rseq.' },
              },
            },
          },
        },
      },
    },
  },
} as const;

/** The answer of `GET /readyz`. */
export const readySchema = {
  type: 'object',
  description: 'The store can be used.',
  required: ['status', 'store', 'readOnly', 'mode'],
  properties: {
    status: { type: 'string', const: 'ready' },
    store: { type: 'string', description: 'Path of the store.' },
    readOnly: { type: 'boolean' },
    mode: {
      type: 'object',
      description: 'What an increment of this process does, and why.',
      required: ['backend', 'registration', 'reason'],
      properties: { backend: { type: 'string' }, registration: { type: 'string' }, reason: { type: 'string' } },
    },
  },
} as const;
