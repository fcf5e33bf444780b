/** The quick load test as a person runs it: every scenario, every promised count exact, results and page written. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readDocument } from '../../loadtest/report/document.js';
import { scenarios } from '../../loadtest/scenarios/index.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const command = fileURLToPath(new URL('../../loadtest/main.js', import.meta.url));
const timeout = 7 * 60_000;

test('npm run loadtest -- --quick counts exactly in every scenario', { timeout }, async (t) => {
  const output = join(temporaryDirectory(t), 'run.json');
  const child = spawn(process.execPath, [command, '--quick', '--output', output], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Aborts the run, which then ends what it has started.
  t.after(() => child.kill('SIGTERM'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const [code] = await once(child, 'close');
  assert.equal(code, 0, printed);
  const run = await readDocument(output);
  assert.deepEqual(
    run.scenarios.map(({ name, passed }) => [name, passed]),
    scenarios.map(({ name }) => [name, true]),
  );
  for (const { name, counts, series } of run.scenarios) {
    assert.ok(series.length > 0 && series.every(({ samples }) => samples.every(Number.isFinite)), name);
    assert.ok(counts.length > 0, name);
  }
  // Whether so few rounds tell a slope from their noise depends on the machine: each line is there, or why it is not.
  const { lines = [], gaps = [] } = run.model ?? {};
  for (const subject of ['increment in C, rseq', 'scrape of 100,000 counters over HTTP', 'file of a counter series'])
    assert.ok([...lines, ...gaps].some((one) => one.subject === subject) && printed.includes(subject), subject);
  const recovery = run.scenarios.find(({ name }) => name === 'recovery');
  const [acknowledged = NaN, unknown = NaN, counted = NaN] = ['acknowledged', 'unknown', 'counted'].map(
    (name) =>
      recovery?.series.find(({ figure, contender }) => figure === name && contender === 'percpu-metrics')?.samples[0],
  );
  assert.ok(acknowledged > 0 && counted >= acknowledged, `${counted} counted of ${acknowledged}`);
  assert.ok(counted <= acknowledged + unknown, `${counted} counted of ${acknowledged} and ${unknown}`);
  assert.equal(run.scenarios.find(({ name }) => name === 'request')?.modes['percpu-metrics'], 'rseq (libc)');
  await access(output.replace(/\.json$/, '.html'));
});
