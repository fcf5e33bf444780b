/**
 * The core on systems that are not this one: without critical sections, where every increment takes the atomic lanes
 * (from JavaScript as well), against a C library that registers no thread for rseq, and as a program for 64-bit ARM
 * under an emulator that has no rseq. The suite is the same everywhere, and each run says which mode was in force.
 * The churn, the limits and the fuzzer without critical sections are where they are with them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { buildCoreProgram, type Target } from '../support/core-program.js';
import { unlessInstalled } from '../support/debian-package.js';
import { withoutRseq } from '../support/native-variant.js';
import { nodeOf, nodeVersions, prebuiltAddon } from '../support/node-version.js';
import { runSuite } from '../support/other-suite.js';
import { assertSuitePassed } from '../support/suite-output.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { assertExact, buildTortureWithoutRseq, everyRole, runTorture } from '../support/torture.js';

const run = promisify(execFile);

interface Variant {
  readonly target: Target;
  readonly registration: 'self' | 'none';
  readonly emulator: readonly string[];
  /** How much of the usual number of repetitions. */
  readonly scale: number;
}

async function passes(t: TestContext, { target, registration, emulator, scale }: Variant): Promise<void> {
  const [program, ...args] = [...emulator, await buildCoreProgram(target, 'suite')];
  const env = { ...process.env, PCM_TEST_REGISTRATION: registration, PCM_TEST_SCALE: String(scale) };
  // A program that fails rejects with what it has printed.
  const { stdout } = await run(program ?? '', args, { env, timeout: 600_000 });
  t.diagnostic(/^# registration .*$/m.exec(stdout)?.[0] ?? '');
  assert.match(stdout, new RegExp(`^# registration ${registration}: `, 'm'));
  assertSuitePassed(stdout);
}

test(
  'without critical sections the suite of the core passes on atomic lanes',
  {
    skip: unlessInstalled('gcc', 'gcc'),
  },
  (t) => passes(t, { target: 'no-rseq', registration: 'none', emulator: [], scale: 1 }),
);

test('without critical sections 8 processes of all kinds count exactly, killed ones included', async (t) => {
  const report = await runTorture(await buildTortureWithoutRseq(), temporaryDirectory(t), {
    milliseconds: 1500,
    roles: everyRole,
  });
  t.diagnostic(JSON.stringify(report));
  assertExact(report);
  assert.ok(report.killed > 0 && report.forkedKilled > 0, JSON.stringify(report));
  assert.ok(report.fallbacks > 0 && report.aborts === 0, JSON.stringify(report));
  assert.deepEqual([report.modes.libc, report.modes.self], [0, 0]);
});

/**
 * What counts from JavaScript: in one process, in several, in threads, while some are killed and series removed, while
 * files are cut off, locks held and catalogs scribbled over. Of what other versions of Node.js run, the rest is left out: the
 * load test, what npm start says, and other programs that read, for time; tests of commands and of
 * the first line of a service, since they want to be told of rseq.
 */
const counting = [
  ...[
    'blocked-loop',
    'fallback-metrics',
    'processes',
    'prom-client',
    'recovery',
    'removal',
    'requests-in-flight',
    'service-odd-requests',
    'service-workers',
    'worker-threads',
  ].map((name) => `test/integration/${name}.test`),
  ...[
    'attachments',
    'held-lock',
    'host-process',
    'model',
    'permissions',
    'scribble',
    'service-clients',
    'service-grammar',
    'truncation',
  ].map((name) => `test/proof/${name}.test`),
];

/** All unit tests. */
function unitTests(): string[] {
  const names = readdirSync(new URL('../unit/', import.meta.url), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.test.js')).map((name) => `test/unit/${name.replace(/\.js$/, '')}`);
}

test('with an addon without critical sections what counts from JavaScript passes on atomic lanes', async (t) => {
  const { directory } = await prebuiltAddon(t, nodeVersions[0], [withoutRseq]);
  chmodSync(directory, 0o755);
  const tests = [...unitTests(), ...counting];
  const { passed, failed, skipped, output } = await runSuite({
    // Which one makes no difference; this one keeps what it has compiled for the next process.
    node: nodeOf('24.21.0'),
    addon: directory,
    tests,
    env: { PCM_TEST_REGISTRATION: 'none' },
  });
  t.diagnostic(`${tests.length} files: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 }, output);
  const isMissing = (path: string) => !output.includes(`\npass ${path}.ts: `);
  assert.deepEqual(tests.filter(isMissing), [], 'each file has a test that passed');
  assert.ok(passed > 800, output);
});

test(
  'against musl, which registers no thread, the core registers each by itself and its suite passes',
  {
    skip: unlessInstalled('musl-tools', 'musl-gcc'),
  },
  (t) => passes(t, { target: 'musl', registration: 'self', emulator: [], scale: 1 }),
);

test(
  'for 64-bit ARM, emulated without rseq, the suite of the core passes on atomic lanes',
  {
    skip:
      unlessInstalled('gcc-aarch64-linux-gnu', 'aarch64-linux-gnu-gcc') ||
      unlessInstalled('qemu-user-static', 'qemu-aarch64-static'),
  },
  (t) =>
    passes(t, {
      target: 'arm64',
      registration: 'none',
      emulator: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'],
      scale: 0.02,
    }),
);
