import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeMachine, summarizeMachine } from '../../../loadtest/machine.js';

describe('the description of the machine', () => {
  it('names what a figure depends on', () => {
    const machine = describeMachine();
    assert.equal(machine.node, process.version);
    assert.match(machine.kernel, /^Linux \d+\.\d+/);
    assert.match(machine.libc, /glibc \d|musl/);
    assert.ok(machine.cpus >= 1);
    assert.ok(machine.governor === null || machine.governor.length > 0);
  });

  it('survives the way into a file of results', () => {
    const machine = describeMachine();
    assert.deepEqual(JSON.parse(JSON.stringify(machine)), machine);
  });

  it('fits on one line and says what is unknown', () => {
    const text = summarizeMachine({ ...describeMachine(), governor: null, virtual: true, loadAverage: [0, 0, 0] });
    assert.doesNotMatch(text, /\n/);
    assert.match(text, /virtual\), .*governor unknown$/);
  });

  it('warns of a machine that has other work to do', () => {
    const machine = { ...describeMachine(), cpus: 2 };
    assert.match(summarizeMachine({ ...machine, loadAverage: [1.26, 0, 0] }), /busy \(load average 1\.3\)/);
    assert.doesNotMatch(summarizeMachine({ ...machine, loadAverage: [0.2, 9, 9] }), /busy/);
  });
});
