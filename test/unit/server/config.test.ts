/** What the environment says about the service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePort, readEnvironment } from '#src/server/config.js';

test('without variables it is 127.0.0.1:9464 and no store', () => {
  const expected = { port: 9464, host: '127.0.0.1', store: undefined };
  assert.deepEqual(readEnvironment({}), expected);
  assert.deepEqual(readEnvironment({ PORT: '', HOST: '', PERCPU_METRICS_STORE: '' }), expected);
});

test('PORT, HOST and PERCPU_METRICS_STORE are taken', () => {
  assert.deepEqual(readEnvironment({ PORT: '0', HOST: '::1', PERCPU_METRICS_STORE: '/a' }), {
    port: 0,
    host: '::1',
    store: '/a',
  });
});

test('a port is a number from 0 to 65535 and nothing else', () => {
  assert.equal(parsePort('65535', '--port'), 65535);
  for (const text of ['65536', '-1', '1.5', '0x50', ' 80', '80 ', 'http', '1e3', '999999']) {
    assert.throws(() => readEnvironment({ PORT: text }), {
      code: 'ERR_PCM_OPTION',
      message: /^the environment variable PORT must be a port/,
    });
  }
});
