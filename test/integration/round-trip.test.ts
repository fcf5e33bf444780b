/** What is rendered is what others read: hostile names, labels, values and help through parsers of others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Store } from 'percpu-metrics';
import { parseSelector } from '../support/promql-selector.js';
import { type DecodedFamily, type DecodedMetric, decodeFamilies } from '../support/protobuf-scrape.js';
import { pythonParser, unlessPythonParser } from '../support/python-parser.js';
import { temporaryStore } from '../support/temporary-store.js';

/** Always the same cases: a failure is one of the code. */
const PARAMETERS = { numRuns: 400, seed: 20261125 };
const BOUNDS = [0.5, 1, 100_000, 1_000_000];
const STATES = ['"up"\\\n', 'down'] as const;

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
const KINDS = ['counter', 'gauge', 'histogram', 'untyped', 'summary', 'native-histogram', 'info', 'stateset'] as const;
const family = fc
  .record({
    type: fc.constantFrom(...KINDS),
    name,
    // Whitespace at the ends is not kept by one of the parsers.
    help: text.map((help) => `h${help}h`),
    labelNames: fc.uniqueArray(labelName, { maxLength: 3 }),
    // Halves of surrogate pairs are refused there.
    labelValues: fc.array(
      text.filter((value) => value.isWellFormed()),
      { minLength: 3, maxLength: 3 },
    ),
    value: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(2 ** 53 - 1, -0, 5e-324)),
  })
  .filter(({ type, labelNames }) => type !== 'info' || labelNames.length > 0)
  // Its name is that of a label as well.
  .filter(
    (given) => given.type !== 'stateset' || !(given.name.startsWith('__') || given.labelNames.includes(given.name)),
  );
type Family = typeof family extends fc.Arbitrary<infer Value> ? Value : never;

/** A sample to be read, by what follows the name of its family. */
interface Sample {
  readonly suffix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** How far off it may be, as a share of it; nothing is asked of the value where this is infinite. */
  readonly within?: number;
}

interface Expected {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What UTF-16 has and UTF-8 has not becomes U+FFFD. */
const utf8 = (value: string) => Buffer.from(value).toString();

function nameOf({ type, name: given }: Family): string {
  if (type === 'counter') return `${given}_total`;
  return type === 'info' ? `${given}_info` : given;
}

function declare(store: Store, given: Family, values: readonly string[], amount: number): void {
  const { type, labelNames } = given;
  const options = { name: nameOf(given), help: given.help, labelNames };
  const bound = <Handle>(it: { labels(...of: never[]): Handle }): Handle => it.labels(...(values as never[]));
  if (type === 'counter') bound(store.counter(options)).inc(amount);
  else if (type === 'gauge') bound(store.gauge(options)).set(given.value);
  else if (type === 'untyped') bound(store.untyped(options)).set(given.value);
  else if (type === 'histogram') bound(store.histogram({ ...options, buckets: BOUNDS })).observe(amount);
  else if (type === 'native-histogram') bound(store.nativeHistogram(options)).observe(amount);
  else if (type === 'summary') bound(store.summary({ ...options, quantiles: [0.5] })).observe(amount);
  else if (type === 'stateset') bound(store.stateSet({ ...options, states: STATES })).set(STATES[0]);
  else {
    const labels = Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? '']));
    store.infoMetric({ name: options.name, help: options.help, labels });
  }
}

/** The samples without the labels of the series. */
function samplesOf({ type, name: given, value }: Family, amount: number): Sample[] {
  const one = (suffix: string, count: number, labels: Sample['labels'] = {}, within = 0): Sample => ({
    suffix,
    labels,
    value: count,
    within,
  });
  const totals = [one('_sum', amount), one('_count', 1)];
  if (type === 'counter') return [one('', amount)];
  if (type === 'gauge' || type === 'untyped') return [one('', value)];
  if (type === 'info') return [one('', 1)];
  if (type === 'stateset') return STATES.map((state, index) => one('', index === 0 ? 1 : 0, { [given]: state }));
  if (type === 'native-histogram') return [one('_bucket', 1, { le: 'Infinity' }), ...totals];
  if (type === 'summary') {
    const isInRange = amount >= 0.0001 && amount <= 100;
    return [one('', amount, { quantile: '0.5' }, isInRange ? 0.025 : Number.POSITIVE_INFINITY), ...totals];
  }
  const bounds = [...BOUNDS, Number.POSITIVE_INFINITY];
  return [...bounds.map((bound) => one('_bucket', amount <= bound ? 1 : 0, { le: String(bound) })), ...totals];
}

/** Declares and counts, and gives what is to be read. */
function write(store: Store, given: Family): Expected {
  const { labelNames } = given;
  const values = labelNames.map((_, index) => given.labelValues[index] ?? '');
  const amount = Number.isFinite(given.value) ? Math.abs(given.value) : 1;
  declare(store, given, values, amount);
  const own = Object.fromEntries(labelNames.map((label, index) => [label, utf8(values[index] ?? '')]));
  const samples = samplesOf(given, amount).map((sample) => ({ ...sample, labels: { ...own, ...sample.labels } }));
  return { name: nameOf(given), help: utf8(given.help), samples };
}

interface Read {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Python's and Prometheus' infinities and NaN as well. */
function numberOf(repr: string): number {
  if (/nan/i.test(repr)) return Number.NaN;
  return /inf/i.test(repr) ? Number.POSITIVE_INFINITY * (repr.startsWith('-') ? -1 : 1) : Number(repr);
}

/** Bounds are written as 1 or as 1.0. */
function withBounds(labels: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(labels);
  return Object.fromEntries(
    entries.map(([label, value]) => [label, ['le', 'quantile'].includes(label) ? String(numberOf(value)) : value]),
  );
}

/** -0 is written as 0 by some. */
function same(one: number | undefined, other: number): void {
  assert.equal((one ?? Number.NaN) + 0, other + 0);
}

/** Each sample is there once, and nothing else but the time of creation. */
function assertSamples(read: readonly Read[], { name: base, samples }: Expected): void {
  const shown = JSON.stringify(read);
  for (const { suffix, labels, value, within = 0 } of samples) {
    const found = read.filter((one) => one.name === base + suffix && isDeepStrictEqual(one.labels, labels));
    assert.equal(found.length, 1, `${base + suffix} ${JSON.stringify(labels)} in ${shown}`);
    const got = found[0]?.value ?? Number.NaN;
    if (within === 0) same(got, value);
    else
      assert.ok(Math.abs(got - value) <= within * value || within === Number.POSITIVE_INFINITY, `${got}, not ${value}`);
  }
  const others = read.filter((one) => !samples.some(({ suffix }) => one.name === base + suffix));
  assert.ok(
    others.every((one) => one.name.endsWith('_created')),
    shown,
  );
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

/** What follows the name of a family is not escaped. */
function unescapeName(escaped: string, suffixes: readonly string[]): string {
  const suffix = suffixes.find((end) => end !== '' && escaped.endsWith(end)) ?? '';
  return unescapeValues(escaped.slice(0, escaped.length - suffix.length)) + suffix;
}

/** What a type is called by the syntax. */
function typeIn(syntax: 'text' | 'openmetrics', type: Family['type']): string {
  if (type === 'native-histogram') return 'histogram';
  if (syntax === 'openmetrics') return type === 'untyped' ? 'unknown' : type;
  return type === 'info' || type === 'stateset' ? 'gauge' : type;
}

/** What OpenMetrics takes away from the name of a family. */
const ENDS: Readonly<Partial<Record<Family['type'], string>>> = { counter: '_total', info: '_info' };

/** A name of which a suffix tells the type, and which a plain part precedes, is another name for the parser. */
const isPlain = (value: string) => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(value);

for (const syntax of ['text', 'openmetrics'] as const) {
  test(`Debian's parser reads what was counted out of ${syntax}`, { skip: unlessPythonParser() }, async (t) => {
    const parse = pythonParser(t);
    const property = fc.asyncProperty(family, async (given) => {
      // A name that is plain and begins like an escaped one is not escaped, and so cannot be told from one.
      fc.pre(![given.name, ...given.labelNames].some((value) => isPlain(value) && value.startsWith('U__')));
      // A colon is escaped in a label, and not in the name of a metric: in a state set they were the same.
      fc.pre(given.type !== 'stateset' || !given.name.includes(':'));
      const store = temporaryStore(t);
      const expected = write(store, given);
      const families = await parse(syntax, await store.metrics({ syntax, escaping: 'values' }));
      store.close();
      assert.equal(families.length, 1);
      const [read] = families;
      // It calls both unknown.
      assert.equal(read?.type, typeIn(syntax, given.type).replace('untyped', 'unknown'));
      assert.equal(read?.help, expected.help);
      const suffixes = expected.samples.map(({ suffix }) => suffix);
      const samples = (read?.samples ?? []).map((sample) => ({
        name: unescapeName(sample.name, [...suffixes, '_created']),
        labels: withBounds(unescapeLabels(sample.labels)),
        value: numberOf(sample.value),
      }));
      assertSamples(samples, expected);
    });
    await fc.assert(property, PARAMETERS);
  });

  test(`Prometheus' own grammar of quoted names reads what was counted out of ${syntax}`, async (t) => {
    const property = fc.asyncProperty(family, async (given) => {
      const store = temporaryStore(t);
      const expected = write(store, given);
      const lines = (await store.metrics({ syntax, escaping: 'allow-utf-8' }))
        .split('\n')
        .filter((line) => line !== '');
      store.close();
      if (syntax === 'openmetrics') assert.equal(lines.pop(), '# EOF');
      const heading = lines.find((line) => line.startsWith('# TYPE ')) ?? '';
      const shown = heading.slice('# TYPE '.length, heading.lastIndexOf(' '));
      const named = parseSelector(shown.startsWith('"') ? `{${shown}}` : shown).name;
      const end = ENDS[given.type];
      const isShorter = syntax === 'openmetrics' && end !== undefined;
      assert.equal(named, isShorter ? expected.name.slice(0, -end.length) : expected.name);
      assert.equal(heading.slice(heading.lastIndexOf(' ') + 1), typeIn(syntax, given.type));
      const read = lines
        .filter((line) => !line.startsWith('# '))
        .map((line) => {
          const { name: of, labels } = parseSelector(line.slice(0, line.lastIndexOf(' ')));
          return { name: of, labels: withBounds(labels), value: numberOf(line.slice(line.lastIndexOf(' ') + 1)) };
        });
      assertSamples(read, expected);
    });
    await fc.assert(property, PARAMETERS);
  });
}

const PROTOBUF_TYPES: Readonly<Record<Family['type'], string>> = {
  counter: 'COUNTER',
  gauge: 'GAUGE',
  histogram: 'HISTOGRAM',
  untyped: 'UNTYPED',
  summary: 'SUMMARY',
  'native-histogram': 'HISTOGRAM',
  info: 'GAUGE',
  stateset: 'GAUGE',
};

/** The samples of a message, as they are in text. */
function samplesIn(base: string, metric: DecodedMetric): Read[] {
  const labels = Object.fromEntries((metric.label ?? []).map(({ name: label, value }) => [label, value]));
  const one = metric.counter ?? metric.gauge ?? metric.untyped;
  if (one !== undefined) return [{ name: base, labels, value: one.value }];
  const many = metric.summary ?? metric.histogram;
  const { sampleCount = 0, sampleSum = Number.NaN } = many ?? {};
  const bucket = (le: number, value: number) => ({
    name: `${base}_bucket`,
    labels: { ...labels, le: String(le) },
    value,
  });
  return [
    ...(metric.summary?.quantile ?? []).map(({ quantile, value }) => ({
      name: base,
      labels: { ...labels, quantile: String(quantile) },
      value,
    })),
    ...(metric.histogram?.bucket ?? []).map(({ upperBound, cumulativeCount }) => bucket(upperBound, cumulativeCount)),
    // The bucket of +Inf is the count.
    ...(metric.histogram === undefined ? [] : [bucket(Number.POSITIVE_INFINITY, sampleCount)]),
    { name: `${base}_sum`, labels, value: sampleSum },
    { name: `${base}_count`, labels, value: sampleCount },
  ];
}

test('protobufjs reads what was counted, names of any UTF-8 included, and when it began', async (t) => {
  const property = fc.asyncProperty(family, async (given) => {
    const store = temporaryStore(t);
    const before = Date.now();
    const expected = write(store, given);
    const families = decodeFamilies(await store.render({ syntax: 'protobuf', escaping: 'allow-utf-8' }));
    store.close();
    assert.equal(families.length, 1);
    const { name: named, help, type, metric = [] } = families[0] as DecodedFamily;
    assert.deepEqual([named, help, type], [expected.name, expected.help, PROTOBUF_TYPES[given.type]]);
    assertSamples(
      metric.flatMap((one) => samplesIn(named, one)),
      expected,
    );
    for (const one of metric) {
      const counted = one.counter ?? one.histogram ?? one.summary;
      if (counted === undefined) continue;
      const created = counted.createdTimestamp;
      const createdAt = (created?.seconds ?? 0) * 1000 + (created?.nanos ?? 0) / 1e6;
      assert.ok(createdAt >= before - 1000 && createdAt <= Date.now() + 1000, `created at ${createdAt}`);
    }
  });
  await fc.assert(property, PARAMETERS);
});
