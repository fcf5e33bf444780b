/**
 * What a scrape costs whoever waits for it, and the requests that wait behind it: the latency, the bytes per second,
 * what it allocates and the delay of the event loop, idle and under load, by number of series; and the sum over the
 * workers of a cluster.
 */
import { join } from 'node:path';
import { sumSamples } from '../exposition.js';
import { type Figure, type Goal, judge } from '../findings.js';
import { fire } from '../generator.js';
import { LoadedService } from '../loaded-service.js';
import type { Lookup } from '../lookup.js';
import { packageRoot } from '../results.js';
import { type Scrape, Scraper } from '../scraper.js';
import type { Delays } from '../services/scrape-service.js';
import { COUNTER, HISTOGRAM, LIBRARIES } from '../services/series.js';
import { nodeRunsSuccessor, SUCCESSOR, SUCCESSOR_IS_LEFT_OUT } from '../successor.js';
import { formatNumber } from '../table.js';
import { type Conclusion, type RunContext, roundsOf, type Scenario, unpinned } from './scenario.js';

const [OURS, RIVAL] = LIBRARIES;
/** The successor's registry over worker threads instead of over a cluster. */
const THREADS = `${SUCCESSOR}, worker threads`;
/** Rounds of a cluster, whose scrapes take seconds. */
const MOST_CLUSTER_ROUNDS = 5;
/** How long scrapes follow each other for the percentile of the delay. */
const TAIL_MILLISECONDS = { quick: 100, full: 500 };
const LOAD = { connections: 4, amount: 500 };

const shape = { better: 'lower', decimals: 2, chart: 'bars', scale: 'log' } as const;
const figures: readonly Figure[] = [
  { name: 'latency', title: 'Duration of a scrape', unit: 'ms', ...shape },
  { name: 'render', title: 'Making the text of a scrape', unit: 'ms', ...shape },
  { name: 'delay', title: 'Longest delay of the event loop during a scrape', unit: 'ms', ...shape },
  {
    name: 'tail',
    title: 'Delay of the event loop in a loop of scrapes, p99',
    unit: 'ms',
    ...shape,
  },
  { name: 'allocated', title: 'Allocated by making the text again', unit: 'kB', ...shape, decimals: 1, chart: null },
  {
    name: 'rate',
    title: 'Text per second of a scrape',
    unit: 'MB/s',
    ...shape,
    better: 'higher',
    decimals: 0,
    chart: null,
  },
  { name: 'cluster', title: 'Duration of a scrape of a whole cluster', unit: 'ms', ...shape },
];

/** One size that is measured, alone or under load, or in a cluster. */
export interface Size {
  point: string;
  counters: number;
  histograms: number;
  workers: number;
  loaded: boolean;
  /** Of a store of ours; as many as there are CPUs where it is not given. */
  lanes?: number;
}

const alone = { workers: 0, loaded: false };
/** A machine of many CPUs, as far as the size of its stores goes. */
const WIDE = 64;
const IS_WIDE = `, ${WIDE} lanes`;

function sizesOf(quick: boolean): Size[] {
  const thousand = (number: number): string => formatNumber(number, 0);
  const counters = (number: number, loaded = false): Size => ({
    ...alone,
    point: `${thousand(number)} counters${loaded ? ', loaded' : ''}`,
    counters: number,
    histograms: 0,
    loaded,
  });
  const histograms = (number: number, workers = 0): Size => ({
    ...alone,
    point: `${workers > 0 ? `${workers} x ` : ''}${thousand(number)} histograms`,
    counters: 0,
    histograms: number,
    workers,
  });
  const wide = (number: number): Size => ({
    ...counters(number),
    point: `${thousand(number)} counters${IS_WIDE}`,
    lanes: WIDE,
  });
  if (quick) {
    const idle = [counters(1000), counters(10_000), wide(10_000)];
    return [...idle, counters(10_000, true), histograms(1000), histograms(200, 2)];
  }
  return [
    ...[counters(1000), counters(10_000), counters(100_000), wide(100_000)],
    ...[counters(10_000, true), counters(100_000, true)],
    ...[histograms(10_000), histograms(10_000, 2), histograms(10_000, 4), histograms(10_000, 8)],
  ];
}

/** A contender that runs. */
export interface Entrant {
  name: string;
  service: LoadedService;
  scraper: Scraper;
}

/** Who takes part. */
function contenders({ workers }: Size): string[] {
  if (!nodeRunsSuccessor()) return [...LIBRARIES];
  return workers > 0 ? [...LIBRARIES, SUCCESSOR, THREADS] : [...LIBRARIES, SUCCESSOR];
}

/** Starts a contender, where it belongs. */
export async function enter(context: RunContext, name: string, size: Size): Promise<Entrant> {
  const { counters, histograms, workers, lanes } = size;
  const ofCluster = name === THREADS ? 'threads-service.js' : 'cluster-service.js';
  const script = join(packageRoot, 'out', 'loadtest', 'services', workers > 0 ? ofCluster : 'scrape-service.js');
  const path = `${context.directory}/scrape-${size.point.replaceAll(/\W/g, '-')}`;
  const options = { '--library': name, '--counters': counters, '--histograms': histograms, '--store': path };
  const all = {
    ...options,
    ...(workers > 0 ? { '--workers': workers } : {}),
    ...(lanes === undefined ? {} : { '--lanes': lanes }),
  };
  const start = (place: RunContext): Promise<LoadedService> =>
    LoadedService.start(place, name, [script, ...Object.entries(all).flat().map(String)]);
  // One CPU for all workers would be no cluster: they have all of them, and who scrapes waits meanwhile.
  const service = await (workers > 0 ? unpinned(context, start) : start(context));
  if (name === OURS) service.recordMode(path);
  return { name, service, scraper: new Scraper(service.origin) };
}

/** Keeps a service busy until the work is done. */
async function underLoad<T>(context: RunContext, { service }: Entrant, work: () => Promise<T>): Promise<T> {
  let done = false;
  const load = async (): Promise<void> => {
    const request = { method: 'GET', path: '/hello' } as const;
    while (!done) await fire({ origin: service.origin, request, ...LOAD, signal: context.signal });
  };
  const loading = load();
  try {
    return await work();
  } finally {
    done = true;
    await loading;
  }
}

/** One scrape. Registries give up on workers that take longer than 5 s: of others than ours that is a finding. */
async function scrapeOf(context: RunContext, size: Size, entrant: Entrant, keep = false): Promise<Scrape | undefined> {
  try {
    return await entrant.scraper.scrape({ keep });
  } catch (error) {
    if (entrant.name === OURS) throw error;
    context.recorder.note(`${entrant.name}: a scrape of ${size.point} failed. ${(error as Error).message}`);
    return undefined;
  }
}

async function turn(context: RunContext, size: Size, entrant: Entrant): Promise<void> {
  const { recorder } = context;
  const { name, service } = entrant;
  const figure = size.workers > 0 ? 'cluster' : 'latency';
  if (size.workers === 0) await service.get('/delay');
  const scraped = await scrapeOf(context, size, entrant);
  if (scraped === undefined) {
    recorder.miss(figure, name, size.point);
    return;
  }
  const { milliseconds, bytes } = scraped;
  recorder.add(figure, name, size.point, milliseconds);
  if (size.workers > 0) return;
  recorder.add('rate', name, size.point, bytes / milliseconds / 1000);
  recorder.add('delay', name, size.point, (await delaysOf(service)).longest);
  recorder.add('render', name, size.point, Number(await service.get('/render')));
  if (size.loaded) return;
  recorder.add('tail', name, size.point, await tail(context, size, entrant));
  recorder.add('allocated', name, size.point, Number(await service.get('/allocation')) / 1000);
}

async function delaysOf(service: LoadedService): Promise<Delays> {
  return JSON.parse(await service.get('/delay')) as Delays;
}

/** The event loop's delay at its 99th percentile while one scrape follows the other, at least one. */
async function tail(context: RunContext, size: Size, entrant: Entrant): Promise<number> {
  const until = performance.now() + (context.quick ? TAIL_MILLISECONDS.quick : TAIL_MILLISECONDS.full);
  await delaysOf(entrant.service);
  do await scrapeOf(context, size, entrant);
  while (performance.now() < until);
  return (await delaysOf(entrant.service)).p99;
}

async function measure(
  context: RunContext,
  size: Size,
  rounds: number,
  step: (activity: string) => void,
): Promise<void> {
  const entrants: Entrant[] = [];
  try {
    for (const name of contenders(size)) entrants.push(await enter(context, name, size));
    for (const entrant of entrants) await check(context, size, entrant);
    for (let round = 1; round <= rounds; round += 1) {
      context.signal.throwIfAborted();
      for (const entrant of entrants) {
        const work = (): Promise<void> => turn(context, size, entrant);
        await (size.loaded ? underLoad(context, entrant, work) : work());
      }
      step(size.point);
    }
  } finally {
    for (const { scraper } of entrants) scraper.close();
    await Promise.all(entrants.map(({ service }) => service.stop()));
  }
}

/** Every series was touched once by each process that has it. Also the scrape that warms up. */
async function check(context: RunContext, size: Size, entrant: Entrant): Promise<void> {
  const text = (await scrapeOf(context, size, entrant, true))?.text;
  if (text === undefined) return;
  const what = size.counters > 0 ? COUNTER : `${HISTOGRAM}_count`;
  const expected = (size.counters + size.histograms) * Math.max(1, size.workers);
  const counted = sumSamples(text, what);
  context.recorder.count({ contender: entrant.name, point: size.point, what, expected, counted, promised: true });
}

async function run(context: RunContext): Promise<void> {
  const sizes = sizesOf(context.quick);
  const rounds = roundsOf(context, 3, 9);
  const roundsOfSize = ({ workers }: Size): number => (workers > 0 ? Math.min(rounds, MOST_CLUSTER_ROUNDS) : rounds);
  const step = context.progress(sizes.reduce((sum, size) => sum + roundsOfSize(size), 0));
  for (const size of sizes) await measure(context, size, roundsOfSize(size), step);
  if (!nodeRunsSuccessor()) context.recorder.note(SUCCESSOR_IS_LEFT_OUT);
  context.recorder.note(
    `${rounds} rounds, at most ${MOST_CLUSTER_ROUNDS} of a cluster. The event loop counts as late from 1 ms on; "loaded" has ${LOAD.connections} connections of requests beside the scrape.`,
  );
}

/** What sums over workers, each held against ours; the successor's only where it ran. */
function judgeClusters(lookup: Lookup, point: string): Goal[] {
  const registries = [
    { contender: RIVAL, registry: 'the cluster registry' },
    { contender: SUCCESSOR, registry: `the cluster registry of ${SUCCESSOR}` },
    { contender: THREADS, registry: `the worker registry of ${SUCCESSOR}` },
  ];
  return registries.flatMap(({ contender, registry }) => {
    const ratio = lookup.ratio('cluster', contender, OURS, point)?.median;
    if (ratio === undefined && contender !== RIVAL) return [];
    return [judge(`scrape of a cluster, ${point}, times as fast as ${registry}`, ratio, { atLeast: 100 })];
  });
}

function conclude(lookup: Lookup): Conclusion {
  const idle = lookup.points('latency').filter((point) => point.endsWith(' counters'));
  const largest = idle.at(-1) ?? '';
  const cluster = lookup.points('cluster').at(-1) ?? '';
  const faster = lookup.ratio('latency', RIVAL, OURS, largest)?.median;
  const clusterFaster = lookup.ratio('cluster', RIVAL, OURS, cluster)?.median;
  const rendered = (point: string): number | undefined => lookup.ratio('render', RIVAL, OURS, point)?.median;
  const wide = largest + IS_WIDE;
  const delay = lookup.median('delay', OURS, largest);
  const allocated = lookup.median('allocated', OURS, largest);
  const growth = allocated && allocated - (lookup.median('allocated', OURS, idle[0] ?? '') ?? 0);
  const wins = (ratio: number | undefined): string =>
    ratio !== undefined && ratio < 1 ? `${formatNumber(1 / ratio, 1)}x slower` : `${formatNumber(ratio, 1)}x faster`;
  return {
    verdict:
      `A scrape of ${largest} is ${wins(faster)} than prom-client's and delays the event loop by ${formatNumber(delay, 1)} ms ` +
      `(prom-client: ${formatNumber(lookup.median('delay', RIVAL, largest), 1)} ms); of a cluster with ${cluster} it is ${wins(clusterFaster)}.`,
    goals: [
      judge(`scrape of ${largest}, times as fast as prom-client`, faster, { atLeast: 50 }),
      judge(`text of ${largest}, made in how many times less time than prom-client's`, rendered(largest), {
        atLeast: 100,
      }),
      judge(`text of ${wide}, made in how many times less time than prom-client's`, rendered(wide), { atLeast: 50 }),
      judge(`delay of the event loop by a scrape of ${largest}`, delay, { atMost: 2 }, 'ms'),
      judge(
        `delay of the event loop while ${largest} are scraped, 99th percentile`,
        lookup.median('tail', OURS, largest),
        { atMost: 1 },
        'ms',
      ),
      judge(`allocated by a second scrape of ${largest}, beyond one of ${idle[0] ?? ''}`, growth, { atMost: 1 }, 'kB'),
      ...judgeClusters(lookup, cluster),
    ],
  };
}

export const scrape: Scenario = {
  name: 'scrape',
  title: 'Scrapes by number of series',
  axis: 'series',
  baseline: RIVAL,
  figures,
  run,
  conclude,
};
