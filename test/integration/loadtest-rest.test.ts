/**
 * What the load test does so that no turn pays for what another service does behind its own: it sees the work of real
 * processes to its end, and each scenario whose services stay up looks before a turn.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Group } from '../../loadtest/contention/group.js';
import { cpuSecondsOf } from '../../loadtest/cpu-time.js';
import { LoadedService } from '../../loadtest/loaded-service.js';
import { Recorder } from '../../loadtest/recorder.js';
import { type Resting, restOf } from '../../loadtest/rest.js';
import { scenarios } from '../../loadtest/scenarios/index.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const skip = cpuSecondsOf(process.pid) === undefined && 'the kernel tells no CPU time of threads';
const BURN_SECONDS = 0.2;

/** Burns CPU time and lives on, until whoever started it is gone. */
const BURN = `
const used = () => process.cpuUsage().user + process.cpuUsage().system;
const until = used() + ${BURN_SECONDS * 1e6};
process.send(process.pid);
while (used() < until);
process.send('done');
process.on('disconnect', () => process.exit());`;
/** Has that done by a process of its own. */
const DELEGATE = `
const stdio = ['ignore', 'ignore', 'inherit', 'ipc'];
const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(BURN)}], { stdio });
child.on('message', (message) => process.send(message));
process.on('disconnect', () => process.exit());`;

interface Burning {
  burner: Resting;
  /** CPU time of the one process that burns. */
  burned: () => number;
  isDone: () => boolean;
}

/** Started, and at work. */
async function burning(t: TestContext, script: string): Promise<Burning> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  t.after(async () => {
    const exited = once(child, 'exit');
    child.disconnect();
    await exited;
  });
  let done = false;
  child.on('message', (message) => {
    done ||= message === 'done';
  });
  const [pid] = (await once(child, 'message')) as [number];
  return {
    burner: { name: 'burner', cpuSeconds: () => cpuSecondsOf(child.pid as number) },
    burned: () => cpuSecondsOf(pid) as number,
    isDone: () => done,
  };
}

describe('the work of a process', { skip }, () => {
  for (const [what, script] of [
    ['threads', BURN],
    ['children', DELEGATE],
  ] as const) {
    it(`of its ${what} is waited for to its end`, async (t) => {
      const { burner, burned, isDone } = await burning(t, script);
      let at = 0;
      // Time passes as the process gets on: a machine that keeps it waiting does not make it look as if it were at rest.
      const clock = {
        now: () => at,
        async sleep(milliseconds: number): Promise<void> {
          const enough = burned() + milliseconds / 2000;
          at += milliseconds;
          do await sleep(1);
          while (!isDone() && burned() < enough);
        },
      };
      assert.equal(await restOf([burner], clock), undefined);
      assert.ok(isDone());
    });
  }
});

describe('a scenario', { skip }, () => {
  for (const name of ['request', 'dense', 'contention', 'scrape']) {
    it(`looks whether others are at rest before a turn: ${name}`, async (t) => {
      // As if all of them were at work all the time.
      for (const { prototype } of [LoadedService, Group])
        t.mock.method(prototype, 'cpuSeconds', () => performance.now() / 1000);
      const scenario = scenarios.find((one) => one.name === name);
      assert.ok(scenario);
      const recorder = new Recorder(scenario);
      const seen = new AbortController();
      t.mock.method(recorder, 'restless', () => seen.abort(new Error('looked')));
      let turns = 0;
      const context = {
        ...{ quick: true, rounds: 1, directory: temporaryDirectory(t), signal: seen.signal, recorder },
        pinning: { pinned: false, reason: 'not needed here' } as const,
        progress: () => (activity: string) => {
          if (!activity.startsWith('native')) turns += 1;
        },
      };
      await assert.rejects(scenario.run(context), /looked/);
      assert.equal(turns, 0);
    });
  }
});
