import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_BUCKETS, defineFamily, sameDefinition } from '#src/metrics/definition.js';
import type { MetricType } from '#src/store/types.js';

const base = { name: 'jobs_total', help: 'Jobs.' };

function rejects(type: MetricType, options: unknown, code: string, message: RegExp): void {
  assert.throws(() => defineFamily(type, options), { name: 'PercpuMetricsError', code, message });
}

test('a definition comes out complete', () => {
  assert.deepEqual(defineFamily('counter', base), {
    type: 'counter',
    name: 'jobs_total',
    help: 'Jobs.',
    unit: '',
    labelNames: [],
    buckets: [],
  });
  assert.deepEqual(defineFamily('histogram', base).buckets, DEFAULT_BUCKETS);
});

test('a definition does not change with the arrays that it was made of', () => {
  const labelNames = ['queue'];
  const buckets = [1, 2];
  const definition = defineFamily('histogram', { ...base, labelNames, buckets });
  labelNames.push('more');
  buckets.push(3);
  assert.deepEqual(definition.labelNames, ['queue']);
  assert.deepEqual(definition.buckets, [1, 2]);
});

test('names of metrics are those that Prometheus allows', () => {
  for (const name of ['a', '_a', ':a', 'A1:b_c', 'http.requests', '1a', 'größe 😀', 'a"\n\\', '\x01'])
    assert.equal(defineFamily('counter', { ...base, name }).name, name);
  for (const name of [
    '',
    '\0',
    'a\0',
    'a\0b',
    'a\ud800',
    '\udc00b',
    undefined,
    7,
    'x'.repeat(65536),
    'ä'.repeat(32768),
  ]) {
    rejects('counter', { ...base, name }, 'ERR_PCM_METRIC_NAME', /is no name for a metric; use a text/);
  }
});

test('help is required', () => {
  for (const help of ['', undefined, 7]) {
    rejects('counter', { name: 'a', help }, 'ERR_PCM_OPTION', /^help of a must be a text/);
  }
  rejects('gauge', { name: 'a', help: 'ä'.repeat(32768) }, 'ERR_PCM_OPTION', /^help of a must be a text/);
});

test('a unit is one word', () => {
  assert.equal(defineFamily('gauge', { ...base, unit: 'seconds' }).unit, 'seconds');
  for (const unit of ['per second', 7, null]) {
    rejects('gauge', { ...base, unit }, 'ERR_PCM_OPTION', /^unit of jobs_total must be a word/);
  }
});

test('names of labels are those that Prometheus allows and does not reserve', () => {
  assert.deepEqual(defineFamily('counter', { ...base, labelNames: ['_a', 'B2', 'le', 'user.id'] }).labelNames, [
    '_a',
    'B2',
    'le',
    'user.id',
  ]);
  for (const [label, message] of [
    ['\ud800', / is no name for a label of jobs_total: use a text/],
    ['', /use a text/],
    ['a\0b', /none of them 0/],
    [7, /7 is no name/],
    ['__a', /reserved for Prometheus/],
  ] as const) {
    rejects('counter', { ...base, labelNames: [label] }, 'ERR_PCM_LABEL_NAME', message);
  }
  rejects('counter', { ...base, labelNames: ['a', 'a'] }, 'ERR_PCM_LABEL_NAME', /it is there twice/);
  rejects('histogram', { ...base, labelNames: ['le'] }, 'ERR_PCM_LABEL_NAME', /bounds of its buckets/);
  rejects('counter', { ...base, labelNames: 'method' }, 'ERR_PCM_LABEL_NAME', /must be an array of up to 64 names/);
  const many = Array.from({ length: 65 }, (_, index) => `l${index}`);
  rejects('counter', { ...base, labelNames: many }, 'ERR_PCM_LABEL_NAME', /not 65 names/);
});

test('buckets ascend and are finite, and +Inf may be named', () => {
  const definition = defineFamily('histogram', { ...base, buckets: [-1, 0, 0.5, Number.POSITIVE_INFINITY] });
  assert.deepEqual(definition.buckets, [-1, 0, 0.5]);
  for (const buckets of [
    [],
    [2, 1],
    [1, 1],
    [Number.NaN],
    [Number.NEGATIVE_INFINITY, 1],
    [Number.POSITIVE_INFINITY],
    ['1'],
    '1,2',
    null,
    Array.from({ length: 513 }, (_, index) => index),
  ]) {
    rejects('histogram', { ...base, buckets }, 'ERR_PCM_BUCKETS', /^buckets of jobs_total must be 1 to 512 finite/);
  }
});

test('an unknown option is an error, so that labels is not taken for labelNames', () => {
  rejects('counter', { ...base, labels: ['a'] }, 'ERR_PCM_OPTION', /unknown option 'labels'; a counter has name, help/);
  rejects('counter', { ...base, buckets: [1] }, 'ERR_PCM_OPTION', /unknown option 'buckets'/);
  rejects('counter', 'jobs_total', 'ERR_PCM_OPTION', /declared with an object/);
});

test('two definitions are the same if all their fields are', () => {
  const one = defineFamily('histogram', { ...base, labelNames: ['a', 'b'], unit: 's', buckets: [1, 2] });
  const again = defineFamily('histogram', { ...base, labelNames: ['a', 'b'], unit: 's', buckets: [1, 2, Infinity] });
  assert.ok(sameDefinition(one, again));
  for (const other of [
    { ...one, type: 'counter' as const },
    { ...one, name: 'other' },
    { ...one, help: 'Other.' },
    { ...one, unit: '' },
    { ...one, labelNames: ['b', 'a'] },
    { ...one, labelNames: ['a'] },
    { ...one, buckets: [1, 3] },
  ]) {
    assert.equal(sameDefinition(one, other), false, JSON.stringify(other));
  }
});
