import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scenarios } from '../../../loadtest/scenarios/index.js';
import { Schedule } from '../../../loadtest/schedule.js';

const names = scenarios.map(({ name }) => name);
/** Of a scenario in a full run, as the schedule knows them. */
function secondsOf(name: string): number {
  const schedule = new Schedule([name], false, () => 0);
  schedule.next();
  return schedule.estimate(0).secondsLeft;
}

const request = secondsOf('request');
const recovery = secondsOf('recovery');

/** A schedule, and a clock in seconds that is set by hand. */
function setUp(chosen: readonly string[], quick = false) {
  const clock = { now: 0 };
  return { clock, schedule: new Schedule(chosen, quick, () => clock.now * 1000) };
}

describe('the schedule of a run', () => {
  it('knows how long the whole run takes before anything was measured', () => {
    const { schedule } = setUp(['request', 'recovery']);
    schedule.next();
    assert.deepEqual(schedule.estimate(0), { done: 0, secondsLeft: request + recovery });
  });

  it('promises a full run under 30 minutes and a quick one under 2', () => {
    for (const [quick, most] of [
      [false, 30 * 60],
      [true, 120],
    ] as const) {
      const { schedule } = setUp(names, quick);
      schedule.next();
      const { secondsLeft } = schedule.estimate(0);
      assert.ok(secondsLeft > most / 4 && secondsLeft < most, String(secondsLeft));
    }
  });

  it('knows each scenario', () => {
    const unknown = setUp(['a scenario that nobody knows']).schedule;
    unknown.next();
    for (const name of names) {
      const { schedule } = setUp([name]);
      schedule.next();
      assert.notDeepEqual(schedule.estimate(0), unknown.estimate(0), name);
    }
  });

  it('counts down while a scenario takes what it was expected to take', () => {
    const { clock, schedule } = setUp(['request', 'recovery']);
    schedule.next();
    for (const part of [0.25, 0.5, 0.75]) {
      clock.now = part * request;
      const { secondsLeft, done } = schedule.estimate(part);
      assert.ok(Math.abs(secondsLeft - (request - clock.now + recovery)) < 1e-6, String(secondsLeft));
      assert.ok(Math.abs(done - clock.now / (request + recovery)) < 1e-6, String(done));
    }
  });

  it('believes the steps of a scenario the more, the more of them there were', () => {
    const { clock, schedule } = setUp(['request']);
    schedule.next();
    // Twice as slow as expected: half of it is done where all of it should be.
    clock.now = request;
    assert.equal(schedule.estimate(0.5).secondsLeft, request / 2);
    clock.now = 2 * 0.9 * request;
    assert.ok(Math.abs(schedule.estimate(0.9).secondsLeft - 0.18 * request) < 1e-9);
    // Much of the time is preparation: a first step that comes late says little.
    clock.now = 10;
    assert.ok(Math.abs(schedule.estimate(0.01).secondsLeft - request) < 0.1 * request);
  });

  it('expects of the rest what came true of what has ended', () => {
    const { clock, schedule } = setUp(['request', 'recovery', 'recovery']);
    schedule.next();
    clock.now = 3 * request;
    schedule.next();
    const { secondsLeft } = schedule.estimate(0);
    assert.ok(secondsLeft > 2.7 * 2 * recovery && secondsLeft < 3 * 2 * recovery, String(secondsLeft));
  });

  it('has nothing left when the last step is done', () => {
    const { clock, schedule } = setUp(['recovery']);
    schedule.next();
    clock.now = 5;
    assert.deepEqual(schedule.estimate(1), { done: 1, secondsLeft: 0 });
  });
});
