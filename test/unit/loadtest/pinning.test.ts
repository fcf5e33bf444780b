import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { choosePinning, describePinning, parseCpuList, serviceCommand } from '../../../loadtest/pinning.js';

describe('parseCpuList', () => {
  it('expands ranges and single CPUs', () => {
    assert.deepEqual(parseCpuList('0-2,5,8-9\n'), [0, 1, 2, 5, 8, 9]);
  });

  it('gives nothing for nothing', () => {
    assert.deepEqual(parseCpuList(''), []);
  });
});

describe('choosePinning', () => {
  it('puts the generator on another core than the service where there is one', () => {
    assert.deepEqual(choosePinning([0, 1, 2, 3], [0, 1]), {
      pinned: true,
      serverCpu: 0,
      generatorCpu: 2,
      siblings: false,
      cpus: [0, 1, 2, 3],
    });
  });

  it('makes do with two threads of one core, and says so', () => {
    const pinning = choosePinning([0, 1], [0, 1]);
    assert.deepEqual(pinning, { pinned: true, serverCpu: 0, generatorCpu: 1, siblings: true, cpus: [0, 1] });
    assert.match(describePinning(pinning), /two threads of one core/);
  });

  it('keeps to the CPUs that are allowed', () => {
    const pinning = choosePinning([4, 7], [4]);
    assert.equal(describePinning(pinning), 'service on CPU 4, generator on CPU 7');
  });

  it('pins nothing on one CPU', () => {
    const pinning = choosePinning([3], [3]);
    assert.equal(pinning.pinned, false);
    assert.match(describePinning(pinning), /one CPU only/);
  });
});

describe('serviceCommand', () => {
  it('runs Node on the CPU of the service', () => {
    const command = serviceCommand(choosePinning([4, 7], [4]), ['app.js', '--port', '0']);
    assert.deepEqual(command, ['taskset', '-c', '4', process.execPath, 'app.js', '--port', '0']);
  });

  it('runs Node wherever it likes when nothing is pinned', () => {
    assert.deepEqual(serviceCommand({ pinned: false, reason: '' }, ['app.js']), [process.execPath, 'app.js']);
  });
});
