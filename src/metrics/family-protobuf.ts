/** Counters and gauges that are not in the store as messages, each behind its length: io.prometheus.client.MetricFamily. */
import type { FamilySnapshot, NameEscaping } from '../store/types.js';
import { plainName } from './family-text.js';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
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

function message({ name, help, type, series }: FamilySnapshot, escaping: NameEscaping): Buffer {
  const isCounter = type === 'counter';
  const metrics = series.flatMap((one) => {
    if (!('value' in one)) return [];
    const labels = Object.entries(one.labels).map(([label, value]) =>
      bytesField(1, Buffer.concat([bytesField(1, plainName(label, escaping)), bytesField(2, value)])),
    );
    return bytesField(4, Buffer.concat([...labels, bytesField(isCounter ? 3 : 2, doubleField(1, one.value))]));
  });
  if (metrics.length === 0) return Buffer.alloc(0);
  const head = [bytesField(1, plainName(name, escaping)), bytesField(2, help)];
  const body = Buffer.concat([...head, Buffer.from([(3 << 3) | VARINT, isCounter ? 0 : 1]), ...metrics]);
  return Buffer.concat([varint(body.length), body]);
}

/** The messages of families whose names are plain; families without series are left out. */
export function familyMessages(families: readonly FamilySnapshot[], escaping: NameEscaping): Buffer {
  return Buffer.concat(families.map((family) => message(family, escaping)));
}
