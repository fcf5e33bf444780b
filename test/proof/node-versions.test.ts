/**
 * Every version of Node.js that is supported, but for the one that runs the whole suite anyway: the addon is built with
 * its headers, its machine code is looked at, and the suite passes with its program and that addon: all unit and
 * integration tests, and what attacks the store and the service from JavaScript. What is left out is below, with the
 * reason; a file that is new is not. The newest version, which differs most from the one that runs the whole suite, also
 * runs what takes time and is of little else than this repository; with `PERCPU_METRICS_WHOLE=1` all of them do.
 *
 * Two things are those of the machine in each run: the service that `npm start` starts in integration/start, as another
 * Node.js would build the project's addon anew under the other tests; and, by Node-API, the addon that tells
 * proof/service-grammar of malloc, and the objects that broken addons are made from in proof/model-mutants,
 * proof/service-grammar-control and the controls of proof/unloading.
 */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { assertSound } from '../support/addon-code.js';
import { nodeOf, nodeVersions, prebuiltAddon } from '../support/node-version.js';
import { runSuite } from '../support/other-suite.js';

const inC = 'programs in C, in which there is no Node.js';

/** Directories and files that are left out, and why. */
const leftOut: Readonly<Record<string, string>> = {
  'deploy/': 'images bring a Node.js of their own, and the rest of it has none',
  'integration/disassembly': 'machine code of the addon of the machine; that of each version is looked at here',
  'integration/loadtest': 'minutes in which it keeps all CPUs from the others; unit/loadtest runs its parts',
  'proof/addon-sanitizer': 'an addon with a sanitizer, which looks at native code only',
  'proof/churn': inC,
  'proof/core-mutants': inC,
  'proof/crash': inC,
  'proof/early-use': inC,
  'proof/fuzz': inC,
  'proof/guests': 'machines with a Node.js of their own',
  'proof/limits': inC,
  'proof/mutants': inC,
  'proof/node-versions': 'this file',
  'proof/package': 'installs the package with each version by itself',
  'proof/sanitizers': inC,
  'proof/soak': inC,
  'proof/torture': inC,
  'proof/unloading-core': inC,
  'proof/variants': 'other builds of the core, in C, and of one addon',
};

const parses =
  'another program parses formats, of which the unit tests compare the same bytes; one Prometheus is asked';
const measures = 'the load test, of which a user of the package runs nothing';

/** What is left out with all versions but the newest, and why, unless all is wanted. */
const newestOnly: Readonly<Record<string, string>> = {
  'integration/exemplars': parses,
  'integration/loadtest-command': measures,
  'integration/loadtest-page': measures,
  'integration/native-histograms': parses,
  'integration/prometheus-formats': parses,
  'integration/round-trip': parses,
  'integration/victoria-metrics': parses,
  'proof/service-grammar-control': 'the control of proof/service-grammar, which finds the same of each version',
  'proof/model-mutants': 'faults of the core, of which this is the control: with each version the sound one passes',
  'unit/loadtest/': measures,
};

/** Whether a file is one of those, or below a directory of those, that are left out under a name. */
function isOf(path: string, name: string): boolean {
  return name.endsWith('/') ? path.startsWith(name) : path === `${name}.test.js`;
}

/** Paths of the files that are run with a version. */
function testsOf(version: (typeof nodeVersions)[number]): string[] {
  const isWhole = process.env['PERCPU_METRICS_WHOLE'] === '1' || version === nodeVersions.at(-1);
  const names = Object.keys(isWhole ? leftOut : { ...leftOut, ...newestOnly });
  const paths = readdirSync(new URL('../', import.meta.url), { recursive: true, encoding: 'utf8' });
  const all = paths.filter((path) => path.endsWith('.test.js'));
  const unknown = names.filter((name) => !all.some((path) => isOf(path, name)));
  assert.deepEqual(unknown, [], 'what is left out is there');
  return all.filter((path) => !names.some((name) => isOf(path, name))).map((path) => `test/${path}`);
}

for (const version of nodeVersions.filter((one) => `v${one}` !== process.version)) {
  test(`with Node.js ${version} the addon is built and the suite passes`, async (t) => {
    const tests = testsOf(version);
    const { directory, file } = await prebuiltAddon(t, version);
    assertSound(file);
    chmodSync(directory, 0o755);
    const { passed, failed, skipped, output } = await runSuite({ node: nodeOf(version), addon: directory, tests });
    t.diagnostic(`${tests.length} files: ${passed} passed, ${failed} failed, ${skipped} skipped`);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 }, output);
    const isMissing = (path: string) => !output.includes(`\npass ${path.replace(/\.js$/, '.ts')}: `);
    assert.deepEqual(tests.filter(isMissing), [], 'each file has a test that passed');
  });
}
