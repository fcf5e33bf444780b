/** Where the clusters of the scrape scenario run while the process that started them is pinned to one CPU. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allowedCpus, parseCpuList, pinGenerator } from '../../../loadtest/pinning.js';
import { Recorder } from '../../../loadtest/recorder.js';
import type { RunContext } from '../../../loadtest/scenarios/scenario.js';
import { scrape } from '../../../loadtest/scenarios/scrape.js';
import { Entrant } from '../../../loadtest/scrape/entrant.js';
import { nodeRunsSuccessor, SUCCESSOR } from '../../../loadtest/successor.js';
import { childrenOf } from '../../support/process-tree.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const WORKERS = 2;
const pinning = pinGenerator();
const size = { point: '2 x 10 counters', counters: 10, histograms: 0, workers: WORKERS, loaded: false };
const clusters = ['percpu-metrics', 'prom-client', ...(nodeRunsSuccessor() ? [SUCCESSOR] : [])];

/** The CPUs that each of these tasks may use. */
function cpusOf(tasks: readonly string[]): number[][] {
  return tasks.map((task) => {
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1];
    return parseCpuList(list ?? '');
  });
}

function threadsOf(pid: number | string): string[] {
  return readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
}

for (const { name, workersOf } of [
  ...clusters.map((library) => ({ name: library, workersOf: (pid: number) => childrenOf(pid).flatMap(threadsOf) })),
  ...(nodeRunsSuccessor() ? [{ name: `${SUCCESSOR}, worker threads`, workersOf: threadsOf }] : []),
]) {
  test(`workers of ${name} may use every CPU, though the generator is pinned`, async (t) => {
    if (!pinning.pinned) return t.skip(pinning.reason);
    const context: RunContext = {
      ...{ quick: true, rounds: 1, pinning, directory: temporaryDirectory(t), signal: new AbortController().signal },
      ...{ recorder: new Recorder(scrape), progress: () => () => {} },
    };
    const entrant = await Entrant.start(context, name, size);
    t.after(() => entrant.stop());
    const cpus = cpusOf(workersOf(entrant.service.pid));
    assert.ok(cpus.length >= WORKERS, `${cpus.length} tasks`);
    for (const allowed of cpus) assert.deepEqual(allowed, pinning.cpus);
    assert.deepEqual(allowedCpus(), [pinning.generatorCpu]);
  });
}
