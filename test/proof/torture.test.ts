/**
 * Counts are exact whatever interrupts them: every critical section is delayed, signalled, put to sleep and moved to
 * another CPU at each of its points, by 6 threads per CPU in 8 processes of all kinds, some of which are killed, and in
 * children that some of them fork and kill. A killed process must have left what it acknowledged, and at most the one
 * amount per thread that it had begun.
 */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.js';
import {
  assertExact,
  buildPlainTorture,
  buildTorture,
  everyRole,
  missedPoints,
  runTorture,
  skipInjection,
  undisturbedRoles,
} from '../support/torture.js';

const skip = skipInjection;
const skipBeyond = skip || (availableParallelism() > 1 ? false : 'needs two CPUs');

function show(t: TestContext, report: object): void {
  t.diagnostic(JSON.stringify(report));
}

test('8 processes of all kinds, and what they fork, count exactly under delays, signals, sleeps, migration and SIGKILL', {
  skip,
}, async (t) => {
  const report = await runTorture(await buildTorture(), temporaryDirectory(t), {
    milliseconds: 4000,
    roles: everyRole,
  });
  show(t, report);
  assertExact(report);
  assert.deepEqual(missedPoints(report), [], JSON.stringify(report));
  assert.ok(report.aborts > 0 && report.signals.threads > 0 && report.fallbacks > 0, JSON.stringify(report));
  assert.ok(report.killed > 0 && report.forkedKilled > 0, JSON.stringify(report));
  assert.ok(report.modes.none > 0 && report.modes.libc > 0 && report.modes.self > 0, JSON.stringify(report));
});

test('where nobody is killed, not one amount of 8 processes of all other kinds is missing or too many', {
  skip,
}, async (t) => {
  const options = { milliseconds: 2500, roles: undisturbedRoles };
  const report = await runTorture(await buildTorture(), temporaryDirectory(t), options);
  show(t, report);
  assertExact(report);
  assert.deepEqual(missedPoints(report), [], JSON.stringify(report));
  assert.ok(report.aborts > 0 && report.signals.threads > 0 && report.fallbacks > 0, JSON.stringify(report));
  assert.ok(report.killed === 0 && report.forkedKilled === 0, JSON.stringify(report));
});

test('8 processes whose threads all run on one CPU count exactly', { skip }, async (t) => {
  const roles = Array.from({ length: 8 }, () => 'one-cpu');
  const report = await runTorture(await buildTorture(), temporaryDirectory(t), { milliseconds: 1500, roles });
  show(t, report);
  assertExact(report);
  assert.deepEqual(missedPoints(report), [], JSON.stringify(report));
  assert.ok(report.aborts > 0 && report.signals.threads > 0, JSON.stringify(report));
});

test('a store with fewer lanes than CPUs counts exactly', { skip: skipBeyond }, async (t) => {
  const options = { milliseconds: 1500, lanes: 1, roles: ['unpinned', 'pinned', 'storm', 'off'] };
  const report = await runTorture(await buildTorture(), temporaryDirectory(t), options);
  show(t, report);
  assertExact(report);
  assert.deepEqual(missedPoints(report), [], JSON.stringify(report));
  assert.ok(report.aborts > 0 && report.signals.threads > 0 && report.fallbacks > 0, JSON.stringify(report));
});

test('the core as it is shipped counts exactly where only the kernel interrupts', async (t) => {
  const report = await runTorture(await buildPlainTorture(), temporaryDirectory(t), {
    milliseconds: 1500,
    roles: ['unpinned', 'pinned', 'one-cpu', 'storm', 'fork-killed', 'fork-self', 'killed', 'killed'],
  });
  show(t, report);
  assertExact(report);
  assert.ok(report.aborts > 0 && report.killed > 0 && report.forkedKilled > 0, JSON.stringify(report));
  assert.deepEqual(new Set(Object.values(report.hits).flat()), new Set([0]), 'no point of injection is in it');
});

test('the same, to the last amount, where nobody is killed half-way through one', async (t) => {
  const options = { milliseconds: 2500, roles: undisturbedRoles };
  const report = await runTorture(await buildPlainTorture(), temporaryDirectory(t), options);
  show(t, report);
  assertExact(report);
  assert.ok(report.aborts > 0 && report.fallbacks > 0, JSON.stringify(report));
  assert.ok(report.killed === 0 && report.forkedKilled === 0, JSON.stringify(report));
});
