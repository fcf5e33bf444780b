import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StoreOptions } from '#src/store/options.js';
import { NO_SERIES, Segment } from '#src/store/segment.js';
import type { FamilyDefinition } from '#src/store/types.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Where the fields of the header are, see native/core/layout.h. */
const header = { magic: 0, version: 8, bootId: 16 };

const counter: FamilyDefinition = {
  type: 'counter',
  name: 'a_total',
  help: 'A.',
  unit: '',
  labelNames: [],
  buckets: [],
};

const nowhere = { insteadAfter: () => NO_SERIES };

function open(t: TestContext, options: StoreOptions = {}): Segment {
  const segment = Segment.open({ path: join(temporaryDirectory(t), 'store.pcm'), ...options });
  t.after(() => segment.close());
  return segment;
}

/** The path of a closed store whose counter `a_total` is 5. */
function closedStore(t: TestContext): string {
  const segment = open(t);
  const series = segment.bind(segment.declare(counter), 'a_total', []);
  segment.hot.add(segment.cell(series, 'a_total'), 5);
  segment.close();
  return segment.path;
}

function patch(path: string, offset: number, bytes: Buffer): void {
  const content = readFileSync(path);
  bytes.copy(content, offset);
  writeFileSync(path, content);
}

function refuses(options: StoreOptions, code: string, message: RegExp): void {
  assert.throws(() => Segment.open(options), { name: 'PercpuMetricsError', code, message });
}

/** Refused for reading and for writing, and the file is as it was. */
function refusesFile(path: string, code: string, message: RegExp): void {
  const before = readFileSync(path);
  refuses({ path }, code, message);
  refuses({ path, readOnly: true }, code, message);
  assert.ok(before.equals(readFileSync(path)), 'the file has changed');
}

test('a store that is opened again by path has what was counted', (t) => {
  const path = closedStore(t);
  const again = open(t, { path });
  assert.deepEqual(again.snapshot(), [{ ...counter, series: [{ labels: {}, value: 5 }] }]);
});

test('a file that is no store is refused and left alone', (t) => {
  const directory = temporaryDirectory(t);
  for (const [name, content] of [
    ['text.pcm', 'not a store'],
    ['page.pcm', 'x'.repeat(10_000)],
    ['binary.pcm', '\0'.repeat(100_000)],
  ] as const) {
    const path = join(directory, name);
    writeFileSync(path, content);
    refusesFile(path, 'ERR_PCM_NOT_A_STORE', new RegExp(`${name} is not a percpu-metrics store; give another path`));
  }
});

test('a directory and a symbolic link are refused', (t) => {
  const path = closedStore(t);
  const directory = temporaryDirectory(t);
  const link = join(directory, 'link.pcm');
  symlinkSync(path, link);
  refuses({ path: link }, 'ERR_PCM_UNSAFE_PATH', /link\.pcm is a symbolic link or not a regular file/);
  refuses({ path: directory }, 'ERR_PCM_UNSAFE_PATH', /not a regular file/);
});

test('a store of another format version is refused and left alone', (t) => {
  const path = closedStore(t);
  const own = readFileSync(path).readUInt32LE(header.version);
  patch(path, header.version, Buffer.from([99, 0, 0, 0]));
  const message = new RegExp(
    `with file format 99, and this one has format ${own}; use the same version in every process`,
  );
  refusesFile(path, 'ERR_PCM_VERSION', message);
});

test('a store of another boot is refused and left alone, and carried over with persist', (t) => {
  const path = closedStore(t);
  patch(path, header.bootId, Buffer.alloc(16, 7));
  refusesFile(path, 'ERR_PCM_OTHER_BOOT', /open it with persist: true to carry its values over, or delete it/);
  const carried = open(t, { path, persist: true });
  assert.deepEqual(carried.snapshot()[0]?.series, [{ labels: {}, value: 5 }]);
  carried.close();
  assert.deepEqual(open(t, { path }).snapshot()[0]?.series, [{ labels: {}, value: 5 }]);
});

test('a store of another back end is refused, and opens where none is asked for', (t) => {
  const path = open(t, { backend: 'atomic' }).path;
  const message = /made with the back end atomic, and cannot be opened with rseq; leave the option backend out/;
  refuses({ path, backend: 'rseq' }, 'ERR_PCM_BACKEND_MISMATCH', message);
  assert.equal(open(t, { path }).info().backend, 'atomic');
});

test('a store that is to be read must exist', (t) => {
  const path = join(temporaryDirectory(t), 'none.pcm');
  refuses({ path, readOnly: true }, 'ERR_PCM_NOT_FOUND', /no store at .*none\.pcm; start the application/);
  refuses({ path: join(path, 'below'), readOnly: true }, 'ERR_PCM_NOT_FOUND', /make sure that its directory exists/);
});

test('the permission bits of a new file are those that were asked for, whatever the umask', (t) => {
  assert.equal(statSync(open(t).path).mode & 0o777, 0o600);
  assert.equal(statSync(open(t, { mode: 0o666 }).path).mode & 0o777, 0o666);
});

test('a store that is only read cannot be declared in, but read', (t) => {
  const path = closedStore(t);
  const reader = open(t, { path, readOnly: true });
  assert.throws(() => reader.declare(counter), {
    code: 'ERR_PCM_READ_ONLY',
    message: /cannot declare a_total: .* open it without readOnly/,
  });
  assert.throws(() => reader.unlink(), { code: 'ERR_PCM_READ_ONLY' });
  assert.equal(reader.info().readOnly, true);
  assert.deepEqual(reader.snapshot()[0]?.series, [{ labels: {}, value: 5 }]);
});

test('a name that is taken is an error that shows both definitions, and nothing has changed', (t) => {
  const segment = open(t);
  segment.declare(counter);
  const before = segment.snapshot();
  assert.throws(() => segment.declare({ ...counter, type: 'gauge' }), {
    code: 'ERR_PCM_TYPE_CONFLICT',
    message: /has a counter a_total with help "A\."; it cannot also be declared as a gauge a_total with help "A\."/,
  });
  const other = { ...counter, labelNames: ['x', 'y'], unit: 'jobs', help: 'B.' };
  assert.throws(() => segment.declare(other), {
    code: 'ERR_PCM_DEFINITION_CONFLICT',
    message: /has a counter a_total with help "A\."; .* a counter a_total\{x, y\} with unit "jobs", help "B\."/,
  });
  assert.deepEqual(segment.snapshot(), before);
});

test('a store without room is an error that names the remedy, and what is there goes on counting', (t) => {
  const segment = open(t, { capacity: 512 });
  const family = segment.declare({ ...counter, labelNames: ['n'] });
  const first = segment.cell(segment.bind(family, 'a_total', ['first']), 'a_total');
  assert.throws(
    () => {
      for (let index = 0; index < 100_000; index += 1) {
        segment.cell(segment.bind(family, 'a_total', [String(index)]), 'a_total');
      }
    },
    { code: 'ERR_PCM_CAPACITY', message: /labels with too many values .* larger capacity/ },
  );
  segment.hot.increment(first);
  assert.deepEqual(segment.snapshot()[0]?.series[0], { labels: { n: 'first' }, value: 1 });
});

test('after close everything cold fails, everything hot does nothing, and closing again is fine', (t) => {
  const segment = open(t);
  const family = segment.declare(counter);
  const series = segment.bind(family, 'a_total', []);
  const cell = segment.cell(series, 'a_total');
  segment.close();
  segment.close();
  const closed = { code: 'ERR_PCM_CLOSED', message: /store\.pcm is closed; open it again/ };
  for (const work of [
    () => segment.declare(counter),
    () => segment.bind(family, 'a_total', []),
    () => segment.cell(series, 'a_total'),
    () => segment.find('a_total'),
    () => segment.snapshot(),
    () => segment.lanes('a_total'),
    () => segment.info(),
    () => segment.mode(),
    () => segment.processes(),
    () => segment.unlink(),
  ]) {
    assert.throws(work, closed);
  }
  segment.hot.increment(cell);
  segment.hot.add(cell, 2);
  segment.addFraction(series, 0.5, nowhere);
  segment.setGauge(series, 1);
  segment.findCell(series);
  segment.addFirst(series, 1, nowhere);
  assert.deepEqual(open(t, { path: segment.path }).snapshot()[0]?.series, [{ labels: {}, value: 0 }]);
});

test('after close a scrape is rejected, not thrown', async (t) => {
  const segment = open(t);
  segment.close();
  await assert.rejects(segment.render(), { code: 'ERR_PCM_CLOSED' });
});

test('a truncated file is an error for readers, and counting goes on without one', async (t) => {
  const segment = open(t);
  const series = segment.bind(segment.declare(counter), 'a_total', []);
  const cell = segment.cell(series, 'a_total');
  segment.hot.increment(cell);
  truncateSync(segment.path, 0);
  const warned = once(process, 'warning');
  segment.hot.increment(cell);
  segment.addFraction(series, 0.5, nowhere);
  segment.addFraction(series, 0.5, nowhere);
  assert.equal(segment.info().broken, true);
  assert.throws(() => segment.snapshot(), { code: 'ERR_PCM_BROKEN', message: /truncated while it was open/ });
  const [warning] = (await warned) as [Error & { code: string }];
  assert.equal(warning.name, 'PercpuMetricsWarning');
  assert.equal(warning.code, 'ERR_PCM_BROKEN');
});

test('amounts that cannot be stored are dropped with one warning, and never throw', async (t) => {
  const segment = open(t);
  const series = segment.bind(segment.declare(counter), 'a_total', []);
  const warnings: Error[] = [];
  const listener = (warning: Error) => warnings.push(warning);
  process.on('warning', listener);
  t.after(() => process.off('warning', listener));
  for (let index = 0; index < 3; index += 1) segment.setGauge(series, 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.message ?? '', /cannot store an amount, which is dropped/);
  assert.deepEqual(segment.snapshot()[0]?.series, [{ labels: {}, value: 0 }]);
});

test('the directory of a path is not made', (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'there'));
  const message = /there is no directory .*\/not-there, which is not made; make it, or give the store another path/;
  refuses({ path: join(directory, 'not-there', 'store.pcm') }, 'ERR_PCM_NOT_FOUND', message);
  assert.equal(open(t, { path: join(directory, 'there', 'store.pcm') }).closed, false);
});

test('what was released is rendered into again, if it suffices; what was not is left alone', async (t) => {
  const segment = open(t);
  const family = segment.declare({ ...counter, labelNames: ['text'] });
  const kept = await segment.render();
  const first = await segment.render();
  assert.notEqual(first.bytes.buffer, kept.bytes.buffer);
  const before = first.bytes.toString();
  first.release();
  first.release();
  const second = await segment.render();
  assert.equal(second.bytes.buffer, first.bytes.buffer);
  assert.equal(second.bytes.toString(), before);
  const third = await segment.render();
  assert.notEqual(third.bytes.buffer, second.bytes.buffer);
  second.release();
  segment.bind(family, 'a_total', ['x'.repeat(1000)]);
  const grown = await segment.render();
  assert.match(grown.bytes.toString(), /^a_total\{text="x{1000}"\} 0$/m);
  assert.equal(third.bytes.toString(), before);
});

test('a render that fails gives the memory back', async (t) => {
  const segment = open(t);
  const first = await segment.render();
  first.release();
  await assert.rejects(segment.render({ syntax: 'none' as never, escaping: 'dots' }), { code: 'ERR_PCM_ARGUMENT' });
  assert.equal((await segment.render()).bytes.buffer, first.bytes.buffer);
});
