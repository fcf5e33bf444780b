/** A reader of the wire format of Protocol Buffers that knows nothing of the encoder under test. */

/** A field: a number, a double as its bits, or bytes. */
export type Field = bigint | Uint8Array;

/** The fields of a message by number, in the order in which they were written. */
export type Message = ReadonlyMap<number, readonly Field[]>;

function varint(bytes: Uint8Array, at: number): [value: bigint, next: number] {
  let value = 0n;
  for (let index = at; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (index - at));
    if (byte < 0x80) return [BigInt.asUintN(64, value), index + 1];
  }
  throw new Error('a varint has no end');
}

/** Reads a message. */
export function readMessage(bytes: Uint8Array): Message {
  const fields = new Map<number, Field[]>();
  for (let at = 0; at < bytes.length; ) {
    const [tag, afterTag] = varint(bytes, at);
    const [number, type] = [Number(tag >> 3n), Number(tag & 7n)];
    let field: Field;
    if (type === 0) [field, at] = varint(bytes, afterTag);
    else if (type === 1) {
      field = new DataView(bytes.buffer, bytes.byteOffset + afterTag, 8).getBigUint64(0, true);
      at = afterTag + 8;
    } else if (type === 2) {
      const [size, start] = varint(bytes, afterTag);
      field = bytes.subarray(start, start + Number(size));
      if (field.length !== Number(size)) throw new Error('a field has no end');
      at = start + field.length;
    } else throw new Error(`wire type ${type}`);
    fields.set(number, [...(fields.get(number) ?? []), field]);
  }
  return fields;
}

/** Messages with their length in front of each. */
export function readDelimited(bytes: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [size, start] = varint(bytes, at);
    messages.push(readMessage(bytes.subarray(start, start + Number(size))));
    at = start + Number(size);
  }
  return messages;
}

/** The messages in a field. */
export function messages(message: Message, number: number): Message[] {
  return (message.get(number) ?? []).map((field) => readMessage(field as Uint8Array));
}

/** An unsigned number, 0 where it is not there. */
export function unsigned(message: Message, number: number): number {
  return Number((message.get(number)?.[0] as bigint | undefined) ?? 0n);
}

/** Numbers of the types sint32 and sint64. */
export function signed(message: Message, number: number): number[] {
  return ((message.get(number) ?? []) as bigint[]).map((bits) => Number((bits >> 1n) ^ -(bits & 1n)));
}

/** A double, 0 where it is not there. */
export function double(message: Message, number: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, (message.get(number)?.[0] as bigint | undefined) ?? 0n);
  return view.getFloat64(0);
}
