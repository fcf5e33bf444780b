/**
 * The package as its users get it: a tarball with a prebuilt addon, installed into an empty folder where there is no
 * compiler, no make and no Python.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assertSound } from '../support/addon-code.js';
import { nodeOf, nodeVersions, prebuiltAddon } from '../support/node-version.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);
const timeout = 600_000;

/** What goes into the tarball, in a directory of its own, for prebuilds/ of the project is not to be touched. */
async function packageDirectory(t: TestContext, prebuilds: string): Promise<string> {
  const directory = temporaryDirectory(t);
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, timeout });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  for (const { path } of files.filter((file) => !file.path.startsWith('prebuilds/'))) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    cpSync(join(root, path), join(directory, path));
  }
  cpSync(prebuilds, join(directory, 'prebuilds'), { recursive: true });
  return directory;
}

/** A search path with Node.js and npm, and nothing else. */
function pathWithoutTools(directory: string): string {
  const npm = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((entry) => join(entry, 'npm'))
    .find((path) => existsSync(path));
  assert.ok(npm, 'npm is in the search path');
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync(npm, join(bin, 'npm'));
  // npm starts the scripts of packages with it.
  symlinkSync('/bin/sh', join(bin, 'sh'));
  return bin;
}

const application = `
import Fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import percpuMetrics from 'percpu-metrics/fastify';
const store = openStore({ path: process.argv[2] });
const app = Fastify();
await app.register(percpuMetrics, { store });
app.get('/', () => 'hello');
await app.inject('/');
const { body } = await app.inject('/metrics');
await app.close();
const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.' });
jobs.inc(3);
console.log(JSON.stringify({ mode: store.mode.backend, text: await store.metrics(), body }));
store.close();
`;

test('the tarball installs and works where there is no compiler', async (t) => {
  const addon = await prebuiltAddon(t);
  const source = await packageDirectory(t, join(addon.directory, 'prebuilds'));
  const publint = await run(
    process.execPath,
    [join(root, 'node_modules/publint/src/cli.js'), source, '--strict', '--pack', 'false'],
    { timeout },
  );
  assert.match(publint.stdout, /All good!/);
  const folder = temporaryDirectory(t);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: source, timeout });
  const [tarball = ''] = readdirSync(folder);
  const listed = await run('tar', ['-tzf', join(folder, tarball)]);
  for (const wanted of ['LICENSE', 'README.md', 'CHANGELOG.md', 'binding.gyp', 'native/include/percpu_metrics.h']) {
    assert.ok(listed.stdout.includes(`package/${wanted}\n`), `the tarball has no ${wanted}`);
  }
  assert.doesNotMatch(listed.stdout, /^package\/(?:test|native\/(?:test|bench|proof)|scripts|loadtest|build)\//m);

  const env = { ...process.env, PATH: pathWithoutTools(folder), PERCPU_METRICS_STORE: undefined };
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', ['install', join(folder, tarball), 'fastify@5', '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd: project,
    env,
    timeout,
  });
  const installed = join(project, 'node_modules', 'percpu-metrics');
  assert.ok(!readdirSync(installed).includes('build'), 'nothing was compiled');
  assertSound(join(installed, relative(addon.directory, addon.file)));
  writeFileSync(join(project, 'application.js'), application);
  const path = join(folder, 'store');
  for (const [index, version] of nodeVersions.entries()) {
    const { stdout } = await run(nodeOf(version), ['application.js', path], { cwd: project, env, timeout });
    const said = JSON.parse(stdout) as { mode: string; text: string; body: string };
    assert.equal(said.mode, 'rseq', version);
    assert.match(said.text, new RegExp(`^jobs_total ${3 * (index + 1)}$`, 'm'));
    assert.match(said.body, new RegExp(`^http_request_duration_seconds_count\\{.*\\} ${index + 1}$`, 'm'));
  }
  const command = join(project, 'node_modules', '.bin', 'percpu-metrics');
  const { stdout } = await run(command, ['inspect', path, '--json'], { cwd: project, env, timeout });
  const { families } = JSON.parse(stdout) as { families: { name: string; series: { value: number }[] }[] };
  const jobs = families.find(({ name }) => name === 'jobs_total');
  assert.deepEqual(
    jobs?.series.map(({ value }) => value),
    [3 * nodeVersions.length],
    stdout,
  );
});
