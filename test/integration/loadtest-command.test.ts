/**
 * `npm run loadtest` as a person or a script runs it, with the scenario that takes a second: what its options do, and what
 * its exit code says. How fast anything was is asserted nowhere.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RunDocument } from '../../loadtest/report/document.js';
import { scenarios } from '../../loadtest/scenarios/index.js';
import { Child } from '../support/child.js';
import { inventedRun } from '../support/loadtest-run.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const command = fileURLToPath(new URL('../../loadtest/main.js', import.meta.url));
const loser = fileURLToPath(new URL('programs/losing-snapshots.js', import.meta.url));
/** Five rounds are the least that are compared. */
const smallest = ['--quick', '--scenario', 'lanes', '--rounds', '5'];
const SCRAPE = 'lanes: Duration of a scrape';

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs it to its end. */
async function run(args: readonly string[], preload: readonly string[] = []): Promise<Ended> {
  return await new Promise((resolve) => {
    const options = { timeout: 120_000, env: { ...process.env, NODE_OPTIONS: '' } };
    execFile(process.execPath, [...preload, command, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

const read = (path: string): RunDocument => JSON.parse(readFileSync(path, 'utf8')) as RunDocument;

/** Writes a run and gives its path. */
function save(directory: string, name: string, document: RunDocument): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(document));
  return path;
}

/** The same run on a machine on which everything took so many times as long. */
function slower(document: RunDocument, times: number): RunDocument {
  const stretch = (samples: readonly number[]): number[] => samples.map((sample) => sample * times);
  return {
    ...document,
    scenarios: document.scenarios.map((findings) => ({
      ...findings,
      series: findings.series.map((series) => ({ ...series, samples: stretch(series.samples) })),
    })),
  };
}

describe('npm run loadtest, which measures', () => {
  let directory: string;
  let measured: Ended;
  const output = (): string => join(directory, 'new', 'run.json');

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'percpu-metrics-test-'));
    measured = await run([...smallest, '--output', output(), '--charts', join(directory, 'charts')]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('runs the scenario that it was asked for, and saves it with as many rounds where it was told', () => {
    assert.equal(measured.code, 0, measured.stderr);
    const { quick, scenarios: found } = read(output());
    assert.deepEqual([quick, found.map(({ name, passed }) => [name, passed])], [true, [['lanes', true]]]);
    const scrapes = found[0]?.series.filter(({ figure }) => figure === 'scrape') ?? [];
    assert.ok(scrapes.length > 0 && scrapes.every(({ samples }) => samples.length === 5));
    assert.ok(measured.stdout.includes(found[0]?.verdict as string));
    assert.match(measured.stdout, /^Every count that is promised to be exact is exact\.$/m);
  });

  it('writes the page beside the results and the chart where it was told, and names all three', () => {
    const page = readFileSync(join(directory, 'new', 'run.html'), 'utf8');
    assert.match(page, /<section id="lanes">/);
    assert.deepEqual(readdirSync(join(directory, 'charts')), ['lanes.svg']);
    assert.match(readFileSync(join(directory, 'charts', 'lanes.svg'), 'utf8'), /^<svg .*<\/svg>\n$/s);
    for (const name of ['run.json', 'run.html', 'lanes.svg'])
      assert.match(measured.stdout, new RegExp(`^\\S*/${name.replace('.', '\\.')}$`, 'm'));
  });

  for (const [times, mark] of [
    [1 / 1000, 'WORSE '],
    [1000, 'better'],
  ] as const) {
    it(`marks as ${mark.trim()} what is beyond the noise of an older run, which does not fail it`, async () => {
      const old = save(directory, `old-${times}.json`, slower(read(output()), times));
      const again = join(directory, `again-${times}.json`);
      const { code, stdout, stderr } = await run([...smallest, '--compare', old, '--output', again]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^${mark} ${SCRAPE}, percpu-metrics, 1 `, 'm'));
      assert.match(stdout, /The same kind of machine and run\./);
      assert.match(readFileSync(again.replace('.json', '.html'), 'utf8'), new RegExp(SCRAPE.replace('lanes: ', '')));
    });
  }

  it('fails by a promised count that is off, and saves the run nevertheless', async () => {
    const lost = join(directory, 'lost.json');
    const { code, stdout, stderr } = await run([...smallest, '--output', lost], ['--import', loser]);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^NOT every promised count is exact\.$/m);
    assert.match(stdout, /^percpu-metrics +NO +\d+ +increments, 1: 3999 instead of 4000/m);
    assert.deepEqual(
      read(lost).scenarios.map(({ passed }) => passed),
      [false],
    );
    assert.ok(existsSync(lost.replace('.json', '.html')));
  });

  it('ends with the signal that it was sent, with 1, and saves nothing', async (t) => {
    const path = join(directory, 'ended.json');
    const long = ['--quick', '--scenario', 'lanes', '--rounds', '10000', '--output', path];
    const child = await Child.start(t, [process.execPath, command, ...long]);
    await child.waitForOutput(/lanes/);
    child.kill('SIGTERM');
    assert.deepEqual(await child.exit, { code: 1, signal: null });
    await child.waitForOutput(/^loadtest: Terminated\.$/m);
    assert.equal(existsSync(path), false);
  });
});

describe('npm run loadtest, which reports', () => {
  it('measures nothing, leaves the results as they are and makes page and charts again', async (t) => {
    const directory = temporaryDirectory(t);
    const path = save(directory, 'run.json', inventedRun(1));
    const before = readFileSync(path, 'utf8');
    const { code, stdout, stderr } = await run(['--report', path, '--charts', join(directory, 'charts')]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(readFileSync(path, 'utf8'), before);
    const page = readFileSync(join(directory, 'run.html'), 'utf8');
    for (const { name } of scenarios) assert.ok(page.includes(`<section id="${name}">`), name);
    const charts = scenarios.map(({ name }) => `${name}.svg`).sort();
    assert.deepEqual(readdirSync(join(directory, 'charts')).sort(), charts);
    for (const { verdict } of inventedRun(1).scenarios) assert.ok(stdout.includes(`\n${verdict}\n`), verdict);
    assert.match(stdout, /^cost model: /m);
  });

  it('marks nothing between a run and itself', async (t) => {
    const path = save(temporaryDirectory(t), 'run.json', inventedRun(1));
    const { code, stdout } = await run(['--report', path, '--compare', path]);
    assert.equal(code, 0);
    assert.match(stdout, /^Of [\d,]+ figures 0 changed beyond the noise; /m);
    assert.doesNotMatch(stdout, /^(?:WORSE|better) /m);
  });

  it('marks regressions, which do not fail it', async (t) => {
    const directory = temporaryDirectory(t);
    const [old, now] = [save(directory, 'old.json', inventedRun(1)), save(directory, 'new.json', inventedRun(2))];
    const { code, stdout } = await run(['--report', now, '--compare', old]);
    assert.equal(code, 0);
    assert.match(stdout, /^WORSE {2}memory: Bytes per series, file and heap, percpu-metrics, 1,000 .* \+100\.0 %$/m);
    assert.match(stdout, /^better request: Requests per second, percpu-metrics, of its own .* \+100\.0 %$/m);
  });

  it('fails by a promised count that is off in the file, but not by one that nobody promised', async (t) => {
    const directory = temporaryDirectory(t);
    const off = await run(['--report', save(directory, 'off.json', inventedRun(1, 999))]);
    assert.equal(off.code, 1);
    assert.match(off.stdout, /^NOT every promised count is exact\.$/m);
    const exact = inventedRun(1);
    for (const { counts } of exact.scenarios) for (const count of counts) if (!count.promised) count.counted = 999;
    assert.equal((await run(['--report', save(directory, 'rival.json', exact)])).code, 0);
  });
});

describe('npm run loadtest, which cannot be followed', () => {
  const names = scenarios.map(({ name }) => name).join(', ');
  for (const [args, complaint] of [
    [['--scenario', 'nonsense'], `There is no scenario "nonsense". Choose among: ${names}.`],
    [['--rounds', '0'], '--rounds takes a whole number from 1 to 10000, not "0".'],
    [['--rounds', '1.5'], '--rounds takes a whole number from 1 to 10000, not "1.5".'],
    [['--report', 'run.json', '--quick'], '--report measures nothing: '],
    [['--report', 'run.json', '--scenario', 'lanes'], '--report measures nothing: '],
    [['--output='], '--output takes a path, not an empty one.'],
    [['--compare='], '--compare takes a path, not an empty one.'],
    [['--charts='], '--charts takes a path, not an empty one.'],
    [['--output'], "Option '--output <value>' argument missing"],
    [['--fast'], "Unknown option '--fast'"],
    [['lanes'], "Unexpected argument 'lanes'"],
  ] as const) {
    it(`says so of ${args.join(' ')}, with 2`, async () => {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.ok(stderr.startsWith(`loadtest: ${complaint}`), stderr);
      assert.match(stderr, /\nTry: npm run loadtest -- --help\n$/);
    });
  }

  it('prints what there is, and nothing else, when it is asked for help', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    assert.deepEqual([code, stderr], [0, '']);
    for (const { name, title } of scenarios) assert.match(stdout, new RegExp(`^  ${name} +${title}$`, 'm'));
    for (const option of ['quick', 'scenario', 'rounds', 'output', 'compare', 'report', 'charts'])
      assert.match(stdout, new RegExp(`^  --${option} `, 'm'));
  });

  it('says so of files that hold no run, with 1, and measures nothing before', async (t) => {
    const directory = temporaryDirectory(t);
    const text = join(directory, 'text.json');
    writeFileSync(text, 'no JSON');
    const bench = join(directory, 'bench.json');
    writeFileSync(bench, JSON.stringify({ kind: 'bench', version: 2 }));
    const output = join(directory, 'run.json');
    for (const [path, complaint] of [
      [join(directory, 'absent.json'), / cannot be read: ENOENT/],
      [text, / cannot be read: /],
      [bench, / holds no results of this load test \(version 2\)/],
    ] as const) {
      for (const args of [
        ['--report', path],
        [...smallest, '--compare', path, '--output', output],
      ]) {
        const { code, stdout, stderr } = await run(args);
        assert.deepEqual([code, stdout], [1, ''], args.join(' '));
        assert.ok(stderr.startsWith(`loadtest: ${path}`), stderr);
        assert.match(stderr, complaint);
      }
    }
    assert.deepEqual(readdirSync(directory).sort(), ['bench.json', 'text.json']);
  });

  it('says so of places where nothing can be written, with 1, and measures nothing before', async (t) => {
    const directory = temporaryDirectory(t);
    const [file, folder] = [join(directory, 'file'), join(directory, 'folder')];
    writeFileSync(file, '');
    mkdirSync(folder);
    for (const args of [
      ['--output', folder],
      ['--output', join(file, 'run.json')],
      ['--output', join(folder, 'run.json'), '--charts', file],
    ]) {
      const { code, stdout, stderr } = await run([...smallest, ...args]);
      assert.deepEqual([code, stdout], [1, ''], args.join(' '));
      assert.match(stderr, /^loadtest: \S*\/(?:file|folder)\S* cannot be written: /, stderr);
    }
    assert.deepEqual(readdirSync(folder), []);
  });
});
