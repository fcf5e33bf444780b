/**
 * Runs all tests, native ones first, and adds them up; the last line is `N passed, N failed`. Arguments are parts of
 * paths: `npm test -- mode` runs the files whose path holds "mode". A test that wants a Debian package skips itself
 * where the package is not installed; with CI=true or PERCPU_METRICS_NO_SKIP=1 that is a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Tally } from './tally.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** A file that takes longer hangs. Those that run whole suites may: the files of their suites have this limit as well. */
const fileTimeout = 8 * 60_000;
const longFileTimeout = 60 * 60_000;
const nativeTimeout = 10 * 60_000;
const filters = process.argv.slice(2);
const strict = process.env.CI === 'true' || process.env.PERCPU_METRICS_NO_SKIP === '1';
const tally = new Tally(strict);
const NODE_TOTALS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

const isWanted = (path) => filters.length === 0 || filters.some((filter) => relative(root, path).includes(filter));

/** A native test prints a line `ok`, `not ok` or `skip` for each of its cases and ends with `N passed, N failed`. */
function runNative(executable) {
  const name = basename(executable);
  const startedAt = performance.now();
  const { status, signal, stdout, stderr, error } = spawnSync(executable, {
    cwd: root,
    encoding: 'utf8',
    timeout: nativeTimeout,
    maxBuffer: 64 * 1024 * 1024,
  });
  const failures = stdout?.split('\n').filter((line) => line.startsWith('not ok')) ?? [];
  const counts = /^(\d+) passed, (\d+) failed\s*$/m.exec(stdout ?? '');
  tally.pass(Number(counts?.[1] ?? 0));
  for (const [, test, reason] of stdout?.matchAll(/^skip (\w+): (.+)$/gm) ?? []) {
    tally.skip(`${name}: ${test}`, reason);
  }
  for (const line of failures) {
    tally.fail(`${name}: ${line.slice('not ok'.length).trim()}`, stderr);
  }
  if (failures.length !== Number(counts?.[2] ?? 0) || !counts || (status !== 0 && failures.length === 0)) {
    const end = error?.message ?? (signal ? `ended by ${signal}` : `ended with status ${status}`);
    tally.fail(name, `${end}\n${stdout ?? ''}${stderr ?? ''}`);
  }
  console.log(`${name}: ${counts?.[0].trim() ?? 'no result'} (${Math.round(performance.now() - startedAt)} ms)`);
}

/** Path of a test's source, as people know it: events name the compiled file or, by its source map, the source. */
const sourceOf = (file) => relative(root, file).replace(/^out\/(.*)\.js$/, '$1.ts');

function recordResult(event, outcome, progress) {
  const { name, skip, file, details } = event;
  const failureType = details.error?.failureType;
  // A file is reported as a test of its own where it holds none, crashed or did not end.
  const isFile = name === file;
  // What a suite holds is counted, not the suite, unless one of its hooks failed.
  const isContainer = (details.type === 'suite' && failureType !== 'hookFailed') || failureType === 'subtestsFailed';
  if (isContainer || (isFile && outcome === 'pass')) {
    return;
  }
  const counts = progress.get(sourceOf(file));
  const title = isFile ? sourceOf(file) : `${sourceOf(file)}: ${name}`;
  counts.results += 1;
  if (skip !== undefined && skip !== false) {
    tally.skip(title, typeof skip === 'string' && skip !== '' ? skip : 'no reason given');
  } else if (outcome === 'pass') {
    tally.pass();
  } else {
    const cause = details.error?.cause ?? details.error;
    tally.fail(title, `${cause instanceof Error ? inspect(cause) : String(cause)}\n${isFile ? counts.errors : ''}`);
  }
}

/** Runs compiled test files, so many at a time. */
async function runFiles(files, concurrency, timeout = fileTimeout) {
  if (files.length === 0) {
    return;
  }
  const progress = new Map(files.map((file) => [sourceOf(file), { results: 0, errors: '' }]));
  const stream = run({ files, concurrency, timeout });
  for (const outcome of ['pass', 'fail']) {
    stream.on(`test:${outcome}`, (event) => {
      recordResult(event, outcome, progress);
      if (event.nesting === 0) {
        const seconds = (event.details.duration_ms / 1000).toFixed(2);
        console.log(`${event.skip ? 'skip' : outcome} ${sourceOf(event.file)}: ${basename(event.name)} (${seconds} s)`);
      }
    });
  }
  // What tests tell of themselves, such as the sizes of the image's layers; the rest are Node's own totals.
  stream.on('test:diagnostic', ({ file, message, level = 'info' }) => {
    if (file !== undefined && level === 'info' && !NODE_TOTALS.test(message)) {
      console.log(`  ${sourceOf(file)}: ${message}`);
    }
  });
  stream.on('test:stderr', ({ file, message }) => {
    progress.get(sourceOf(file)).errors += message;
  });
  for await (const _ of stream) {
    // The listeners above do the work; a stream that nobody reads would stop.
  }
  for (const [source, { results }] of progress) {
    if (results === 0) {
      tally.fail(source, 'no test ran in this file');
    }
  }
}

function findFiles(directory, ending) {
  if (!existsSync(directory)) {
    return [];
  }
  return readdirSync(directory, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, name))
    .filter(isWanted)
    .sort();
}

// Tests make stores of their own; one that happens to be set outside must not be written to.
delete process.env.PERCPU_METRICS_STORE;

const executables = findFiles(join(root, 'build', 'Release'), '_test').filter((path) => !path.includes('obj.target'));
const files = findFiles(join(root, 'out', 'test'), '.test.js');
const busy = files.filter((file) => /\/(?:integration|deploy|proof)\//.test(file));
const ofBusy = (...names) => names.flatMap((name) => busy.filter((file) => file.endsWith(`/${name}.test.js`)));
// These keep all CPUs busy by themselves: beside others they would take longer and find less.
const alone = ofBusy(
  'integration/blocked-loop',
  'integration/loadtest',
  'proof/limits',
  'proof/mutants',
  'proof/soak',
  'proof/torture',
);
// Whole suites, machines and images, minutes each. The longest comes first.
const long = ofBusy(
  'proof/node-versions',
  'deploy/containers',
  'deploy/arm64-image',
  'proof/guests',
  'proof/variants',
  'proof/addon-sanitizer',
);
// Those that take longest come first, so that all lanes end together.
const longOthers = ofBusy(
  'proof/package',
  'proof/fuzz',
  'proof/crash',
  'proof/sanitizers',
  'proof/service-grammar',
  'proof/service-grammar-control',
  'proof/model-mutants',
);
const others = [...longOthers, ...busy.filter((file) => ![...alone, ...long, ...longOthers].includes(file))];

for (const executable of executables) {
  runNative(executable);
}
await runFiles(
  files.filter((file) => !busy.includes(file)),
  Math.min(4, availableParallelism()),
);
await runFiles(alone, 1);
// The rest waits for much, each for itself, and minds no neighbour: with one more than there are CPUs on the smallest
// machine, none of them is idle meanwhile.
await runFiles(others, 3);
await runFiles(long, 3, longFileTimeout);
if (filters.length === 0 && (executables.length === 0 || files.length === 0)) {
  tally.fail('test discovery', 'no native tests or no compiled tests were found: npm run setup builds them');
}
if (filters.length > 0 && executables.length + files.length === 0) {
  tally.fail('test discovery', `no test file has a path with ${filters.join(' or ')}`);
}
console.log(tally.report());
process.exitCode = tally.failed > 0 ? 1 : 0;
