/**
 * The runner of the tests, held by a test where it could hide something: a native test that says it could test nothing
 * is no pass, and where nothing may be skipped it is a failure.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs the runner in a project that has nothing but one native test, which prints these lines and ends well. */
function runNative(t: TestContext, lines: readonly string[], strict: Readonly<Record<string, string>> = {}) {
  // Not in memory: files in /dev/shm may not be executable.
  const project = mkdtempSync(join(tmpdir(), 'percpu-metrics-runner-'));
  t.after(() => rmSync(project, { recursive: true, force: true }));
  cpSync(join(root, 'scripts'), join(project, 'scripts'), { recursive: true });
  mkdirSync(join(project, 'build/Release'), { recursive: true });
  const script = `#!/bin/sh\ncat <<'end'\n${lines.join('\n')}\nend\n`;
  writeFileSync(join(project, 'build/Release/some_test'), script, { mode: 0o755 });
  const { CI: _, PERCPU_METRICS_NO_SKIP: __, NODE_TEST_CONTEXT: ___, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, 'scripts/test.mjs'), 'some_test'], {
    encoding: 'utf8',
    env: { ...env, ...strict },
  });
  assert.equal(stderr, '');
  return { status, lines: stdout.trimEnd().split('\n') };
}

const skipping = ['ok counts', 'skip mounts: wants root', '1 passed, 0 failed'];

test('a native test that skips itself is told by name and reason, and has not passed', (t) => {
  const { status, lines } = runNative(t, skipping);
  assert.equal(status, 0);
  assert.deepEqual(lines.slice(-2), ['skipped some_test: mounts: wants root', '1 passed, 0 failed']);
});

for (const strict of [{ CI: 'true' }, { PERCPU_METRICS_NO_SKIP: '1' }]) {
  test(`a native test that skips itself has failed with ${Object.keys(strict)}`, (t) => {
    const { status, lines } = runNative(t, skipping, strict);
    assert.equal(status, 1);
    assert.ok(lines.includes('FAILED some_test: mounts'), lines.join('\n'));
    assert.ok(lines.includes('    skipped, which is not allowed here: wants root'), lines.join('\n'));
    assert.equal(lines.at(-1), '1 passed, 1 failed');
  });
}

test('a native test that fails, or ends without its tally, has failed', (t) => {
  const failed = runNative(t, ['not ok counts', '0 passed, 1 failed']);
  assert.deepEqual([failed.status, failed.lines.at(-1)], [1, '0 passed, 1 failed']);
  const cut = runNative(t, ['ok counts']);
  assert.deepEqual([cut.status, cut.lines.at(-1)], [1, '0 passed, 1 failed']);
});
