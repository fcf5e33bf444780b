/**
 * A library that is unloaded leaves threads behind whose rseq areas point into it, which is why the addon is linked
 * with `-z nodelete`: Node unloads an addon with the last Worker that loaded it. The controls are copies without that
 * flag, in processes of their own, which are either ended by the kernel or lose the library. All of it with threads that
 * the C library registers for rseq, and with threads that register themselves, which end by unregistering: a destructor
 * of the library does that.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from 'percpu-metrics';
import { unlessInstalled } from '../support/debian-package.js';
import { ElfFile, FLAGS_1, NODELETE } from '../support/elf-file.js';
import { buildVariant, type Mutation } from '../support/native-variant.js';
import { underCondition } from '../support/rseq-condition.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { numberOf } from '../support/temporary-store.js';

const addonPath = fileURLToPath(new URL('../../../build/Release/percpu_metrics.node', import.meta.url));
const program = fileURLToPath(new URL('../support/programs/loading-threads.js', import.meta.url));
const skip = unlessInstalled('gcc', 'gcc');

/** How a program ended, and what it had printed. */
interface End {
  readonly code: unknown;
  readonly signal: unknown;
  readonly output: string;
}

/** Who registers threads for rseq. */
type Registration = 'libc' | 'self';

function runToEnd(registration: Registration, program: string, args: readonly string[]): Promise<End> {
  const { command, env } = underCondition(registration, [program, ...args]);
  const [file = '', ...rest] = command;
  return new Promise((resolve) => {
    execFile(file, rest, { timeout: 300_000, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, signal: error?.signal ?? null, output: stdout + stderr });
    });
  });
}

/** A copy that the loader unmaps when nobody uses it any more. */
function withoutNodelete(path: string, directory: string): string {
  const flags = new ElfFile(path).dynamicEntry(FLAGS_1);
  assert.ok(flags && (flags.value & NODELETE) !== 0, `${path} is not linked with -z nodelete`);
  const copy = join(directory, 'unloadable.node');
  copyFileSync(path, copy);
  const bytes = readFileSync(copy);
  bytes.writeBigUInt64LE(BigInt(flags.value - NODELETE), flags.offset + 8);
  writeFileSync(copy, bytes);
  return copy;
}

function assertLoaded({ code, signal, output }: End): void {
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
  assert.match(output, /\bmapped$/m);
}

/** The kernel cannot read what the area points to and ends the process, or the library is gone without a trace. */
function assertUnloaded(t: TestContext, end: End): void {
  t.diagnostic(JSON.stringify(end));
  assert.ok(end.signal === 'SIGSEGV' || /\bunmapped$/m.test(end.output), JSON.stringify(end));
}

const runNode = (by: Registration, addon: string, store: string, threads: number, increments: number) =>
  runToEnd(by, process.execPath, [program, addon, store, `${threads}`, `${increments}`]);

/** The program and the core as a library, which is the one without a mutation by default. */
async function runCore(t: TestContext, by: Registration, choice: { mutation?: Mutation; unloadable?: boolean } = {}) {
  const directory = temporaryDirectory(t);
  const built = await buildVariant({
    name: `libcore${choice.mutation ? `-${choice.mutation.name}` : ''}.so`,
    sources: ['core'],
    flags: ['-O3', '-fPIC'],
    linkFlags: ['-shared', '-Wl,-z,nodelete'],
    ...(choice.mutation ? { mutation: choice.mutation } : {}),
  });
  const library = choice.unloadable ? withoutNodelete(built, directory) : built;
  const executable = await buildVariant({ name: 'unloading', sources: ['proof/unloading.c'], flags: ['-O1'] });
  return runToEnd(by, executable, [library, join(directory, 'store'), '4', '100', '1000']);
}

for (const by of ['libc', 'self'] as const) {
  test(`200 Workers that alone load the addon, and come and go, count exactly, registered by ${by}`, async (t) => {
    const path = join(temporaryDirectory(t), 'store.pcm');
    const end = await runNode(by, addonPath, path, 200, 5000);
    assertLoaded(end);
    assert.match(end.output, new RegExp(`^registered by ${by}, `, 'm'));
    const store = openStore({ path });
    t.after(() => store.close());
    assert.equal(numberOf(store, 'work_total'), 200 * 5000);
  });

  test(`without nodelete Workers registered by ${by} end their process, or lose the addon (the control)`, async (t) => {
    const directory = temporaryDirectory(t);
    const addon = withoutNodelete(addonPath, directory);
    assertUnloaded(t, await runNode(by, addon, join(directory, 'store.pcm'), 40, 1000));
  });

  test(`threads of a C program that load the core 400 times and unload it count exactly, registered by ${by}`, {
    skip,
  }, async (t) => {
    const end = await runCore(t, by);
    assertLoaded(end);
    assert.match(end.output, new RegExp(`^counted 400000, registered by ${by}, mapped$`, 'm'));
  });

  test(`without nodelete threads registered by ${by} end their process, or lose the core (the control)`, {
    skip,
  }, async (t) => {
    assertUnloaded(t, await runCore(t, by, { unloadable: true }));
  });
}

test('with a wrong signature in front of an abort address the kernel ends the process', {
  skip: skip || (process.arch === 'x64' ? false : 'the signature is that of x86-64'),
}, async (t) => {
  const mutation = {
    name: 'signature',
    changes: [{ find: '".long 0x53053053\\n\\t"', replace: '".long 0x53053054\\n\\t"' }],
  };
  const end = await runCore(t, 'libc', { mutation });
  assert.equal(end.signal, 'SIGSEGV', JSON.stringify(end));
});
