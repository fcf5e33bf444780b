/**
 * One thing that a client wants counted, and the JSON schemas of the requests that carry it. Schemas check shapes and
 * sizes; what depends on other fields or on the store is checked by `writer.ts`.
 */
import type { NonFinite } from '../metrics/family-json.js';

/** The most items in a batch. */
export const MAX_ITEMS = 1000;
const MAX_NAME = 200;
const MAX_LABELS = 32;
const MAX_LABEL_VALUE = 1024;
const MAX_HELP = 1024;
const MAX_BUCKETS = 100;

/** What can be counted over HTTP. */
export type MeasurementType = 'counter' | 'gauge' | 'histogram';
/** What is done to a gauge. */
export type GaugeOperation = 'set' | 'inc' | 'dec';

/** The body of a request that counts one thing. */
export interface MeasurementBody {
  labels?: Record<string, string | number>;
  /** 1 by default, but required to set a gauge and to observe. */
  value?: number | NonFinite;
  /** Of gauges only; `set` by default. */
  op?: GaugeOperation;
  /** What the family counts; taken from the request that declares it. */
  help?: string;
  /** Of histograms only; must be the family's where it exists. */
  buckets?: number[];
}

/** An item of a batch. */
export interface MeasurementItem extends MeasurementBody {
  type: MeasurementType;
  name: string;
}

/** A checked measurement. */
export interface Measurement {
  readonly type: MeasurementType;
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly operation: GaugeOperation | 'observe';
  readonly value: number;
  readonly help: string | undefined;
  readonly buckets: readonly number[] | undefined;
}

const nonFinite = { type: 'string', enum: ['NaN', '+Inf', '-Inf'] } as const;
/** Any UTF-8, as in the library, which refuses the few names that it does not take. */
const name = { type: 'string', minLength: 1, maxLength: MAX_NAME } as const;
const help = { type: 'string', minLength: 1, maxLength: MAX_HELP } as const;
const labels = {
  type: 'object',
  maxProperties: MAX_LABELS,
  propertyNames: name,
  additionalProperties: {
    type: ['string', 'number'],
    maxLength: MAX_LABEL_VALUE,
    // Beyond these JSON's integers are rounded, and two ids would be one series.
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
  },
} as const;

const fields = {
  counter: { labels, value: { type: 'number', minimum: 0, default: 1 }, help },
  gauge: {
    labels,
    op: { type: 'string', enum: ['set', 'inc', 'dec'], default: 'set' },
    value: { anyOf: [{ type: 'number' }, nonFinite] },
    help,
  },
  histogram: {
    labels,
    value: { type: 'number' },
    help,
    buckets: { type: 'array', minItems: 1, maxItems: MAX_BUCKETS, items: { type: 'number' } },
  },
} as const;

/** What depends on the operation of a gauge: it is set to any number, which must be there; finite amounts are added. */
const gaugeConditions = {
  if: { required: ['op'], properties: { op: { enum: ['inc', 'dec'] } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { value: { type: 'number' } } },
  else: { required: ['value'] },
};

/** The schema of `:name`. */
export const nameParams = { type: 'object', required: ['name'], properties: { name } } as const;

/**
 * The schema of the query of requests that have a body: there is none, and what is put there is not left out silently.
 * Without `properties` the OpenAPI document would have the keywords of the schema as parameters.
 */
export const noQuery = { type: 'object', additionalProperties: false, properties: {} } as const;

/** The schema of the query that names a series of a family: JSON, as in a body, so that a label may have any name. */
export const labelQuery = {
  type: 'object',
  additionalProperties: false,
  properties: { labels: { ...labels, 'x-consume': 'application/json' } },
} as const;

/** The schema of the body of a request that counts one thing of a type. */
export function bodySchema(type: MeasurementType): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: type === 'histogram' ? ['value'] : [],
    properties: fields[type],
    ...(type === 'gauge' ? gaugeConditions : {}),
  };
}

function itemSchema(type: MeasurementType): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'name', ...(type === 'histogram' ? ['value'] : [])],
    properties: { type: { type: 'string', const: type }, name, ...fields[type] },
    ...(type === 'gauge' ? gaugeConditions : {}),
  };
}

/** The schema of the body of a batch. */
export const batchSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_ITEMS,
      items: {
        type: 'object',
        discriminator: { propertyName: 'type' },
        required: ['type'],
        oneOf: [itemSchema('counter'), itemSchema('gauge'), itemSchema('histogram')],
      },
    },
  },
} as const;

const NON_FINITE: Readonly<Record<NonFinite, number>> = {
  NaN: Number.NaN,
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
};

function gaugeValue(value: number | NonFinite | undefined): number {
  // Only "inc" and "dec" go without one: the schema says so.
  if (value === undefined) return 1;
  return typeof value === 'number' ? value : NON_FINITE[value];
}

/** From a body that matches its schema to a measurement. */
export function measurement(type: MeasurementType, family: string, body: MeasurementBody): Measurement {
  const { labels: given = {}, op = 'set', value, help: text, buckets } = body;
  const operation = type === 'gauge' ? op : type === 'counter' ? 'inc' : 'observe';
  const amount = type === 'gauge' ? gaugeValue(value) : ((value as number | undefined) ?? 1);
  return { type, name: family, labels: given, operation, value: amount, help: text, buckets };
}
