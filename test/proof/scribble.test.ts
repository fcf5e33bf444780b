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
import { parseSamples, sumSamples } from '../support/sample.js';
import { getOnce, Service } from '../support/service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const SERIES = 500;
const TOTAL = (SERIES * (SERIES - 1)) / 2;
/** What is asked of the sidecar, all of it made from the catalog. */
const READS = ['/metrics', '/v1/metrics', '/v1/cpus'];
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
    await sleep(round % 4 === 3 ? 15 : 5);
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

/** How often each thing that was tried came out how. */
class Outcomes {
  readonly #counts = new Map<string, Map<string, number>>();

  add(what: string, outcome: string): void {
    const counts = this.#counts.get(what) ?? new Map<string, number>();
    this.#counts.set(what, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  }

  count(what: string, outcome: string): number {
    return this.#counts.get(what)?.get(outcome) ?? 0;
  }

  total(outcome: string): number {
    return [...this.#counts.keys()].reduce((sum, what) => sum + this.count(what, outcome), 0);
  }

  refusals(what: string): number {
    const counts = [...(this.#counts.get(what) ?? [])];
    return counts.reduce((sum, [outcome, count]) => sum + (outcome.startsWith('ERR_') ? count : 0), 0);
  }

  assertOnly(what: string, pattern: RegExp): void {
    for (const outcome of this.#counts.get(what)?.keys() ?? []) assert.match(outcome, pattern);
  }

  describe(): string {
    return JSON.stringify([...this.#counts].map(([what, counts]) => [what, ...counts]));
  }
}

/** Opens a store and reads everything in it. */
function openAndRead(path: string): string {
  try {
    using reader = openStore({ path, readOnly: true });
    reader.snapshot();
    return 'read';
  } catch (error) {
    return String((error as { code?: string }).code);
  }
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
  // Who reads records for the first time while they are scribbled over keeps what it has found of them.
  for (const route of READS) assert.equal((await getOnce(sidecar.url + route)).status, 200);

  const place = [catalogOffset(path), catalogBytes, ROUNDS].map(String);
  const command = [process.execPath, '--input-type=module', '--eval', SCRIBBLER, path, ...place];
  const scribbler = await Child.start(t, command, {});
  let isOver = false;
  const scribbled = scribbler.waitForOutput(/^scribbled$/m).finally(() => {
    isOver = true;
  });
  const outcomes = new Outcomes();
  while (!isOver) {
    for (const route of READS) outcomes.add(route, String((await getOnce(sidecar.url + route)).status));
    outcomes.add('open', openAndRead(path));
  }
  await scribbled;
  t.diagnostic(outcomes.describe());
  // Who has read the catalog before it was scribbled over goes on, or is told that it cannot be read.
  for (const route of READS) outcomes.assertOnly(route, /^(?:200|503)$/);
  assert.ok(READS.some((route) => outcomes.count(route, '200') > 0) && outcomes.total('503') > 0);
  // Who opens it reads it from the beginning.
  outcomes.assertOnly('open', /^(?:read|ERR_PCM_[A-Z_]+)$/);
  assert.ok(outcomes.count('open', 'read') > 0 && outcomes.refusals('open') > 0, outcomes.describe());
  assert.ok(sidecar.child.running);

  // Who has it open still counts, and who opens it now finds everything.
  counter.labels(1).inc();
  const scraped = await getOnce(`${sidecar.url}/metrics`);
  assert.equal(scraped.status, 200);
  const samples = parseSamples(scraped.body);
  assert.equal(sumSamples(samples, 'jobs_total'), TOTAL + 1);
  assert.equal(sumSamples(samples, 'wait_seconds_count'), SERIES);
  const reader = openStore({ path, readOnly: true });
  t.after(() => {
    reader.close();
    store.close();
  });
  const read = parseSamples(await reader.metrics());
  assert.equal(sumSamples(read, 'jobs_total'), TOTAL + 1);
  assert.equal(sumSamples(read, 'wait_seconds_count'), SERIES);
  assert.equal(sumSamples(read, 'wait_seconds_sum'), SERIES * 1.5);
});
