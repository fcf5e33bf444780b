/** How errors end the command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError, describeError, signalExitCode } from '#src/cli/exit-code.js';
import { PercpuMetricsError } from '#src/errors.js';

test('errors have an exit code by their kind, and a line', () => {
  assert.deepEqual(describeError(new CommandError(3, 'the port is in use')), {
    exitCode: 3,
    message: 'the port is in use',
  });
  assert.deepEqual(describeError(new PercpuMetricsError('ERR_PCM_NOT_A_STORE', 'no store')), {
    exitCode: 4,
    message: 'no store (ERR_PCM_NOT_A_STORE)',
  });
  const codes = [
    'ERR_PCM_OPTION',
    'ERR_PCM_NOT_FOUND',
    'ERR_PCM_VERSION',
    'ERR_PCM_PERMISSION',
    'ERR_PCM_NO_SPACE',
  ] as const;
  assert.deepEqual(
    codes.map((code) => describeError(new PercpuMetricsError(code, 'wrong')).exitCode),
    [2, 5, 6, 7, 8],
  );
});

test('a mistake of the program is one, and shows where', () => {
  const { exitCode, message } = describeError(new TypeError('x is undefined'));
  assert.equal(exitCode, 1);
  assert.match(message, /TypeError: x is undefined\n\s+at /);
  assert.equal(describeError('thrown text').exitCode, 1);
});

test('a process that a signal ended has the code that a shell would show', () => {
  assert.deepEqual([signalExitCode('SIGINT'), signalExitCode('SIGTERM')], [130, 143]);
});
