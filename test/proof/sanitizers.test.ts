/**
 * The core's own suite with sanitizers: AddressSanitizer and UndefinedBehaviorSanitizer with critical sections, and
 * ThreadSanitizer on atomic lanes, since it does not see what assembly writes. Each finds a fault that is put in.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { unlessInstalled } from '../support/debian-package.js';
import { buildVariant, coreSuite, type Mutation, withoutRseq } from '../support/native-variant.js';
import { assertSuitePassed } from '../support/suite-output.js';

const skip = process.arch === 'x64' ? unlessInstalled('gcc', 'gcc') : 'the sanitizers are those of x86-64';

const sanitizers = {
  address: ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
  thread: ['-fsanitize=thread', '-Wno-tsan', withoutRseq],
};

async function runSuite(kind: keyof typeof sanitizers, mutation?: Mutation): Promise<string> {
  const [sanitizer = '', ...more] = sanitizers[kind];
  const executable = await buildVariant({
    name: `suite-${kind}${mutation ? `-${mutation.name}` : ''}`,
    sources: ['core', ...coreSuite()],
    flags: ['-g', '-O1', sanitizer, ...more],
    linkFlags: [sanitizer],
    ...(mutation ? { mutation } : {}),
  });
  // The first report is enough: what goes on without a lock may hang.
  const halting = mutation ? { TSAN_OPTIONS: 'halt_on_error=1' } : {};
  const env = { ...process.env, PCM_TEST_SCALE: '0.05', ...halting };
  return new Promise((resolve) => {
    execFile(executable, { env, timeout: 280_000, maxBuffer: 2 ** 26 }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

function assertClean(output: string): void {
  assertSuitePassed(output);
  assert.doesNotMatch(output, /ERROR: |WARNING: |runtime error/);
}

test('the suite of the core passes with AddressSanitizer and UndefinedBehaviorSanitizer', { skip }, async () => {
  assertClean(await runSuite('address'));
});

test('AddressSanitizer finds an array of sums that is too small (the control)', { skip }, async () => {
  const changes = [
    { find: 'uint64_t grown = count + count / 4 + BLOCK;', replace: 'uint64_t grown = (count + 1) / 2;' },
  ];
  const output = await runSuite('address', { name: 'small-array', changes });
  assert.match(output, /ERROR: AddressSanitizer: heap-buffer-overflow/);
});

test('the suite of the core passes with ThreadSanitizer', { skip }, async () => {
  assertClean(await runSuite('thread'));
});

test('ThreadSanitizer finds an addition that is not atomic (the control)', { skip }, async () => {
  const changes = [
    {
      find: 'atomic_fetch_add_explicit(word, (uint64_t)amount, memory_order_relaxed);',
      replace: '*(uint64_t *)word += (uint64_t)amount;',
    },
  ];
  const output = await runSuite('thread', { name: 'plain-addition', changes });
  assert.match(output, /WARNING: ThreadSanitizer: data race/);
});

test('ThreadSanitizer finds a catalog whose lock does not keep threads apart (the control)', { skip }, async () => {
  // Neither taken nor given back: a lock that is only tried orders threads wherever they do not meet.
  const changes = [
    {
      find: 'pthread_mutex_lock(&store->mutex);\n    int status = lock_and_read(store);\n    if (status != PCM_OK)\n        pthread_mutex_unlock(&store->mutex);\n    return status;',
      replace: 'return lock_and_read(store);',
    },
    {
      find: 'end_turn(store);\n    pcm__file_unlock(store->fd, PCM__LOCK_OFFSET);\n    pthread_mutex_unlock(&store->mutex);',
      replace: 'end_turn(store);\n    pcm__file_unlock(store->fd, PCM__LOCK_OFFSET);',
    },
  ];
  const output = await runSuite('thread', { name: 'unlocked-catalog', changes });
  assert.match(output, /WARNING: ThreadSanitizer: data race/);
});

test('ThreadSanitizer finds a pass of the reader that is not said to be atomic (the control)', { skip }, async () => {
  const changes = [{ find: '#if defined(__SANITIZE_THREAD__)', replace: '#if 0' }];
  const output = await runSuite('thread', { name: 'plain-pass', changes });
  assert.match(
    output,
    /WARNING: ThreadSanitizer: data race[\s\S]*? #0 pcm__word_load [^\n]*\n *#1 add_(?:integers|four_lanes|doubles) /,
  );
});
