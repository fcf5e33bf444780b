import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelValues } from '#src/metrics/label-values.js';

const family = { name: 'requests_total', labelNames: ['method', 'status'] };

function rejects(given: unknown[], code: string, message: RegExp): void {
  assert.throws(() => labelValues(family, given), { name: 'PercpuMetricsError', code, message });
}

test('values by position and by name give the same list, in the order of the names', () => {
  assert.deepEqual(labelValues(family, ['GET', 200]), ['GET', '200']);
  assert.deepEqual(labelValues(family, [{ status: '200', method: 'GET' }]), ['GET', '200']);
});

test('numbers become the strings that JavaScript makes of them', () => {
  assert.deepEqual(labelValues(family, [-0, 1e21]), ['0', '1e+21']);
  assert.deepEqual(labelValues(family, [Number.NaN, Number.NEGATIVE_INFINITY]), ['NaN', '-Infinity']);
});

test('another number of values is an error that names the labels', () => {
  rejects([], 'ERR_PCM_LABEL_COUNT', /0 label values given, but requests_total has 2 labels: method, status/);
  rejects(['GET'], 'ERR_PCM_LABEL_COUNT', /1 label value given/);
  rejects(['GET', 200, 'x'], 'ERR_PCM_LABEL_COUNT', /3 label values given/);
  rejects([{ method: 'GET' }], 'ERR_PCM_LABEL_COUNT', /label status has no value/);
  assert.throws(() => labelValues({ name: 'up', labelNames: [] }, ['x']), {
    code: 'ERR_PCM_LABEL_COUNT',
    message: '1 label value given, but up has no labels',
  });
});

test('a name that the family does not have is an error that names it', () => {
  rejects([{ method: 'GET', code: 200 }], 'ERR_PCM_LABEL_NAME', /'code' is no label; requests_total has 2 labels/);
  rejects([{ method: 'GET', status: 200, code: 1 }], 'ERR_PCM_LABEL_NAME', /'code' is no label/);
});

test('inherited properties are no labels', () => {
  const inherited = { name: 'x', labelNames: ['constructor'] };
  assert.throws(() => labelValues(inherited, [{}]), { code: 'ERR_PCM_LABEL_COUNT' });
  assert.deepEqual(labelValues(inherited, [{ constructor: 'a' }]), ['a']);
});

test('a value that is neither a string nor a number is an error that shows it', () => {
  for (const value of [undefined, null, true, {}, ['GET'], 5n, Symbol('x'), () => {}]) {
    rejects(
      [value, 200],
      'ERR_PCM_LABEL_VALUE',
      /value of label method of requests_total must be a string or a number/,
    );
    rejects([{ method: value, status: 1 }], 'ERR_PCM_LABEL_VALUE', /value of label method/);
  }
  rejects(['GET', null], 'ERR_PCM_LABEL_VALUE', /label status .* but is null/);
});

test('a value that is too long for the store is an error that does not repeat it', () => {
  assert.equal(labelValues(family, ['x'.repeat(65535), 1])[0]?.length, 65535);
  rejects(['ä'.repeat(32768), 1], 'ERR_PCM_LABEL_VALUE', /has 32768 characters; shorten it to 65535 bytes$/);
});
