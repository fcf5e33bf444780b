import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStoreOptions } from '#src/store/options.js';

function rejects(options: unknown, message: RegExp): void {
  assert.throws(() => checkStoreOptions(options), { name: 'PercpuMetricsError', code: 'ERR_PCM_OPTION', message });
}

test('options that are right come back as they were', () => {
  const options = {
    path: '/tmp/x.pcm',
    backend: 'percpu-atomic',
    capacity: 1,
    readOnly: false,
    mode: 0o660,
    persist: true,
    lanes: 4096,
  };
  assert.deepEqual(checkStoreOptions(options), options);
  assert.deepEqual(checkStoreOptions({}), {});
});

test('options that are undefined count as not given', () => {
  assert.deepEqual(checkStoreOptions({ path: undefined, capacity: undefined }), {});
});

test('an unknown option is an error that lists the known ones', () => {
  rejects({ readonly: true }, /unknown option 'readonly'; a store has path, backend, capacity, readOnly/);
  rejects(JSON.parse('{"__proto__": {"readOnly": true}}'), /unknown option '__proto__'/);
  rejects({ toString: 1 }, /unknown option 'toString'/);
});

for (const [name, values, expected] of [
  ['path', ['', 'a\0b', 7, null, {}], /path of a file/],
  ['backend', ['RSEQ', '', 1, null], /one of rseq, percpu-atomic, atomic, atomic-padded/],
  ['capacity', [0, -1, 1.5, Number.NaN, 2 ** 26 + 1, '10', 10n], /an integer from 1 to 67108864/],
  ['readOnly', [1, 'true', null], /true or false/],
  ['persist', [0, 'false', null], /true or false/],
  ['mode', [0o1600, 0o400, -1, 0.5, '0600'], /permission bits/],
  ['lanes', [0, 4097, 1.5, '2'], /an integer from 1 to 4096/],
] as const) {
  test(`a wrong ${name} is an error that shows the value and what is expected`, () => {
    for (const value of values) {
      rejects({ [name]: value }, expected);
      rejects({ [name]: value }, new RegExp(`^option ${name} must be`));
    }
  });
}

test('options that are no object are an error', () => {
  rejects(null, /must be an object, not null/);
  rejects('/tmp/x.pcm', /must be an object, not '\/tmp\/x.pcm'/);
});
