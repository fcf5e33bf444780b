/** A rival that fails is a finding of a scenario, in all figures of the turn; one of ours that fails ends it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings } from '../../../loadtest/findings.js';
import { Recorder } from '../../../loadtest/recorder.js';
import { recovery } from '../../../loadtest/scenarios/recovery.js';
import type { RunContext, Scenario } from '../../../loadtest/scenarios/scenario.js';
import { measureRound, scrape } from '../../../loadtest/scenarios/scrape.js';
import { Entrant, figuresOf } from '../../../loadtest/scrape/entrant.js';
import type { Size } from '../../../loadtest/scrape/size.js';
import { childrenOf } from '../../support/process-tree.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const cluster: Size = { point: '2 x 10 counters', counters: 10, histograms: 0, workers: 2, loaded: false };
const alone: Size = { ...cluster, point: '10 counters', workers: 0 };
const OURS = 'percpu-metrics';
const RIVAL = 'prom-client';

interface Run {
  context: RunContext;
  entrants: Map<string, Entrant>;
}

function contextOf(t: TestContext, scenario: Scenario): RunContext {
  return {
    ...{ quick: true, rounds: 1, directory: temporaryDirectory(t), signal: new AbortController().signal },
    ...{
      pinning: { pinned: false, reason: 'not needed here' },
      recorder: new Recorder(scenario),
      progress: () => () => {},
    },
  };
}

async function start(t: TestContext, size: Size, names: readonly string[]): Promise<Run> {
  const context = contextOf(t, scrape);
  const entrants = new Map<string, Entrant>();
  for (const name of names) {
    const entrant = await Entrant.start(context, name, size);
    t.after(() => entrant.stop());
    entrants.set(name, entrant);
  }
  return { context, entrants };
}

function kill({ entrants }: Run, name: string): void {
  process.kill(entrants.get(name)?.service.pid as number, 'SIGKILL');
}

/** Samples and missed rounds of a contender, by figure. */
function figuresFound({ series }: Findings, contender: string): [string, number, number[]][] {
  return series
    .filter((one) => one.contender === contender)
    .map(({ figure, samples, missed = [] }) => [figure, samples.length, missed]);
}

for (const size of [cluster, { ...cluster, loaded: true }, alone, { ...alone, loaded: true }]) {
  const what = `${size.workers > 0 ? 'cluster' : 'service'}${size.loaded ? ' under load' : ''}`;
  test(`a rival's ${what} that has died is missed, and the rounds go on`, async (t) => {
    const run = await start(t, size, [RIVAL, OURS]);
    await measureRound(run.context, size, run.entrants);
    kill(run, RIVAL);
    await measureRound(run.context, size, run.entrants);
    await measureRound(run.context, size, run.entrants);
    const findings = run.context.recorder.findings(1);
    const figures = figuresOf(size);
    assert.deepEqual(
      figuresFound(findings, RIVAL),
      figures.map((figure) => [figure, 1, [1, 2]]),
    );
    assert.deepEqual(
      figuresFound(findings, OURS),
      figures.map((figure) => [figure, 3, []]),
    );
    assert.match(findings.notes.join('\n'), /^prom-client: a turn of .*10 counters failed\. \S/m);
  });
}

const argumentsOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');

/** Waits until there is something, for half a minute at most. */
async function appearance<T>(what: string, find: () => T | undefined): Promise<T> {
  for (let waited = 0; waited < 30_000; waited += 10) {
    const found = find();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error(`${what} did not appear in time`);
}

/** Kills a library's primary when its first worker has been killed, and more of them are to follow. */
async function killPrimary(library: string): Promise<void> {
  const primary = await appearance('a primary', () =>
    childrenOf(process.pid).find((pid) => argumentsOf(pid).includes(library)),
  );
  const first = await appearance('a worker', () => childrenOf(primary)[0]);
  await appearance('its end', () => (childrenOf(primary).includes(first) ? undefined : true));
  process.kill(primary, 'SIGKILL');
}

test("recovery: a rival's primary that has died is missed, and ours is measured", async (t) => {
  const context = contextOf(t, recovery);
  await Promise.all([recovery.run(context), killPrimary(RIVAL)]);
  const findings = context.recorder.findings(1);
  const names = recovery.figures.map(({ name }) => name);
  assert.deepEqual(
    figuresFound(findings, RIVAL),
    names.map((name) => [name, 0, [0]]),
  );
  assert.deepEqual(
    figuresFound(findings, OURS),
    names.map((name) => [name, 1, []]),
  );
  assert.match(findings.notes.join('\n'), /^prom-client: round 1 failed\. .*, as the service has ended with SIGKILL/m);
});

test('one of ours that has died ends the run', async (t) => {
  const run = await start(t, cluster, [OURS]);
  kill(run, OURS);
  await assert.rejects(measureRound(run.context, cluster, run.entrants));
});

test('who did not start is missed in every round', async (t) => {
  const { context } = await start(t, cluster, []);
  const absent = new Map([[RIVAL, undefined]]);
  for (let round = 1; round <= 2; round += 1) await measureRound(context, cluster, absent);
  assert.deepEqual(
    figuresFound(context.recorder.findings(1), RIVAL),
    figuresOf(cluster).map((figure) => [figure, 0, [0, 1]]),
  );
});
