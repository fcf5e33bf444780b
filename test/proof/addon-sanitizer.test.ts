/**
 * The addon with AddressSanitizer in Node.js: the unit tests of metrics and stores find no fault in it, and a vector
 * that is made one element too short is found. Leaks are not looked for, since Node.js frees little when it ends.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { unlessInstalled } from '../support/debian-package.js';
import { mutatedAddon } from '../support/mutated-addon.js';
import { nodeVersions, prebuiltAddon } from '../support/node-version.js';
import { runSuite, type SuiteResult } from '../support/other-suite.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const skip = process.arch === 'x64' ? unlessInstalled('gcc', 'gcc') : 'the sanitizer is that of x86-64';

const sanitized = '-fsanitize=address';

/** Runs tests with the addon of a directory; gives what the sanitizer has reported as well. */
async function run(
  t: TestContext,
  directory: string,
  tests: readonly string[],
): Promise<SuiteResult & { readonly reports: string }> {
  chmodSync(directory, 0o755);
  // The second is for the exceptions of the addon: the runtime looks for the function that throws when it is loaded.
  const libraries = ['libasan.so', 'libstdc++.so.6'].map((name) =>
    execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
  );
  const log = temporaryDirectory(t);
  // A test that has become another user reports as well.
  chmodSync(log, 0o1777);
  const env = { LD_PRELOAD: libraries.join(':'), ASAN_OPTIONS: `detect_leaks=0:log_path=${join(log, 'report')}` };
  const result = await runSuite({ node: process.execPath, addon: directory, tests, env });
  return {
    ...result,
    reports: readdirSync(log)
      .map((name) => readFileSync(join(log, name), 'utf8'))
      .join('\n'),
  };
}

test('with AddressSanitizer the unit tests of metrics and stores find no fault in the addon', { skip }, async (t) => {
  const { directory, file } = await prebuiltAddon(t, nodeVersions[0], [sanitized]);
  assert.ok(readFileSync(file).includes('__asan_report_load'), 'the flag has come to the compiler');
  const { passed, failed, skipped, output, reports } = await run(t, directory, ['unit/metrics/', 'unit/store/']);
  t.diagnostic(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  assert.equal(reports, '');
  assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 }, output);
  assert.ok(passed > 100, output);
});

test('AddressSanitizer finds a vector of the addon that is too short (the control)', { skip }, async (t) => {
  const find = 'std::vector<FamilyNames> families(count);';
  const mutation = {
    name: 'short-vector',
    changes: [{ find, replace: find.replace('count', 'count > 1 ? count - 1 : count') }],
  };
  const { reports } = await run(t, mutatedAddon(t, mutation, [sanitized]), ['unit/metrics/sample-names']);
  assert.match(reports, /ERROR: AddressSanitizer: heap-buffer-overflow/);
});
