import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { display, ERROR_CODES, isErrorCode, PercpuMetricsError } from '#src/errors.js';

test('the table of codes has every status of the C header', () => {
  const header = readFileSync(new URL('../../../native/include/percpu_metrics.h', import.meta.url), 'utf8');
  const names = [...header.matchAll(/^ {4}X\(([A-Z_]+), -?\d+, /gm)].map(([, name]) => `ERR_PCM_${name}`);
  assert.ok(names.length > 15, `only ${names.length} statuses found in the header`);
  assert.deepEqual(
    names.filter((name) => name !== 'ERR_PCM_OK' && !isErrorCode(name)),
    [],
  );
});

test('an error carries its code, its cause and the values that its message speaks of', () => {
  const cause = new Error('below');
  const error = new PercpuMetricsError('ERR_PCM_OPTION', 'option x is wrong', { cause, details: { option: 'x' } });
  assert.ok(error instanceof Error);
  assert.equal(error.name, 'PercpuMetricsError');
  assert.equal(error.code, 'ERR_PCM_OPTION');
  assert.equal(error.cause, cause);
  assert.deepEqual(error.details, { option: 'x' });
});

test('an error without a cause has none, not an undefined one', () => {
  const error = new PercpuMetricsError('ERR_PCM_CLOSED', 'closed');
  assert.equal(Object.hasOwn(error, 'cause'), false);
  assert.deepEqual(error.details, {});
});

test('every code has a meaning', () => {
  for (const [code, meaning] of Object.entries(ERROR_CODES)) {
    assert.match(code, /^ERR_PCM_[A-Z_]+$/);
    assert.ok(meaning.length > 10, code);
  }
});

test('values in messages are short and never run code of the caller', () => {
  assert.equal(display('x'), "'x'");
  assert.ok(display('x'.repeat(10_000)).length < 250);
  assert.ok(display(Array.from({ length: 1000 }, (_, index) => index)).length < 250);
  const hostile = {
    get secret(): string {
      throw new Error('a getter ran');
    },
    [Symbol.for('nodejs.util.inspect.custom')](): string {
      throw new Error('an inspector ran');
    },
  };
  assert.match(display(hostile), /Getter/);
});
