/**
 * A grammar of requests, made from the service's own OpenAPI document: bodies, queries and headers that match it, and
 * the same with one thing wrong. What a seed makes is the same in every run.
 */

/** The part of JSON Schema that the document uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sums of these are exact in any order. */
const NUMBERS = [0, 1, 2, 3, 100, 0.25, 0.5, 7.75, -1, -2.5];
const LABELS = ['shop', 'é😀'];
const WORDS = ['north', 'south', '', 'é😀', 'a"b\\c\n', '7'];
const DEEP = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown;
const WRONG: readonly unknown[] = [
  null,
  true,
  'x',
  '+inf',
  [],
  [[1]],
  {},
  { a: {} },
  DEEP,
  'y'.repeat(5000),
  'nan',
  { __proto_: 1, op: 'set' },
];
/** Any text that is not too long is the name of a family, and may be that of somebody else's. */
const NO_NAMES = WRONG.filter((value) => typeof value !== 'string' || value.length > 200);

const CODINGS = ['identity', 'gzip', 'br', 'gzip;q=0.5, br;q=0.1', 'gzip;q=0', '*;q=0', 'rot13', ';;q=,'];
const JSON_TYPES = ['application/json', 'application/json; charset=utf-8', 'application/json;charset="US-ASCII"'];
/** Of bodies that are not read: another type, another charset, none at all, compressed. */
const UNREADABLE: readonly Readonly<Record<string, string>>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/problem+json' },
  { 'content-type': 'application/json; charset=utf-16le' },
  {},
  { 'content-type': 'application/json', 'content-encoding': 'gzip' },
];

/** What stands behind a path, and whether it is as the document has it. */
export interface MadeQuery {
  readonly pairs: [name: string, value: string][];
  readonly isRight: boolean;
}

/** Makes values. */
export class Grammar {
  readonly #next: () => number;
  readonly #names: readonly string[];

  /** @param names - Of families: few enough that requests meet. */
  constructor(next: () => number, names: readonly string[]) {
    this.#next = next;
    this.#names = names;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#next() * choices.length)] as T;
  }

  chance(part: number): boolean {
    return this.#next() < part;
  }

  /** A value that matches the schema. */
  value(schema: Schema): unknown {
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices !== undefined) return this.value(this.pick(choices));
    if (schema.enum !== undefined) return this.pick(schema.enum);
    switch (typeof schema.type === 'string' ? schema.type : this.pick(schema.type ?? ['string'])) {
      case 'object':
        return this.#object(schema);
      case 'array':
        return this.#array(schema);
      case 'number':
        return this.pick(NUMBERS.filter((number) => number >= (schema.minimum ?? Number.NEGATIVE_INFINITY)));
      default:
        return this.#text(schema);
    }
  }

  #text({ minLength = 0 }: Schema): string {
    return this.pick(WORDS.filter((word) => word.length >= minLength));
  }

  #array({ items = {}, minItems = 0 }: Schema): unknown[] {
    const length = minItems + Math.floor(this.#next() * 4);
    const values = Array.from({ length }, () => this.value(items));
    // The only numbers in a list are the bounds of a histogram's buckets, which ascend.
    if (items.type !== 'number') return values;
    return [...new Set(values as number[])].sort((one, other) => one - other);
  }

  #object(schema: Schema): Record<string, unknown> {
    const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
    const made: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(properties)) {
      if (!required.includes(name) && !this.chance(name === 'value' ? 0.8 : 0.3)) continue;
      made[name] = name === 'name' ? this.pick(this.#names) : this.value(property);
    }
    // What may have properties of any name is the labels of a series.
    if (typeof additionalProperties === 'object' && propertyNames !== undefined) {
      for (let left = Math.floor(this.#next() * 3); left > 0; left -= 1) {
        made[this.pick(LABELS)] = this.value(additionalProperties);
      }
    }
    return this.#conditional(schema, made);
  }

  #conditional(schema: Schema, made: Record<string, unknown>): Record<string, unknown> {
    if (schema.if === undefined) return made;
    const { required = [], properties = {} } = schema.if;
    const applies =
      required.every((name) => name in made) &&
      Object.entries(properties).every(([name, rule]) => !(name in made) || rule.enum?.includes(made[name]));
    const branch = (applies ? schema.then : schema.else) ?? {};
    for (const name of branch.required ?? []) made[name] ??= this.value(schema.properties?.[name] ?? {});
    for (const [name, rule] of Object.entries(branch.properties ?? {})) {
      if (name in made) made[name] = this.value(rule);
    }
    return made;
  }

  /** The same value with something in it that is not what it was. */
  spoil(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || this.chance(0.2)) return this.pick(WRONG);
    if (Array.isArray(value)) {
      const at = Math.floor(this.#next() * value.length);
      return value.map((item, index) => (index === at ? this.spoil(item) : item));
    }
    const entries = Object.entries(value);
    if (entries.length === 0 || this.chance(0.2)) return { ...value, [this.pick(['extra', 'Value', 'le'])]: 1 };
    const [name, item] = this.pick(entries);
    return { ...value, [name]: name === 'name' ? this.pick(NO_NAMES) : this.spoil(item) };
  }

  /**
   * A query of parameters that are texts, or lists of them, whose values are out of `words`. What is wrong is one that
   * there is not, one that is empty or, if it is no list, there twice.
   */
  query(parameters: ReadonlyMap<string, Schema>, words: readonly string[]): MadeQuery {
    const pairs: [string, string][] = [];
    for (const [name, schema] of parameters) {
      const isList = schema.anyOf?.some(({ type }) => type === 'array') ?? false;
      const most = isList ? 4 : 2;
      for (let left = Math.floor(this.#next() * most); left > 0; left -= 1) pairs.push([name, this.pick(words)]);
      if (this.chance(0.1)) return { pairs: [[name, ''], ...pairs], isRight: (schema.minLength ?? 0) === 0 };
      if (this.chance(0.1)) {
        return { pairs: [[name, this.pick(words)], [name, this.pick(words)], ...pairs], isRight: isList };
      }
    }
    return this.chance(0.05) ? { pairs: [...pairs, ['extra', '1']], isRight: false } : { pairs, isRight: true };
  }

  /** Headers of a request for one of some types of content, and the type that the answer must have, if one must be. */
  readingHeaders(types: readonly string[]): { headers: Record<string, string>; type: string | undefined } {
    const type = this.pick(types);
    const [accept, expected] = this.pick<[string, string | undefined]>([
      [type, type],
      [`image/png, ${type};q=0.3, */*;q=0.1`, type],
      ['*/*', undefined],
      ['image/png', undefined],
      [`${type};q=nonsense, ;;`, undefined],
      [`${type};q=0`, undefined],
    ]);
    return { headers: { accept, 'accept-encoding': this.pick(CODINGS) }, type: expected };
  }

  /** Headers of a request with a body, and whether it is read then. */
  bodyHeaders(): { headers: Readonly<Record<string, string>>; isRight: boolean } {
    if (this.chance(0.05)) return { headers: this.pick(UNREADABLE), isRight: false };
    return { headers: { 'content-type': this.pick(JSON_TYPES) }, isRight: true };
  }
}
