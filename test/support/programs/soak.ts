/**
 * `npm run soak -- --minutes N`: the torture for as long as one likes, alternately with injection and as it is shipped,
 * and with processes that are killed and without, with a line for each round. Ends at the first count that is lost.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { minutesOf } from '../minutes.js';
import {
  assertExact,
  buildPlainTorture,
  buildTorture,
  everyRole,
  missedPoints,
  runTorture,
  undisturbedRoles,
} from '../torture.js';

const minutes = minutesOf(process.argv.slice(2));
const executables = [await buildTorture(), await buildPlainTorture()];
const until = Date.now() + minutes * 60_000;
const MOST_MILLISECONDS = 15_000;
let increments = 0;
let aborts = 0;
let killed = 0;

for (let round = 0; Date.now() < until; round += 1) {
  const directory = mkdtempSync(join(tmpdir(), 'percpu-metrics-soak-'));
  const milliseconds = Math.min(MOST_MILLISECONDS, Math.max(1000, Math.min(minutes * 15_000, until - Date.now())));
  try {
    const executable = executables[round % executables.length] ?? '';
    // Two rounds with, two without; a short run has one of each kind.
    const roles = round % 4 < 2 ? everyRole : undisturbedRoles;
    const report = await runTorture(executable, directory, { milliseconds, roles });
    assertExact(report);
    const isInjected = round % executables.length === 0;
    if (isInjected) assert.deepEqual(missedPoints(report), [], JSON.stringify(report));
    assert.ok(report.aborts > 0 || !isInjected, `no critical section was aborted: ${JSON.stringify(report)}`);
    assert.equal(report.killed > 0, roles === everyRole, JSON.stringify(report));
    assert.equal(report.forkedKilled > 0, roles === everyRole, JSON.stringify(report));
    increments += report.increments;
    aborts += report.aborts;
    killed += report.killed + report.forkedKilled;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const left = Math.max(0, Math.round((until - Date.now()) / 1000));
  console.log(`${increments} increments, ${aborts} aborts, ${killed} killed, lost 0; ${left} s left`);
}
