/**
 * An addon that is unloaded leaves threads behind whose rseq areas point into it, which is why ours is linked with
 * `-z nodelete`: Node unloads an addon with the last Worker that loaded it. The controls are copies without that flag, in
 * processes of their own, which are either ended by the kernel or lose the addon. All of it with threads that the C
 * library registers for rseq, and with threads that register themselves, which end by unregistering: a destructor of the
 * library does that. The core by itself is in unloading-core.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from 'percpu-metrics';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { numberOf } from '../support/temporary-store.js';
import { assertLoaded, assertUnloaded, type Registration, runToEnd, withoutNodelete } from '../support/unloading.js';

const addonPath = fileURLToPath(new URL('../../../build/Release/percpu_metrics.node', import.meta.url));
const program = fileURLToPath(new URL('../support/programs/loading-threads.js', import.meta.url));

const runNode = (by: Registration, addon: string, store: string, threads: number, increments: number) =>
  runToEnd(by, process.execPath, [program, addon, store, `${threads}`, `${increments}`]);

for (const by of ['libc', 'self'] as const) {
  test(`200 Workers that alone load the addon, and come and go, count exactly, registered by ${by}`, async (t) => {
    const path = join(temporaryDirectory(t), 'store.pcm');
    const end = await runNode(by, addonPath, path, 200, 5000);
    assertLoaded(end);
    assert.match(end.output, new RegExp(`^registered by ${by}, `, 'm'));
    const store = openStore({ path });
    t.after(() => store.close());
    assert.equal(numberOf(store, 'work_total'), 200 * 5000);
  });

  test(`without nodelete Workers registered by ${by} end their process, or lose the addon (the control)`, async (t) => {
    const directory = temporaryDirectory(t);
    const addon = withoutNodelete(addonPath, directory);
    assertUnloaded(t, await runNode(by, addon, join(directory, 'store.pcm'), 40, 1000));
  });
}
