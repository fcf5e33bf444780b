/**
 * Writers that increment the same series at the same time: 1 to twice as many as there are CPUs, in C, as worker
 * threads and as the workers of a cluster, back to back and with work between two increments. A tight loop is the worst
 * case for a shared word; what is left of the difference with work in between is what an application would see.
 */
import { availableParallelism } from 'node:os';
import { Group, type GroupKind } from '../contention/group.js';
import { runNativeWriters } from '../contention/native.js';
import { type Figure, judge } from '../findings.js';
import { recordMode } from '../loaded-service.js';
import type { Lookup } from '../lookup.js';
import { describeLosses } from '../losses.js';
import { beforeTurn } from '../rest.js';
import { BACK_ENDS, DESIGNS, type Design } from '../services/counters.js';
import { formatNumber } from '../table.js';
import { type Conclusion, type RunContext, roundsOf, type Scenario, unpinned } from './scenario.js';

const BASELINE: Design = 'rseq';
/** Steps of arithmetic between two increments: tens of nanoseconds in C, 100 and more in JavaScript. */
const WORK = 100;
const TURN_MILLISECONDS = { quick: 25, full: 60 };
const WARM_UP_MILLISECONDS = 100;

function figureOf(name: string, title: string): Figure {
  const shape = { unit: 'M/s', better: 'higher', decimals: 1, chart: 'lines', scale: 'log' } as const;
  return { name, title: `Increments per second, ${title}`, ...shape };
}

const figures: readonly Figure[] = [
  figureOf('native', 'C, back to back'),
  figureOf('native-work', 'C, with work between'),
  figureOf('threads', 'worker threads, back to back'),
  figureOf('threads-work', 'worker threads, with work between'),
  figureOf('cluster', 'cluster, back to back'),
  figureOf('cluster-work', 'cluster, with work between'),
];

const sizes = [0, WORK] as const;
const suffix = (work: number): string => (work > 0 ? '-work' : '');

const LOOSE =
  'Writers in JavaScript are not pinned, for which taskset (util-linux) is needed: they may have shared a CPU.';

/** Numbers of writers. Twice the CPUs are always among them. */
export function writerNumbers(cpus: number, quick: boolean): number[] {
  const all = Array.from({ length: 2 * cpus }, (_, index) => index + 1);
  const chosen = quick ? [1, cpus, 2 * cpus] : all.filter((count) => count <= 4 || Number.isInteger(Math.log2(count)));
  return [...new Set([...chosen, cpus, 2 * cpus])].sort((one, other) => one - other);
}

async function runNative(context: RunContext, writers: readonly number[], rounds: number, step: Step): Promise<void> {
  const milliseconds = context.quick ? TURN_MILLISECONDS.quick : TURN_MILLISECONDS.full;
  for (let round = 1; round <= rounds; round += 1) {
    for (const threads of writers) {
      for (const work of sizes) {
        const runs = await runNativeWriters({ threads, work, milliseconds, signal: context.signal });
        for (const { design, incrementsPerSecond, mode, counted, expected } of runs) {
          const point = String(threads);
          context.recorder.add(`native${suffix(work)}`, design, point, incrementsPerSecond / 1e6);
          if (design === BASELINE && mode !== BASELINE)
            context.recorder.note(`In C rseq was not in force, but ${mode}.`);
          if (counted === undefined || expected === undefined) continue;
          context.recorder.count({
            contender: design,
            point,
            what: 'increments in C',
            expected,
            counted,
            promised: true,
          });
        }
        step(`native, ${threads} writers`);
      }
    }
  }
}

type Step = (activity: string) => void;

async function runGroups(
  context: RunContext,
  kind: GroupKind,
  writers: readonly number[],
  rounds: number,
  step: Step,
): Promise<void> {
  const { recorder, directory, quick, signal } = context;
  // The memory of Atomics.add is that of one process.
  const designs = DESIGNS.filter((design) => kind === 'threads' || design !== 'Atomics.add');
  const pathOf = (design: Design): string => `${directory}/contention-${kind}-${DESIGNS.indexOf(design)}`;
  const groups: Group[] = [];
  const milliseconds = quick ? TURN_MILLISECONDS.quick : TURN_MILLISECONDS.full;
  try {
    for (const design of designs) {
      groups.push(await Group.start(design, pathOf(design), kind, Math.max(...writers), signal));
    }
    if (!groups.every(({ pinned }) => pinned)) recorder.note(LOOSE);
    for (const group of groups)
      for (const work of sizes) await group.run(Math.max(...writers), WARM_UP_MILLISECONDS, work);
    for (let round = 1; round <= rounds; round += 1) {
      for (const count of writers) {
        for (const work of sizes) {
          for (const group of groups) {
            await beforeTurn(context, groups);
            const rate = await group.run(count, milliseconds, work);
            recorder.add(`${kind}${suffix(work)}`, group.design, String(count), rate / 1e6);
          }
          step(`${kind}, ${count} writers`);
        }
      }
    }
    for (const group of groups) {
      if (BACK_ENDS.includes(group.design)) recordMode(context, group.design, pathOf(group.design));
      const { calls, counted } = await group.finish();
      const what = `increments of the ${kind}`;
      recorder.count({ contender: group.design, point: 'all', what, expected: calls, counted, promised: true });
    }
  } finally {
    await Promise.all(groups.map((group) => group.end()));
  }
}

async function run(context: RunContext): Promise<void> {
  const cpus = availableParallelism();
  const writers = writerNumbers(cpus, context.quick);
  const rounds = roundsOf(context, 1, 7);
  const step = context.progress(3 * rounds * writers.length * sizes.length);
  await runNative(context, writers, rounds, step);
  for (const kind of ['threads', 'cluster'] as const) await runGroups(context, kind, writers, rounds, step);
  context.recorder.note(
    `${cpus} CPUs, rounds: ${rounds}. prom-client and the plain lane have a counter per writer, which nobody adds up.`,
  );
}

function conclude(lookup: Lookup): Conclusion {
  // The last point has twice as many writers as there are CPUs.
  const busy = String(Number(lookup.points('native').at(-1)) / 2);
  const times = (figure: string, rival: Design, point: string): number | undefined =>
    lookup.ratio(figure, BASELINE, rival, point)?.median;
  const rivals = DESIGNS.filter((design) => design !== BASELINE);
  const text = (figure: string, rival: Design): string => `${formatNumber(times(figure, rival, busy), 1)}x`;
  return {
    verdict:
      `With ${busy} writers rseq counts ${text('native', 'atomic')} as fast as one shared atomic in C and ` +
      `${text('threads', 'atomic')} in worker threads, with work between increments ${text('native-work', 'atomic')} in C and ` +
      `${text('threads-work', 'atomic')} in worker threads; there it counts ${text('threads', 'plain lane')} as fast as a plain ` +
      `lane per thread, and ${text('threads-work', 'plain lane')} with work; ` +
      `${describeLosses(lookup, { ours: BASELINE, rivals, figures })}.`,
    goals: [
      judge('native rseq, times as fast as getcpu and an atomic add, 1 writer', times('native', 'percpu-atomic', '1'), {
        atLeast: 7.7,
      }),
      judge(`native rseq, times as fast as one shared atomic, ${busy} writers`, times('native', 'atomic', busy), {
        atLeast: 20,
      }),
      judge("bound inc(), times as fast as prom-client's bound child, 1 writer", times('threads', 'prom-client', '1'), {
        atLeast: 12,
      }),
    ],
  };
}

export const contention: Scenario = {
  name: 'contention',
  title: 'Writers on the same series',
  axis: 'writers',
  baseline: BASELINE,
  figures,
  run: (context) => unpinned(context, run),
  conclude,
};
