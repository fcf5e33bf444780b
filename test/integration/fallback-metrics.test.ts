/** A process without rseq, and what it did after it has ended, can be seen in the metrics of the store. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { underCondition } from '../support/rseq-condition.js';
import { parseSamples, sumSamples } from '../support/sample.js';
import { getOnce } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const cli = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

test('a fallback is a gauge while it lasts, and its amounts are a counter for good', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  using store = openStore({ path });
  const { command } = underCondition('eperm', [process.execPath, cli, 'serve', '--store', path, '--port', '0']);
  const child = await Child.start(t, command, { env: { GLIBC_TUNABLES: 'glibc.pthread.rseq=0' } });
  const [url] = await child.waitForOutput(/http:\/\/[\d.:]+/);
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/v1/counters/jobs_total`, { method: 'POST', headers, body: '{"value":7}' });
  const samples = parseSamples((await getOnce(`${url}/metrics`)).body);
  const value = (name: string, labels = {}) => sumSamples(samples, `percpu_metrics_${name}`, labels);
  assert.equal(value('fallback_processes'), store.mode.backend === 'rseq' ? 1 : 2);
  assert.ok(value('processes', { mode: 'atomic' }) >= 1);
  assert.ok(value('fallbacks_total') >= 1);
  assert.ok(value('atomic_events_total') >= 7);
  const before = (await store.activity()).fallbacks;
  child.kill('SIGKILL');
  await child.exit;
  assert.ok((await store.activity()).fallbacks >= before, 'the amounts of a dead process are not forgotten');
  const second = await Child.start(t, [process.execPath, cli, 'serve', '--store', path, '--port', '0']);
  await second.waitForOutput(/http:\/\/[\d.:]+/);
  const after = store.processes.filter(({ pid, alive }) => alive && pid === second.pid);
  assert.equal(after.length, 1, 'it has taken the slot of the dead one');
  assert.ok(store.processes.length === 2 && (await store.activity()).fallbacks >= before);
  assert.equal(after[0]?.fallbacks, 0, 'and begins with none of its own');
});
