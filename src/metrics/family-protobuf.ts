/** Families that are not in the store as messages, each behind its length: io.prometheus.client.MetricFamily. */
import type { ExemplarSnapshot, FamilySnapshot, MetricType, NameEscaping, SeriesSnapshot } from '../store/types.js';
import { plainName } from './family-text.js';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/** What a type is called, and the field of a Metric that its value is in. What is not here is a gauge. */
const KINDS: Readonly<Partial<Record<MetricType, { readonly type: number; readonly field: number }>>> = {
  counter: { type: 0, field: 3 },
  summary: { type: 2, field: 4 },
  untyped: { type: 3, field: 5 },
  histogram: { type: 4, field: 7 },
};
const GAUGE = { type: 1, field: 2 };

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A count; what is none, such as a mean of counts, becomes the nearest one below it. */
function countField(field: number, value: number): Buffer {
  const count = value > 0 && Number.isFinite(value) ? Math.floor(value) : 0;
  return Buffer.concat([Buffer.from([(field << 3) | VARINT]), varint(count)]);
}

function bytesField(field: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(field << 3) | BYTES]), varint(bytes.length), bytes]);
}

function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (field << 3) | FIXED64;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function labelFields(labels: Readonly<Record<string, string>>, escaping: NameEscaping): Buffer[] {
  return Object.entries(labels).map(([label, value]) =>
    bytesField(1, Buffer.concat([bytesField(1, plainName(label, escaping)), bytesField(2, value)])),
  );
}

function exemplarField(field: number, exemplar: ExemplarSnapshot | undefined): Buffer {
  if (exemplar === undefined) return Buffer.alloc(0);
  const { labels, value, timestamp } = exemplar;
  const parts = [...labelFields(labels, 'allow-utf-8'), doubleField(2, value)];
  if (timestamp !== undefined) {
    const milliseconds = Math.round(timestamp);
    const seconds = countField(1, milliseconds / 1000);
    parts.push(bytesField(3, Buffer.concat([seconds, countField(2, (milliseconds % 1000) * 1e6)])));
  }
  return bytesField(field, Buffer.concat(parts));
}

/** The message in the field for the value. */
function valueMessage(series: SeriesSnapshot): Buffer {
  const { exemplars = [] } = series;
  if ('value' in series) return Buffer.concat([doubleField(1, series.value), exemplarField(2, exemplars[0])]);
  const parts = [countField(1, series.count), doubleField(2, series.sum)];
  if ('quantiles' in series) {
    for (const { quantile, value } of series.quantiles)
      parts.push(bytesField(3, Buffer.concat([doubleField(1, quantile), doubleField(2, value)])));
  }
  if ('buckets' in series) {
    for (const [index, { le, count }] of series.buckets.entries()) {
      const exemplar = exemplars.find(({ bucket }) => bucket === index);
      // The last bucket is the count.
      if (le === Number.POSITIVE_INFINITY && exemplar === undefined) continue;
      parts.push(bytesField(3, Buffer.concat([countField(1, count), doubleField(2, le), exemplarField(3, exemplar)])));
    }
  }
  return Buffer.concat(parts);
}

function message({ name, help, type, series }: FamilySnapshot, escaping: NameEscaping): Buffer {
  if (series.length === 0) return Buffer.alloc(0);
  const kind = KINDS[type] ?? GAUGE;
  const metrics = series.map((one) =>
    bytesField(4, Buffer.concat([...labelFields(one.labels, escaping), bytesField(kind.field, valueMessage(one))])),
  );
  const head = [bytesField(1, plainName(name, escaping)), bytesField(2, help), countField(3, kind.type)];
  const body = Buffer.concat([...head, ...metrics]);
  return Buffer.concat([varint(body.length), body]);
}

/** The messages of families whose names are plain; families without series are left out. */
export function familyMessages(families: readonly FamilySnapshot[], escaping: NameEscaping): Buffer {
  return Buffer.concat(families.map((family) => message(family, escaping)));
}
