/**
 * Every version of Node.js that is supported, but for the one that runs the whole suite anyway: the addon is built with
 * its headers, and the tests pass with its program and that addon. Those of the load test are left out: it takes
 * minutes, and the other tests run the same of the package. So are those that build other programs, addons, machines
 * and images, those that read files only, and those in which other programs parse formats: the unit tests compare the
 * same bytes, and one real Prometheus is asked.
 */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { nodeOf, nodeVersions, prebuiltAddon } from '../support/node-version.js';
import { runSuite } from '../support/other-suite.js';

const without = {
  unit: ['loadtest'],
  integration: [
    ...['disassembly', 'exemplars', 'loadtest', 'loadtest-command', 'loadtest-page', 'native-histograms'],
    ...['prometheus-formats', 'programs', 'round-trip', 'victoria-metrics'],
  ],
};

/** Files and directories of tests, but for some. */
function testsOf(part: keyof typeof without): string[] {
  const names = readdirSync(new URL(`../${part}/`, import.meta.url)).filter((name) => !name.endsWith('.map'));
  const wanted = names.filter((name) => !without[part].includes(name.replace(/\.test\.js$/, '')));
  assert.equal(names.length - wanted.length, without[part].length, 'what is left out is there');
  return wanted.map((name) => `test/${part}/${name}`);
}

const proof = [
  'attachments',
  'early-use',
  'held-lock',
  'host-process',
  'model',
  'permissions',
  'scribble',
  'service-clients',
  'truncation',
];
const tests = [...testsOf('unit'), ...testsOf('integration'), ...proof.map((name) => `test/proof/${name}.test.js`)];

for (const version of nodeVersions.filter((one) => `v${one}` !== process.version)) {
  test(`with Node.js ${version} the addon is built and the suite passes`, async (t) => {
    const { directory } = await prebuiltAddon(t, version);
    chmodSync(directory, 0o755);
    const { passed, failed, skipped, output } = await runSuite({ node: nodeOf(version), addon: directory, tests });
    t.diagnostic(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 }, output);
    assert.ok(passed > 400, output);
  });
}
