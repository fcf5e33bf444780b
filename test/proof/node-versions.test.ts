/**
 * Every version of Node.js that is supported, but for the one that runs the whole suite anyway: the addon is built with
 * its headers, and the unit tests and those of modes, processes and Workers pass with its program and that addon.
 */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { nodeOf, nodeVersions, prebuiltAddon } from '../support/node-version.js';
import { runSuite } from '../support/other-suite.js';

const tests = ['test/unit/', 'integration/mode', 'integration/processes', 'integration/worker-threads'];

for (const version of nodeVersions.filter((one) => `v${one}` !== process.version)) {
  test(`with Node.js ${version} the addon is built and the suite passes`, async (t) => {
    const { directory } = await prebuiltAddon(t, version);
    chmodSync(directory, 0o755);
    const { passed, failed, skipped, output } = await runSuite({ node: nodeOf(version), addon: directory, tests });
    t.diagnostic(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 }, output);
    assert.ok(passed > 300, output);
  });
}
