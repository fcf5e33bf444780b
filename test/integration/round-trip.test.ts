/** What is rendered is what others read: hostile names, labels, values and help through parsers of others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Store } from 'percpu-metrics';
import { type DecodedFamily, decodeFamilies } from '../support/protobuf-scrape.js';
import { pythonParser, unlessPythonParser } from '../support/python-parser.js';
import { temporaryStore } from '../support/temporary-store.js';

/** Always the same cases: a failure is one of the code. */
const PARAMETERS = { numRuns: 300, seed: 20261125 };
const BOUNDS = [0.5, 1, 100_000, 1_000_000];

const unicode = fc.string({ unit: 'binary', maxLength: 12 });
const special = fc.constantFrom(
  '',
  '"',
  '\\',
  '\n',
  '\\n',
  '\\"',
  '"} 1\nevil 1\n#',
  '{',
  '}',
  ',',
  '=',
  '# EOF',
  ' ',
  '\ud800',
);
const text = fc.oneof(
  unicode,
  special,
  fc.tuple(special, unicode).map((parts) => parts.join('')),
);
const name = fc
  .oneof(
    unicode,
    fc.constantFrom('a.b', 'größe', '0', '_', '__', 'U__x', 'U__a_2e_b', 'a:b', '\x01', 'a b', '"', '\n', '{}'),
  )
  .filter((value) => value !== '' && !value.includes('\0'));
const labelName = name.filter((value) => !value.startsWith('__') && value !== 'le');
const family = fc.record({
  type: fc.constantFrom('counter' as const, 'gauge' as const, 'histogram' as const),
  name,
  // Whitespace at the ends is not kept by one of the parsers.
  help: text.map((help) => `h${help}h`),
  labelNames: fc.uniqueArray(labelName, { maxLength: 3 }),
  labelValues: fc.array(text, { minLength: 3, maxLength: 3 }),
  value: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(2 ** 53 - 1, -0, 5e-324)),
});
type Family = typeof family extends fc.Arbitrary<infer Value> ? Value : never;

interface Expected {
  readonly name: string;
  readonly help: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** Declares and counts, and gives what is to be read. What UTF-16 has and UTF-8 has not becomes U+FFFD. */
function write(store: Store, given: Family): Expected {
  const { type, labelNames } = given;
  const familyName = type === 'counter' ? `${given.name}_total` : given.name;
  const options = { name: familyName, help: given.help, labelNames };
  const values = labelNames.map((_, index) => given.labelValues[index] ?? '');
  const amount = Number.isFinite(given.value) ? Math.abs(given.value) : 1;
  if (type === 'counter')
    store
      .counter(options)
      .labels(...(values as []))
      .inc(amount);
  else if (type === 'gauge')
    store
      .gauge(options)
      .labels(...(values as []))
      .set(given.value);
  else
    store
      .histogram({ ...options, buckets: BOUNDS })
      .labels(...(values as []))
      .observe(amount);
  const labels = Object.fromEntries(
    labelNames.map((label, index) => [label, Buffer.from(values[index] ?? '').toString()]),
  );
  return {
    name: familyName,
    help: Buffer.from(given.help).toString(),
    labels,
    value: type === 'gauge' ? given.value : amount,
  };
}

/** The inverse of the scheme `values`, after https://prometheus.io/docs/instrumenting/escaping_schemes/. */
function unescapeValues(escaped: string): string {
  if (!escaped.startsWith('U__')) return escaped;
  return escaped
    .slice(3)
    .replace(/__|_([0-9a-f]+)_/g, (_, hex) =>
      hex === undefined ? '_' : String.fromCodePoint(Number.parseInt(hex, 16)),
    );
}

function unescapeLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [unescapeValues(label), value]));
}

function numberOf(repr: string): number {
  if (repr === 'nan') return Number.NaN;
  return repr.endsWith('inf') ? Number.POSITIVE_INFINITY * (repr.startsWith('-') ? -1 : 1) : Number(repr);
}

/** -0 is written as 0 by some. */
function same(one: number | undefined, other: number): void {
  assert.equal((one ?? Number.NaN) + 0, other + 0);
}

/** A name of which a suffix tells the type, and which a plain part precedes, is another name for the parser. */
const isPlain = (value: string) => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(value);

for (const syntax of ['text', 'openmetrics'] as const) {
  test(`Debian's parser reads what was counted out of ${syntax}`, { skip: unlessPythonParser() }, async (t) => {
    const parse = pythonParser(t);
    const property = fc.asyncProperty(family, async (given) => {
      // A name that is plain and begins like an escaped one is not escaped, and so cannot be told from one.
      fc.pre(![given.name, ...given.labelNames].some((value) => isPlain(value) && value.startsWith('U__')));
      const store = temporaryStore(t);
      const expected = write(store, given);
      const families = await parse(syntax, await store.metrics({ syntax, escaping: 'values' }));
      store.close();
      assert.equal(families.length, 1);
      const [read] = families;
      assert.equal(read?.type, given.type);
      assert.equal(read?.help, expected.help);
      const suffix = given.type === 'histogram' ? '_count' : '';
      const sample = read?.samples.find((one) => unescapeName(one.name, suffix) === expected.name);
      assert.ok(sample, `${expected.name} is not among ${read?.samples.map((one) => one.name)}`);
      assert.deepEqual(unescapeLabels(sample.labels), expected.labels);
      same(numberOf(sample.value), given.type === 'histogram' ? 1 : expected.value);
      if (given.type !== 'histogram') return;
      const buckets = read?.samples.filter((one) => one.name.endsWith('_bucket')) ?? [];
      assert.deepEqual(
        buckets.map(({ labels, value }) => [Number(labels['le']?.replace('+Inf', 'Infinity')), Number(value)]),
        [...BOUNDS, Number.POSITIVE_INFINITY].map((bound) => [bound, expected.value <= bound ? 1 : 0]),
      );
    });
    await fc.assert(property, PARAMETERS);
  });
}

function unescapeName(escaped: string, suffix: string): string | undefined {
  return escaped.endsWith(suffix) ? unescapeValues(escaped.slice(0, escaped.length - suffix.length)) : undefined;
}

test('protobufjs reads what was counted, names of any UTF-8 included, and when it began', async (t) => {
  const property = fc.asyncProperty(family, async (given) => {
    const store = temporaryStore(t);
    const before = Date.now();
    const expected = write(store, given);
    const families = decodeFamilies(await store.render({ syntax: 'protobuf', escaping: 'allow-utf-8' }));
    store.close();
    assert.equal(families.length, 1);
    const read = families[0] as DecodedFamily;
    assert.deepEqual([read.name, read.help, read.type], [expected.name, expected.help, given.type.toUpperCase()]);
    const metric = read.metric?.[0];
    const labels = Object.fromEntries((metric?.label ?? []).map(({ name: label, value }) => [label, value]));
    assert.deepEqual(labels, expected.labels);
    if (given.type === 'gauge') return same(metric?.gauge?.value, expected.value);
    const created = (metric?.counter ?? metric?.histogram)?.createdTimestamp;
    const createdAt = (created?.seconds ?? 0) * 1000 + (created?.nanos ?? 0) / 1e6;
    assert.ok(createdAt >= before - 1000 && createdAt <= Date.now() + 1000, `created at ${createdAt}`);
    if (given.type === 'counter') return same(metric?.counter?.value, expected.value);
    assert.deepEqual(
      metric?.histogram?.bucket?.map(({ upperBound, cumulativeCount }) => [upperBound, cumulativeCount]),
      BOUNDS.map((bound) => [bound, expected.value <= bound ? 1 : 0]),
    );
    assert.equal(metric?.histogram?.sampleCount, 1);
    same(metric?.histogram?.sampleSum, expected.value);
  });
  await fc.assert(property, PARAMETERS);
});
