/**
 * What a scrape costs by number of lanes, which is the number of CPUs that the kernel could ever bring up: stores with
 * up to 512 lanes, read here, against what the memory of this machine gives in the same run for as many bytes: how much of
 * them a cache holds decides more than anything else.
 */
import { openStore, type Store } from 'percpu-metrics';
import { addon } from '#src/binding.js';
import { type Figure, judge } from '../findings.js';
import type { Lookup } from '../lookup.js';
import { formatNumber } from '../table.js';
import { type Conclusion, type RunContext, roundsOf, type Scenario, unpinned } from './scenario.js';

const OURS = 'percpu-metrics';
const MEMORY = 'memory, read by memchr';
const PLAN = {
  quick: { lanes: [1, 16, 128], series: 4000 },
  full: { lanes: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], series: 10_000 },
};
const SPARE_CELLS = 64;
const CELL_BYTES = 8;
/** Fewer lanes cost too little to tell them from the rest of a scrape: some rounds would have to be left out. */
const LEAST_LANES = 128;
const NAME = 'loadtest_items_total';

const figures: readonly Figure[] = [
  {
    name: 'scrape',
    title: 'Duration of a scrape',
    unit: 'ms',
    better: 'lower',
    decimals: 2,
    chart: 'lines',
    scale: 'log',
  },
  {
    name: 'bandwidth',
    title: 'Lanes read per second',
    unit: 'GB/s',
    better: 'higher',
    decimals: 2,
    chart: 'lines',
    scale: 'linear',
  },
];

interface Wide {
  lanes: number;
  store: Store;
}

function open(context: RunContext, lanes: number, series: number): Wide {
  const path = `${context.directory}/lanes-${lanes}`;
  // A number of lanes is for experiments only, and no option of openStore().
  const maker = addon.open({ path, capacity: series + SPARE_CELLS, lanes });
  const store = openStore({ path });
  maker.close();
  const counter = store.counter({ name: NAME, help: 'Items of the load test.', labelNames: ['route'] });
  for (let index = 0; index < series; index += 1) counter.labels(`/orders/${index}`).inc();
  const { backend, registration } = store.mode;
  context.recorder.mode(OURS, `${backend} (${registration})`);
  return { lanes, store };
}

/** Seconds that some work takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function checkCounts(context: RunContext, { lanes, store }: Wide, expected: number): void {
  const family = store.snapshot().find(({ name }) => name === NAME);
  const counted = family?.series.reduce((sum, one) => sum + ('value' in one ? one.value : 0), 0) ?? 0;
  context.recorder.count({
    contender: OURS,
    point: String(lanes),
    what: 'increments',
    expected,
    counted,
    promised: true,
  });
}

async function run(context: RunContext): Promise<void> {
  const { recorder, signal } = context;
  const plan = context.quick ? PLAN.quick : PLAN.full;
  const rounds = roundsOf(context, 5, 21);
  const step = context.progress(rounds * plan.lanes.length);
  const bytesOf = (lanes: number): number => (lanes - 1) * plan.series * CELL_BYTES;
  const memory = Buffer.alloc(bytesOf(Math.max(...plan.lanes)), 1);
  const opened: Wide[] = [];
  try {
    for (const lanes of plan.lanes) opened.push(open(context, lanes, plan.series));
    // The first scrape of a store prepares the text in front of the values.
    for (const { store } of opened) await store.render();
    for (let round = 1; round <= rounds; round += 1) {
      signal.throwIfAborted();
      // The first scrape after something else is slower than those that follow it, and is the one that is subtracted.
      await opened[0]?.store.render();
      let narrowest = 0;
      for (const { lanes, store } of opened) {
        const seconds = await timed(() => store.render());
        if (lanes === 1) narrowest = seconds;
        recorder.add('scrape', OURS, String(lanes), seconds * 1000);
        step(`${lanes} lanes`);
        if (lanes < LEAST_LANES) continue;
        const bytes = bytesOf(lanes);
        const reading = await timed(async () => memory.subarray(0, bytes).indexOf(2));
        if (seconds > narrowest) recorder.add('bandwidth', OURS, String(lanes), bytes / (seconds - narrowest) / 1e9);
        else recorder.miss('bandwidth', OURS, String(lanes));
        recorder.add('bandwidth', MEMORY, String(lanes), bytes / reading / 1e9);
      }
    }
    for (const wide of opened) checkCounts(context, wide, plan.series);
    recorder.note(
      `${formatNumber(plan.series, 0)} counters, ${rounds} rounds, rendered in this process without HTTP; memchr reads as many bytes as the lanes have that are read.`,
    );
  } finally {
    for (const { store } of opened) store.close();
  }
}

function conclude(lookup: Lookup): Conclusion {
  const widest = lookup.points('scrape').at(-1) ?? '';
  const scrape = lookup.median('scrape', OURS, widest);
  const narrowest = lookup.median('scrape', OURS, '1');
  const share = lookup.ratio('bandwidth', OURS, MEMORY, widest)?.median;
  return {
    verdict:
      `With ${widest} lanes a scrape takes ${formatNumber(scrape, 2)} ms, and with one ${formatNumber(narrowest, 2)}; ` +
      `the lanes are read at ${formatNumber(share && share * 100, 0)} % of the bandwidth that memchr reaches over as many bytes.`,
    goals: [judge('bandwidth of the lanes, as a part of that of memchr', share, { atLeast: 0.5 })],
  };
}

export const lanes: Scenario = {
  name: 'lanes',
  title: 'Scrapes by number of lanes',
  axis: 'lanes',
  baseline: OURS,
  figures,
  run: (context) => unpinned(context, run),
  conclude,
};
