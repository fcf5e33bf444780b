import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServiceProcess } from '../../../loadtest/service-process.js';

const unpinned = { pinned: false, reason: 'not needed here' } as const;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a service under load', () => {
  it('is found by the address that it prints, and ended by its process id', async () => {
    const script = "console.log('serving http://127.0.0.1:12345 (rseq)'); setInterval(() => {}, 1000);";
    const service = await ServiceProcess.start(unpinned, ['-e', script]);
    assert.equal(service.origin, 'http://127.0.0.1:12345');
    assert.equal(isAlive(service.pid), true);
    await service.stop();
    assert.equal(isAlive(service.pid), false);
  });

  it('gets no settings of ours from the environment', async (context) => {
    process.env['PERCPU_METRICS_STORE'] = '/nowhere';
    process.env['PORT'] = '1';
    context.after(() => {
      delete process.env['PERCPU_METRICS_STORE'];
      delete process.env['PORT'];
    });
    const port = "const port = 1000 + ('PORT' in process.env) + ('PERCPU_METRICS_STORE' in process.env);";
    const service = await ServiceProcess.start(unpinned, ['-e', `${port} console.log('http://127.0.0.1:' + port);`]);
    assert.equal(service.origin, 'http://127.0.0.1:1000');
    await service.stop();
  });

  it('says why it did not start', async () => {
    const start = ServiceProcess.start(unpinned, ['-e', "console.error('no store here'); process.exit(3);"]);
    await assert.rejects(start, /ended with code 3 before it listened\.\nno store here/);
  });

  it('says that it has ended where a request fails for that', async () => {
    const script = "console.log('http://127.0.0.1:1'); setTimeout(() => { throw new Error('no more'); }, 50);";
    const service = await ServiceProcess.start(unpinned, ['-e', script]);
    const { message } = await service.explain(new TypeError('fetch failed', { cause: new Error('other side closed') }));
    assert.match(message, /^fetch failed \(other side closed\), as the service has ended with code 1\.\n.*no more/s);
  });

  it('is not blamed for a request that fails while it runs', async () => {
    const service = await ServiceProcess.start(unpinned, [
      '-e',
      "console.log('http://127.0.0.1:1'); setInterval(() => {}, 1000);",
    ]);
    assert.equal((await service.explain(new Error('answered 503'))).message, 'answered 503.');
    await service.stop();
  });

  it('accounts for the CPU time of its threads', async () => {
    const burn = 'const until = Date.now() + 50; while (Date.now() < until);';
    const script = `${burn} console.log('http://127.0.0.1:1'); setInterval(() => {}, 1000);`;
    const service = await ServiceProcess.start(unpinned, ['-e', script]);
    const seconds = service.cpuSeconds();
    await service.stop();
    // The machine may have given it less than it asked for, or keep no statistics at all.
    assert.ok(seconds === undefined || (seconds > 0 && seconds < 60));
    assert.equal(service.cpuSeconds(), undefined);
  });
});
