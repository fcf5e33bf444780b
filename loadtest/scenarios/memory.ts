/**
 * Bytes per counter series with three labels and a bound handle: in the file, in the heap, resident; against
 * prom-client, and by number of lanes, which is what a store pays for its speed.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Figure, judge } from '../findings.js';
import type { Lookup } from '../lookup.js';
import { describeLosses } from '../losses.js';
import { packageRoot } from '../results.js';
import type { MemoryReport } from '../services/memory-process.js';
import { LIBRARIES, type Library } from '../services/series.js';
import { formatNumber } from '../table.js';
import { type Conclusion, type RunContext, roundsOf, type Scenario, unpinned } from './scenario.js';

const OURS: Library = 'percpu-metrics';
const RIVAL: Library = 'prom-client';
const GOAL_LANES = 2;

const shape = { unit: 'bytes', better: 'lower', decimals: 0, scale: 'linear' } as const;
const figures: readonly Figure[] = [
  { name: 'total', title: 'Bytes per series, file and heap', ...shape, chart: 'bars' },
  { name: 'file', title: 'Bytes per series, file', ...shape, chart: null },
  { name: 'heap', title: 'Bytes per series, heap', ...shape, chart: null },
  { name: 'resident', title: 'Bytes per series, resident memory', ...shape, chart: null },
  { name: 'scraped', title: 'Bytes per series, resident memory after three scrapes', ...shape, chart: null },
  { name: 'lanes', title: 'Bytes per series in the file, by number of lanes', ...shape, chart: 'lines', scale: 'log' },
];

const PLAN = {
  quick: { series: [1000, 10_000], lanes: [1, 2, 64], laneSeries: 10_000 },
  full: { series: [1000, 10_000, 100_000], lanes: [1, 2, 8, 32, 128, 512], laneSeries: 10_000 },
};

/** File and heap are parts of the total: without a file there is nothing to compare the store's with. */
const JUDGED = figures.filter(({ name }) => ['total', 'resident', 'scraped'].includes(name));

let processes = 0;

async function measure(context: RunContext, library: Library, series: number, lanes: number): Promise<MemoryReport> {
  const script = join(packageRoot, 'out', 'loadtest', 'services', 'memory-process.js');
  processes += 1;
  const path = `${context.directory}/memory-${processes}`;
  const options = ['--expose-gc', script, library, String(series), path, String(lanes)];
  const { stdout } = await promisify(execFile)(process.execPath, options, { signal: context.signal });
  const report = JSON.parse(stdout) as MemoryReport;
  const point = `${formatNumber(series, 0)} series${lanes > 0 ? `, ${lanes} lanes` : ''}`;
  const { counted, mode } = report;
  context.recorder.count({ contender: library, point, what: 'increments', expected: series, counted, promised: true });
  if (mode !== null) context.recorder.mode(library, mode);
  return report;
}

async function run(context: RunContext): Promise<void> {
  const { recorder } = context;
  const plan = context.quick ? PLAN.quick : PLAN.full;
  const rounds = roundsOf(context, 1, 5);
  const step = context.progress(rounds * (plan.series.length * LIBRARIES.length + plan.lanes.length));
  for (let round = 1; round <= rounds; round += 1) {
    for (const series of plan.series) {
      for (const library of LIBRARIES) {
        const lanes = library === OURS ? GOAL_LANES : 0;
        const { file, heap, resident, residentScraped } = await measure(context, library, series, lanes);
        const point = formatNumber(series, 0);
        const measured = { total: file + heap, file, heap, resident, scraped: residentScraped };
        for (const [figure, bytes] of Object.entries(measured)) recorder.add(figure, library, point, bytes / series);
        step(`${point} series ${library}`);
      }
    }
    for (const lanes of plan.lanes) {
      const { file } = await measure(context, OURS, plan.laneSeries, lanes);
      recorder.add('lanes', OURS, String(lanes), file / plan.laneSeries);
      step(`${lanes} lanes`);
    }
  }
  recorder.note(
    `Stores of ${GOAL_LANES} lanes where nothing else is said; ${rounds} rounds. Every series has a bound handle that was used once.`,
  );
}

function conclude(lookup: Lookup): Conclusion {
  const largest = lookup.points('total').at(-1) ?? '';
  const ours = lookup.median('total', OURS, largest);
  const theirs = lookup.median('total', RIVAL, largest);
  const widest = lookup.points('lanes').at(-1) ?? '';
  const wide = lookup.median('lanes', OURS, widest);
  // What is there once, in the store's file and in the heap, is spread over fewer series there.
  const smaller = lookup
    .points('total')
    .slice(0, -1)
    .map((point) => {
      const both = [OURS, RIVAL].map((library) => formatNumber(lookup.median('total', library, point), 0));
      return `; at ${point} it is ${both.join(' to ')}`;
    });
  const comparison =
    ours === undefined || theirs === undefined
      ? 'not compared with prom-client'
      : `${theirs < ours ? 'more' : 'less'} than the ${formatNumber(theirs, 0)} of prom-client`;
  return {
    verdict:
      `At ${largest} series one takes ${formatNumber(ours, 0)} bytes with ${GOAL_LANES} lanes, ${comparison}${smaller.join('')}; ` +
      `with ${widest} lanes its file alone takes ${formatNumber(wide, 0)}; ` +
      `${describeLosses(lookup, { ours: OURS, rivals: [RIVAL], figures: JUDGED })}.`,
    goals: [
      judge(`file and heap of a counter series at ${largest}, ${GOAL_LANES} lanes`, ours, { atMost: 400 }, 'bytes'),
    ],
  };
}

export const memory: Scenario = {
  name: 'memory',
  title: 'Memory per series',
  axis: 'series or lanes',
  baseline: RIVAL,
  figures,
  run: (context) => unpinned(context, run),
  conclude,
};
