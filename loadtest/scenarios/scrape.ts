/**
 * What a scrape costs whoever waits for it, and the requests that wait behind it: the latency, the bytes per second,
 * what it allocates and the delay of the event loop, idle and under load, by number of series; and the sum over the
 * workers of a cluster.
 */
import { sumSamples } from '../exposition.js';
import { type Figure, type Goal, judge } from '../findings.js';
import type { Lookup } from '../lookup.js';
import { describeLosses } from '../losses.js';
import { beforeTurn } from '../rest.js';
import { Entrant, figuresOf, LOAD, THREADS } from '../scrape/entrant.js';
import { CLUSTER_ROUNDS, IS_LOADED, IS_WIDE, mostRoundsOf, type Size, sizesOf } from '../scrape/size.js';
import { COUNTER, HISTOGRAM, LIBRARIES } from '../services/series.js';
import { nodeRunsSuccessor, SUCCESSOR, SUCCESSOR_IS_LEFT_OUT } from '../successor.js';
import { formatNumber } from '../table.js';
import { attempt, type Conclusion, type RunContext, roundsOf, type Scenario } from './scenario.js';

const [OURS, RIVAL] = LIBRARIES;

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
  {
    name: 'cluster-delay',
    title: "Delay of the primary's event loop by a scrape of a cluster",
    unit: 'ms',
    ...shape,
  },
  {
    name: 'cluster-rate',
    title: 'Text per second of a scrape of a whole cluster',
    unit: 'MB/s',
    ...shape,
    better: 'higher',
    decimals: 0,
    chart: null,
  },
];

/** Text per second is what the duration says already. */
const JUDGED = figures.filter(({ name }) => !['rate', 'cluster-rate'].includes(name));
/** Of the event loop, by a scrape of the largest number of series. */
const MOST_DELAY = 2;

/** Until the scrapes of a contender have taken so long, or after so many turns. */
const WARM_UP = { milliseconds: 300, turns: 10 };

/** Who takes part. */
function contenders({ workers }: Size): string[] {
  if (!nodeRunsSuccessor()) return [...LIBRARIES];
  return workers > 0 ? [...LIBRARIES, SUCCESSOR, THREADS] : [...LIBRARIES, SUCCESSOR];
}

/** A contender and, where it could be started, its service. */
type Contenders = ReadonlyMap<string, Entrant | undefined>;

/** A round: what has failed is missed in all its figures. */
export async function measureRound(context: RunContext, size: Size, entrants: Contenders): Promise<void> {
  const services = [...entrants.values()].flatMap((entrant) => entrant?.service ?? []);
  for (const [name, entrant] of entrants) {
    await beforeTurn(context, services);
    const measured = entrant && (await attempt(context, name, `a turn of ${size.point}`, () => entrant.turn()));
    for (const figure of figuresOf(size)) {
      const value = measured?.[figure];
      if (value === undefined) context.recorder.miss(figure, name, size.point);
      else context.recorder.add(figure, name, size.point, value);
    }
  }
}

/**
 * Turns that are not measured, until the scrapes of each have taken some time: what is called for the first times is not
 * compiled yet, which is most of the time of whoever is fast.
 */
async function warmUp(context: RunContext, size: Size, entrants: Contenders): Promise<void> {
  if (context.quick) return;
  for (const [name, entrant] of entrants) {
    for (
      let turn = 0;
      entrant && turn < WARM_UP.turns && entrant.scrapedMilliseconds < WARM_UP.milliseconds;
      turn += 1
    ) {
      await attempt(context, name, `a turn of ${size.point} to warm up`, () => entrant.turn());
    }
  }
}

async function measure(
  context: RunContext,
  size: Size,
  rounds: number,
  step: (activity: string) => void,
): Promise<void> {
  const entrants = new Map<string, Entrant | undefined>();
  try {
    for (const name of contenders(size)) {
      const start = (): Promise<Entrant> => Entrant.start(context, name, size);
      entrants.set(name, await attempt(context, name, `the service with ${size.point}`, start));
    }
    await checkAll(context, size, 'first', entrants);
    await warmUp(context, size, entrants);
    for (let round = 1; round <= rounds; round += 1) {
      await measureRound(context, size, entrants);
      step(size.point);
    }
    await checkAll(context, size, 'last', entrants);
  } finally {
    await Promise.all([...entrants.values()].map((entrant) => entrant?.stop()));
  }
}

/**
 * Holds what a scrape of each says against what was counted: before the rounds and
 * after them, with all that was counted beside the scrapes.
 */
export async function checkAll(
  context: RunContext,
  size: Size,
  which: 'first' | 'last',
  entrants: Contenders,
): Promise<void> {
  const sample = size.counters > 0 ? COUNTER : `${HISTOGRAM}_count`;
  const what = `${sample} in the ${which} scrape`;
  for (const [name, entrant] of entrants) {
    const expected = entrant?.expected;
    // Whoever has refused a request beside a scrape was told of then.
    if (entrant === undefined || expected === undefined) continue;
    await attempt(context, name, `the ${which} scrape of ${size.point}`, async () => {
      const { text } = await entrant.scrape({ keep: true });
      const counted = sumSamples(text, sample);
      context.recorder.count({ contender: name, point: size.point, what, expected, counted, promised: true });
    });
  }
}

async function run(context: RunContext): Promise<void> {
  const sizes = sizesOf(context.quick);
  const rounds = roundsOf(context, 2, 9);
  const roundsOfSize = (size: Size): number => Math.min(rounds, mostRoundsOf(size));
  const step = context.progress(sizes.reduce((sum, size) => sum + roundsOfSize(size), 0));
  for (const size of sizes) await measure(context, size, roundsOfSize(size), step);
  if (!nodeRunsSuccessor()) context.recorder.note(SUCCESSOR_IS_LEFT_OUT);
  context.recorder.note(
    `${rounds} rounds, at most ${CLUSTER_ROUNDS.idle} of a cluster and ${CLUSTER_ROUNDS.loaded} of one under load. "loaded" has ${LOAD.connections} connections of requests beside the scrape, ` +
      'from before it until after it, each of which counts. Before the rounds whoever is fast is scraped until it is warm. Sums are held against what was counted before the rounds and after them.',
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

/** What the event loop is delayed by, also where the median hides it, and where it is more than at the largest number of series. */
function describeDelay(lookup: Lookup, largest: string): string {
  const delay = lookup.median('delay', OURS, largest);
  const samples = lookup.samples('delay', OURS, largest);
  const over = samples.filter((one) => one > MOST_DELAY).length;
  const often = over === 0 ? '' : `in ${over} of ${samples.length} rounds by more than ${MOST_DELAY}; `;
  const worst = lookup
    .points('delay')
    .map((point) => ({ point, delay: lookup.median('delay', OURS, point) ?? 0 }))
    .reduce((one, other) => (other.delay > one.delay ? other : one), { point: largest, delay: delay ?? 0 });
  const most = worst.point === largest ? '' : `, and by ${formatNumber(worst.delay, 1)} ms at ${worst.point}`;
  return `delays the event loop by ${formatNumber(delay, 1)} ms (${often}prom-client: ${formatNumber(lookup.median('delay', RIVAL, largest), 1)} ms)${most}`;
}

function conclude(lookup: Lookup): Conclusion {
  const idle = lookup.points('latency').filter((point) => point.endsWith(' counters'));
  const largest = idle.at(-1) ?? '';
  const clusters = lookup.points('cluster');
  const cluster = clusters.findLast((point) => !point.endsWith(IS_LOADED)) ?? clusters.at(-1) ?? '';
  const faster = lookup.ratio('latency', RIVAL, OURS, largest)?.median;
  const clusterFaster = lookup.ratio('cluster', RIVAL, OURS, cluster)?.median;
  const rendered = (point: string): number | undefined => lookup.ratio('render', RIVAL, OURS, point)?.median;
  const wide = largest + IS_WIDE;
  const delay = lookup.median('delay', OURS, largest);
  const loaded = largest + IS_LOADED;
  const loadedDelay = lookup.median('delay', OURS, loaded);
  const allocated = lookup.median('allocated', OURS, largest);
  const growth = allocated && allocated - (lookup.median('allocated', OURS, idle[0] ?? '') ?? 0);
  const wins = (ratio: number | undefined): string => {
    if (ratio === undefined) return 'not compared, as one of both was missed,';
    return ratio < 1 ? `${formatNumber(1 / ratio, 1)}x slower` : `${formatNumber(ratio, 1)}x faster`;
  };
  return {
    verdict:
      `A scrape of ${largest} is ${wins(faster)} than prom-client's and ${describeDelay(lookup, largest)}; ` +
      `of a cluster with ${cluster} it is ${wins(clusterFaster)}; ` +
      `${describeLosses(lookup, { ours: OURS, rivals: [RIVAL, SUCCESSOR, THREADS], figures: JUDGED })}.`,
    goals: [
      judge(`scrape of ${largest}, times as fast as prom-client`, faster, { atLeast: 50 }),
      judge(`text of ${largest}, made in how many times less time than prom-client's`, rendered(largest), {
        atLeast: 100,
      }),
      judge(`text of ${wide}, made in how many times less time than prom-client's`, rendered(wide), { atLeast: 50 }),
      judge(`delay of the event loop by a scrape of ${largest}`, delay, { atMost: MOST_DELAY }, 'ms'),
      ...(loadedDelay === undefined
        ? []
        : [judge(`delay of the event loop by a scrape of ${loaded}`, loadedDelay, { atMost: MOST_DELAY }, 'ms')]),
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
