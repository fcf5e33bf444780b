/**
 * The addon with AddressSanitizer in Node.js: the unit tests of metrics and stores find no fault in it, and a vector
 * that is made one element too short is found. Leaks are not looked for, since Node.js frees little when it ends.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unlessInstalled } from '../support/debian-package.js';
import { nodeVersions, prebuiltAddon } from '../support/node-version.js';
import { runSuite, type SuiteResult } from '../support/other-suite.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const skip = process.arch === 'x64' ? unlessInstalled('gcc', 'gcc') : 'the sanitizer is that of x86-64';

/** A copy of what the addon is built from. */
function copyOfSources(t: TestContext): string {
  const directory = temporaryDirectory(t);
  for (const name of ['binding.gyp', 'package.json', 'native', 'scripts']) {
    cpSync(join(root, name), join(directory, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

/** Runs tests with an addon that is built from these sources; gives what the sanitizer has reported as well. */
async function run(
  t: TestContext,
  sources: string,
  tests: readonly string[],
): Promise<SuiteResult & { readonly reports: string }> {
  const { directory } = await prebuiltAddon(t, nodeVersions[0], ['-fsanitize=address'], sources);
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
  const { passed, failed, skipped, output, reports } = await run(t, root, ['unit/metrics/', 'unit/store/']);
  t.diagnostic(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  assert.equal(reports, '');
  assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 }, output);
  assert.ok(passed > 100, output);
});

test('AddressSanitizer finds a vector of the addon that is too short (the control)', { skip }, async (t) => {
  const sources = copyOfSources(t);
  const path = join(sources, 'native/addon/snapshot.cc');
  const text = readFileSync(path, 'utf8');
  const short = text.replace('counts(size_t{family.bound_count} + 1);', 'counts(size_t{family.bound_count});');
  assert.notEqual(short, text, 'the code changed: change the fault with it');
  writeFileSync(path, short);
  const { reports } = await run(t, sources, ['unit/metrics/histogram']);
  assert.match(reports, /ERROR: AddressSanitizer: heap-buffer-overflow/);
});
