/**
 * The same as unloading, with the core as a library of a C program; and the signature that the kernel looks for in front
 * of an abort address.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { unlessInstalled } from '../support/debian-package.js';
import { buildVariant, type Mutation } from '../support/native-variant.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { assertLoaded, assertUnloaded, type Registration, runToEnd, withoutNodelete } from '../support/unloading.js';

const skip = unlessInstalled('gcc', 'gcc');

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
