/**
 * What it takes until series are there: to make them, in one process and in several at once, and to open a store that
 * has them already, as a worker that starts and as a sidecar do.
 */
import { openStore } from 'percpu-metrics';
import { type Figure, type Goal, judge } from '../findings.js';
import type { Lookup } from '../lookup.js';
import { describeLosses } from '../losses.js';
import { Maker } from '../series/maker.js';
import type { Made, Task } from '../series/maker-process.js';
import { ITEMS, type ItemRange, SPARE_CELLS } from '../services/items.js';
import { LIBRARIES } from '../services/series.js';
import { formatNumber } from '../table.js';
import { type Conclusion, type RunContext, roundsOf, type Scenario, unpinned } from './scenario.js';

const [OURS, RIVAL] = LIBRARIES;
/** Opens a store without writing to it. */
const READER = `${OURS}, read-only`;
const PROCESSES = 4;
const PLAN = {
  quick: { made: 10_000, opened: [1000, 10_000] },
  full: { made: 100_000, opened: [1000, 10_000, 100_000] },
};
const MAKING: Readonly<Record<(typeof LIBRARIES)[number], Task>> = {
  'percpu-metrics': 'make in store',
  'prom-client': 'make in prom-client',
};

const shape = { unit: 'ms', better: 'lower', chart: 'bars', scale: 'log' } as const;
const figures: readonly Figure[] = [
  { name: 'make', title: 'Making counter series, until the last process has them', ...shape, decimals: 0 },
  { name: 'open', title: 'Opening a store, to the first increment or text', ...shape, decimals: 1 },
];

/** Who makes which series. */
interface Making {
  point: string;
  /** Of each process. */
  ranges: ItemRange[];
  /** Different ones. */
  series: number;
}

function makings(series: number): Making[] {
  const text = formatNumber(series, 0);
  const part = series / PROCESSES;
  const ofEach = (range: (process: number) => ItemRange): ItemRange[] =>
    Array.from({ length: PROCESSES }, (_, process) => range(process));
  const all = { first: 0, count: series };
  return [
    { point: `${text} by 1 process`, ranges: [all], series },
    {
      point: `${text} by ${PROCESSES} processes, a part each`,
      ranges: ofEach((process) => ({ first: process * part, count: part })),
      series,
    },
    { point: `${text} by ${PROCESSES} processes, all each`, ranges: ofEach(() => all), series },
  ];
}

let stores = 0;

function newPath(context: RunContext): string {
  stores += 1;
  return `${context.directory}/series-${stores}`;
}

/** Starts processes and lets them work at the same time. */
async function together(context: RunContext, task: Task, path: string, ranges: readonly ItemRange[]): Promise<Made[]> {
  const makers: Maker[] = [];
  try {
    for (const range of ranges) {
      context.signal.throwIfAborted();
      makers.push(await Maker.start(task, path, range));
    }
    return await Promise.all(makers.map((maker) => maker.make()));
  } finally {
    await Promise.all(makers.map((maker) => maker.end()));
  }
}

/** From the first start to the last end. */
function span(made: readonly Made[]): number {
  return Math.max(...made.map(({ ended }) => ended)) - Math.min(...made.map(({ started }) => started));
}

/** Series, and the sum over them. */
function readStore(path: string): { series: number; sum: number } {
  using store = openStore({ path, readOnly: true });
  const found = store.snapshot().find(({ name }) => name === ITEMS.name)?.series ?? [];
  return { series: found.length, sum: found.reduce((sum, one) => sum + ('value' in one ? one.value : 0), 0) };
}

async function make(context: RunContext, library: (typeof LIBRARIES)[number], making: Making): Promise<void> {
  const { recorder } = context;
  const { point, ranges, series } = making;
  const path = newPath(context);
  using store = library === OURS ? openStore({ path, capacity: series + SPARE_CELLS }) : undefined;
  const made = await together(context, MAKING[library], path, ranges);
  recorder.add('make', library, point, span(made));
  const expected = ranges.reduce((sum, { count }) => sum + count, 0);
  const found = store === undefined ? undefined : readStore(path);
  const counted = found?.sum ?? made.reduce((sum, one) => sum + one.counted, 0);
  const count = { contender: library, point, promised: true };
  recorder.count({ ...count, what: 'increments', expected, counted });
  if (found !== undefined) recorder.count({ ...count, what: 'series', expected: series, counted: found.series });
  if (store === undefined) return;
  recorder.mode(library, `${store.mode.backend} (${store.mode.registration})`);
  store.unlink();
}

/** A store with series, to be opened again and again. */
interface Stored {
  size: number;
  path: string;
}

async function open(context: RunContext, { size, path }: Stored): Promise<void> {
  const point = formatNumber(size, 0);
  const last = [{ first: size - 1, count: 1 }];
  context.recorder.add('open', OURS, point, span(await together(context, 'open to write', path, last)));
  context.recorder.add('open', READER, point, span(await together(context, 'open to read', path, last)));
}

async function run(context: RunContext): Promise<void> {
  const { recorder } = context;
  const plan = context.quick ? PLAN.quick : PLAN.full;
  const rounds = roundsOf(context, 1, 7);
  const making = makings(plan.made);
  const step = context.progress(rounds * (making.length * LIBRARIES.length + plan.opened.length));
  const opened: Stored[] = [];
  for (const size of plan.opened) {
    const path = newPath(context);
    openStore({ path, capacity: size + SPARE_CELLS }).close();
    await together(context, 'make in store', path, [{ first: 0, count: size }]);
    opened.push({ size, path });
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const one of making) {
      for (const library of LIBRARIES) {
        await make(context, library, one);
        step(`${one.point}, ${library}`);
      }
    }
    for (const one of opened) {
      await open(context, one);
      step(`${formatNumber(one.size, 0)} series opened`);
    }
  }
  for (const { size, path } of opened) {
    const counted = readStore(path).sum;
    const what = 'increments of a store that was opened again';
    recorder.count({
      contender: OURS,
      point: formatNumber(size, 0),
      what,
      expected: size + rounds,
      counted,
      promised: true,
    });
  }
  recorder.note(
    `Rounds: ${rounds}. Each series has three labels, is bound and incremented once. Each process is a new one, started and with its modules loaded before; so is a store that series are made in. prom-client's processes share nothing.`,
  );
}

function conclude(lookup: Lookup): Conclusion {
  const [single = '', ...several] = lookup.points('make');
  const largest = lookup.points('open').at(-1) ?? '';
  const alone = lookup.median('make', OURS, single);
  const opening = lookup.median('open', OURS, largest);
  const judgeMaking = (point: string, seconds: number): Goal => {
    const milliseconds = lookup.median('make', OURS, point);
    return judge(`making ${point}`, milliseconds && milliseconds / 1000, { atMost: seconds }, 's');
  };
  return {
    verdict:
      `To make ${single} takes ${formatNumber(alone, 0)} ms (prom-client: ${formatNumber(lookup.median('make', RIVAL, single), 0)} ms); ` +
      `a process that opens a store of ${largest} counts in it after ${formatNumber(opening, 1)} ms; ` +
      `${describeLosses(lookup, { ours: OURS, rivals: [RIVAL], figures })}.`,
    goals: [
      judge(`opening a store of ${largest} counters, to the first increment`, opening, { atMost: 100 }, 'ms'),
      judgeMaking(single, 1),
      ...several.map((point) => judgeMaking(point, 3)),
    ],
  };
}

export const series: Scenario = {
  name: 'series',
  title: 'Making and finding many series',
  axis: 'series',
  baseline: RIVAL,
  figures,
  run: (context) => unpinned(context, run),
  conclude,
};
