import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PercpuMetricsError } from '#src/errors.js';
import { nativeError } from '#src/store/native-error.js';

const attempt = { action: 'open the store', path: '/dev/shm/x.pcm' };

function failure(code: string, properties: object = {}): Error {
  return Object.assign(new Error('said the core'), { code }, properties);
}

for (const [code, remedy] of [
  ['ERR_PCM_NOT_FOUND', /start the application that writes it/],
  ['ERR_PCM_NOT_A_STORE', /give another path, or remove the file/],
  ['ERR_PCM_VERSION', /use the same version in every process/],
  ['ERR_PCM_OTHER_BOOT', /persist: true .* or delete it/],
  ['ERR_PCM_PERMISSION', /mode such as 0o660/],
  ['ERR_PCM_UNSAFE_PATH', /the path of the file itself/],
  ['ERR_PCM_NO_SPACE', /--shm-size/],
  ['ERR_PCM_CAPACITY', /larger capacity/],
  ['ERR_PCM_TOO_MANY_PROCESSES', /several stores/],
  ['ERR_PCM_READ_ONLY', /without readOnly/],
  ['ERR_PCM_BACKEND_MISMATCH', /leave the option backend out/],
  ['ERR_PCM_CORRUPT', /remove it and start anew/],
  ['ERR_PCM_BROKEN', /restart its processes/],
  ['ERR_PCM_LOCK_TIMEOUT', /SIGSTOP/],
  ['ERR_PCM_NO_MEMORY', /raise its limit/],
  ['ERR_PCM_CLOSED', /open it again/],
] as const) {
  test(`${code} becomes an error that says what to do`, () => {
    const cause = failure(code);
    const error = nativeError(cause, attempt);
    assert.ok(error instanceof PercpuMetricsError);
    assert.equal(error.code, code);
    assert.equal(error.cause, cause);
    assert.match(error.message, /^cannot open the store: /);
    assert.match(error.message, remedy);
    if (code !== 'ERR_PCM_NO_MEMORY') assert.match(error.message, /\/dev\/shm\/x\.pcm/);
    assert.deepEqual(error.details, { path: '/dev/shm/x.pcm' });
  });
}

test('both versions of the format are in the message, where they are known', () => {
  const known = failure('ERR_PCM_VERSION', { foundVersion: 3, wantedVersion: 4 });
  assert.match(nativeError(known, attempt).message, /with file format 3, and this one has format 4; use the same/);
  assert.match(nativeError(failure('ERR_PCM_VERSION'), attempt).message, /with another file format; use the same/);
});

test('what the system said is in the message', () => {
  const error = nativeError(failure('ERR_PCM_NO_SPACE', { errno: 28, syscallMessage: 'No space left' }), attempt);
  assert.match(error.message, /\(No space left\)$/);
});

test('errors of file system calls get a code of ours', () => {
  const codes = {
    EACCES: 'PERMISSION',
    EPERM: 'PERMISSION',
    EROFS: 'PERMISSION',
    ENOSPC: 'NO_SPACE',
    EMFILE: 'SYSTEM',
  };
  for (const [code, expected] of Object.entries(codes)) {
    assert.equal(nativeError(failure(code), attempt).code, `ERR_PCM_${expected}`);
  }
});

test('what is no error at all still becomes one', () => {
  assert.equal(nativeError('nonsense', attempt).code, 'ERR_PCM_SYSTEM');
  assert.match(nativeError('nonsense', attempt).message, /nonsense/);
  assert.equal(nativeError(undefined, attempt).code, 'ERR_PCM_SYSTEM');
});

test('an error that is one of ours already stays as it is', () => {
  const error = new PercpuMetricsError('ERR_PCM_CLOSED', 'closed');
  assert.equal(nativeError(error, attempt), error);
});
