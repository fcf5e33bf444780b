/** When services that take turns are at rest, by a clock that is set by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Recorder } from '../../../loadtest/recorder.js';
import { beforeTurn, type Clock, type Resting, restOf } from '../../../loadtest/rest.js';
import { scenarios } from '../../../loadtest/scenarios/index.js';
import type { RunContext } from '../../../loadtest/scenarios/scenario.js';

/** Time that passes only where somebody sleeps. */
class FakeClock implements Clock {
  at = 0;

  now(): number {
    return this.at;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.at += milliseconds;
  }
}

/** Uses so much of a CPU until a moment, and nothing behind it. */
function working(clock: FakeClock, name: string, share: number, until: number): Resting {
  return { name, cpuSeconds: () => (share * Math.min(clock.at, until)) / 1000 };
}

describe('services that take turns', () => {
  it('are at rest in the first window in which they do nothing', async () => {
    const clock = new FakeClock();
    assert.equal(await restOf([working(clock, 'a', 1, 0), working(clock, 'b', 1, 0)], clock), undefined);
    assert.equal(clock.at, 20);
  });

  it('are waited for while one of them works', async () => {
    const clock = new FakeClock();
    assert.equal(await restOf([working(clock, 'a', 1, 0), working(clock, 'b', 1, 200)], clock), undefined);
    assert.equal(clock.at, 220);
  });

  it('may use less than a tenth of a CPU, all of them together', async () => {
    for (const [share, at] of [
      [0.03, 20],
      [0.04, 320],
    ] as const) {
      const clock = new FakeClock();
      const all = ['a', 'b', 'c'].map((name) => working(clock, name, share, 300));
      assert.equal(await restOf(all, clock), undefined);
      assert.equal(clock.at, at);
    }
  });

  it('are waited for no longer than a second, and the busiest is named', async () => {
    const clock = new FakeClock();
    const all = [working(clock, 'a', 0.2, 9000), working(clock, 'b', 0.9, 9000), working(clock, 'c', 1, 500)];
    assert.equal((await restOf(all, clock))?.name, 'b');
    assert.equal(clock.at, 1000);
  });

  it('are at rest where they have ended', async () => {
    const clock = new FakeClock();
    const ended: Resting = { name: 'ended', cpuSeconds: () => undefined };
    const dying: Resting = { name: 'dying', cpuSeconds: () => (clock.at < 40 ? clock.at / 1000 : undefined) };
    assert.equal(await restOf([ended, dying], clock), undefined);
    assert.equal(clock.at, 40);
  });

  it('are looked at again where a thread has ended, whose time is gone with it', async () => {
    const clock = new FakeClock();
    const ofAll = (): number => (clock.at < 15 ? 5 : 1 + Math.min(clock.at, 100) / 1000);
    assert.equal(await restOf([{ name: 'a', cpuSeconds: ofAll }], clock), undefined);
    assert.equal(clock.at, 120);
  });
});

describe('a turn', () => {
  it('begins after a second beside who does not come to rest, which the report says with how often', async () => {
    const [scenario] = scenarios;
    assert.ok(scenario);
    const recorder = new Recorder(scenario);
    const context: RunContext = {
      ...{ quick: true, rounds: 1, directory: '', signal: new AbortController().signal, recorder },
      ...{ pinning: { pinned: false, reason: 'not needed here' }, progress: () => () => {} },
    };
    const clock = new FakeClock();
    const restless = working(clock, 'restless', 1, Number.POSITIVE_INFINITY);
    const idle = working(clock, 'idle', 1, 0);
    await beforeTurn(context, [idle], clock);
    assert.deepEqual(recorder.findings(1).notes, []);
    for (let turn = 1; turn <= 2; turn += 1) await beforeTurn(context, [idle, restless], clock);
    assert.deepEqual(recorder.findings(1).notes, ['restless had not come to rest when 2 turns began.']);
  });
});
