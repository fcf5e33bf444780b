/**
 * A process that writes wherever it likes in the catalog of a store, while others read the store. Whatever they are told
 * then is worth nothing, but they live, and answer. (The fuzzer does the same inside one process, where a read out of
 * bounds is found as well.)
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from 'percpu-metrics';
import { Child } from '../support/child.js';
import { getOnce, Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const SERIES = 500;
const ROUNDS = 400;
/** Of the offset of the catalog in the header. */
const CATALOG_OFFSET_AT = 80;

/** Puts the catalog back every few rounds, so that readers come far again; writes through the file, as a stranger does. */
const SCRIBBLER = `
  import { openSync, readSync, writeSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  const [path, offset, bytes, rounds] = [process.argv[1], ...process.argv.slice(2).map(Number)];
  const file = openSync(path, 'r+');
  const whole = Buffer.alloc(bytes);
  readSync(file, whole, 0, bytes, offset);
  let state = 20261126;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < rounds; round += 1) {
    for (let write = 0; write < 20; write += 1) {
      const scribble = Buffer.from(Array.from({ length: 1 + random(16) }, () => random(4) ? random(256) : 255));
      writeSync(file, scribble, 0, scribble.length, offset + random(bytes - scribble.length));
    }
    await sleep(5);
    if (round % 4 === 3) writeSync(file, whole, 0, bytes, offset);
    await sleep(5);
  }
  writeSync(file, whole, 0, bytes, offset);
  console.log('scribbled');`;

function catalogOffset(path: string): number {
  const file = openSync(path, 'r');
  const word = Buffer.alloc(8);
  readSync(file, word, 0, word.length, CATALOG_OFFSET_AT);
  closeSync(file);
  return Number(word.readBigUInt64LE());
}

test('readers of a catalog that somebody scribbles over live, and what was counted is there afterwards', async (t) => {
  const path = join(temporaryDirectory(t), 'store');
  const store = openStore({ path });
  const counter = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'] });
  const histogram = store.histogram({ name: 'wait_seconds', help: 'Wait.', labelNames: ['queue'], buckets: [1, 2] });
  for (let index = 0; index < SERIES; index += 1) {
    counter.labels(index).inc(index);
    histogram.labels(index).observe(1.5);
  }
  const { catalogBytes } = store.info;
  const sidecar = await Service.start(t, '--store', path, '--read-only');

  const place = [catalogOffset(path), catalogBytes, ROUNDS].map(String);
  const command = [process.execPath, '--input-type=module', '--eval', SCRIBBLER, path, ...place];
  const scribbler = await Child.start(t, command, {});
  let isOver = false;
  const scribbled = scribbler.waitForOutput(/^scribbled$/m).finally(() => {
    isOver = true;
  });
  const statuses = new Map<number, number>();
  while (!isOver) {
    for (const route of ['/metrics', '/v1/metrics', '/v1/cpus', '/readyz']) {
      const { status } = await getOnce(sidecar.url + route);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  await scribbled;
  t.diagnostic(JSON.stringify([...statuses]));
  assert.deepEqual([...statuses.keys()].sort(), [200, 503], 'some were answered, some refused, and nothing else');
  assert.ok(sidecar.child.running);
  assert.equal((await getOnce(`${sidecar.url}/healthz`)).status, 200);

  // Who has it open still counts, and who opens it now finds everything.
  counter.labels(1).inc();
  const reader = openStore({ path, readOnly: true });
  t.after(() => {
    reader.close();
    store.close();
  });
  const [jobs] = reader.snapshot();
  const values = jobs?.series.map((series) => ('value' in series ? series.value : Number.NaN)) ?? [];
  assert.equal(
    values.reduce((sum, value) => sum + value, 0),
    (SERIES * (SERIES - 1)) / 2 + 1,
  );
});
