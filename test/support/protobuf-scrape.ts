/** Decodes a scrape of delimited messages with protobufjs, which knows nothing of this package. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const source = readFileSync(fileURLToPath(new URL('../../../test/support/metrics.proto', import.meta.url)), 'utf8');
const MetricFamily = protobuf.parse(source).root.lookupType('io.prometheus.client.MetricFamily');

/** A creation time. */
export interface DecodedTime {
  readonly seconds: number;
  readonly nanos: number;
}

/** An exemplar. */
export interface DecodedExemplar {
  readonly label?: readonly { readonly name: string; readonly value: string }[];
  readonly value: number;
  readonly timestamp: DecodedTime;
}

/** One series; which of the values it has depends on the type of its family. */
export interface DecodedMetric {
  readonly label?: readonly { readonly name: string; readonly value: string }[];
  readonly gauge?: { readonly value: number };
  readonly untyped?: { readonly value: number };
  readonly counter?: {
    readonly value: number;
    readonly createdTimestamp?: DecodedTime;
    readonly exemplar?: DecodedExemplar;
  };
  readonly summary?: {
    readonly sampleCount: number;
    readonly sampleSum: number;
    readonly quantile?: readonly { readonly quantile: number; readonly value: number }[];
    readonly createdTimestamp?: DecodedTime;
  };
  readonly histogram?: {
    readonly sampleCount: number;
    readonly sampleSum: number;
    readonly bucket?: readonly {
      readonly cumulativeCount: number;
      readonly upperBound: number;
      readonly exemplar?: DecodedExemplar;
    }[];
    readonly createdTimestamp?: DecodedTime;
    readonly exemplars?: readonly DecodedExemplar[];
  };
}

/** A family. */
export interface DecodedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly unit?: string;
  readonly metric?: readonly DecodedMetric[];
}

/** The families of a scrape. Throws where a message is malformed or cut off. */
export function decodeFamilies(bytes: Uint8Array): DecodedFamily[] {
  const reader = protobuf.Reader.create(bytes);
  const families: DecodedFamily[] = [];
  while (reader.pos < reader.len) {
    const message = MetricFamily.decodeDelimited(reader);
    families.push(MetricFamily.toObject(message, { longs: Number, enums: String }) as DecodedFamily);
  }
  return families;
}
