/**
 * What is left of the counts when workers are killed under load: requests that were acknowledged against requests that
 * the scrape knows afterwards, scrapes that went down, and scrapes that failed. It is the oldest worker that dies each time,
 * so that all of them have their turn, and one that is killed has counted for as long as any.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sumSamples } from '../exposition.js';
import type { Count, Figure } from '../findings.js';
import { fire } from '../generator.js';
import { LoadedService } from '../loaded-service.js';
import type { Lookup } from '../lookup.js';
import { LEAST_SAMPLES } from '../noise.js';
import { packageRoot } from '../results.js';
import { COUNTER, LIBRARIES, type Library } from '../services/series.js';
import { formatNumber } from '../table.js';
import { attempt, type Conclusion, type RunContext, roundsOf, type Scenario, unpinned } from './scenario.js';

const OURS: Library = 'percpu-metrics';
const RIVAL: Library = 'prom-client';
const CONNECTIONS = 16;
/** Seconds. Who was handed to a worker that has died gets no answer, nor the end of its connection. */
const PATIENCE = 2;
const PLAN = {
  quick: { workers: 2, amount: 6_000, kills: 2, pause: 300 },
  full: { workers: 4, amount: 60_000, kills: 8, pause: 500 },
};
/** Between two scrapes. */
const SCRAPE_PAUSE = 50;
/** What is counted. */
const ACKNOWLEDGED = 'acknowledged requests';
const SURPLUS = 'counts of requests that nobody sent';
/** A scrape that waits for a killed worker fails; the next one may find all of them alive. */
const LAST_SCRAPE_ATTEMPTS = 5;

const shape = { better: 'lower', decimals: 2, scale: 'linear' } as const;
const number = { unit: '', better: 'higher', decimals: 0, chart: null, scale: 'linear' } as const;
const figures: readonly Figure[] = [
  { name: 'missing', title: 'Acknowledged requests that are missing', unit: '%', ...shape, chart: 'bars' },
  {
    name: 'downs',
    title: 'Scrapes that were lower than the one before',
    unit: '',
    ...shape,
    decimals: 0,
    chart: 'bars',
  },
  { name: 'failed', title: 'Scrapes that failed', unit: '', ...shape, decimals: 0, chart: null },
  { name: 'acknowledged', title: 'Requests acknowledged', ...number },
  { name: 'unknown', title: 'Requests not answered, which may have been counted', ...number, better: 'lower' },
  { name: 'counted', title: 'Requests counted in the end', ...number },
];

/** What a scrape knew, or `undefined` where it failed. */
async function scrape(service: LoadedService): Promise<number | undefined> {
  try {
    return sumSamples(await service.get('/metrics'), COUNTER);
  } catch {
    return undefined;
  }
}

interface Watch {
  downs: number;
  failed: number;
}

/** Scrapes until it is told to stop. */
async function watch(service: LoadedService, stopped: () => boolean): Promise<Watch> {
  const seen: Watch = { downs: 0, failed: 0 };
  let last = 0;
  while (!stopped()) {
    const value = await scrape(service);
    if (value === undefined) seen.failed += 1;
    else {
      if (value < last) seen.downs += 1;
      last = value;
    }
    await sleep(SCRAPE_PAUSE);
  }
  return seen;
}

/** Requests that were sent, by what the generator knows of them. */
interface Sent {
  /** Answered as they should be: they must have been counted. */
  acknowledged: number;
  /** Answered otherwise or not at all: they may have been counted. */
  unknown: number;
}

/** Fires in parts until all workers that are to die have died. */
async function loadAndKill(context: RunContext, service: LoadedService): Promise<Sent> {
  const plan = context.quick ? PLAN.quick : PLAN.full;
  const origin = await service.get('/workers');
  const request = { method: 'GET', path: '/work' } as const;
  const sent: Sent = { acknowledged: 0, unknown: 0 };
  let over = false;
  const kill = async (): Promise<void> => {
    for (let killed = 0; killed < plan.kills; killed += 1) {
      await sleep(plan.pause);
      await service.get('/kill');
    }
  };
  const killing = kill().finally(() => {
    over = true;
  });
  // What it fails with is heard once the load has ended.
  const settled = killing.catch(() => {});
  try {
    do {
      const { answered, refused, failed } = await fire({
        origin,
        request,
        connections: CONNECTIONS,
        amount: plan.amount,
        patience: PATIENCE,
        signal: context.signal,
      });
      sent.acknowledged += answered - refused;
      sent.unknown += refused + failed;
    } while (!over);
  } finally {
    await settled;
  }
  await killing;
  return sent;
}

async function lastScrape(service: LoadedService): Promise<number> {
  for (let attempt = 1; attempt <= LAST_SCRAPE_ATTEMPTS; attempt += 1) {
    const value = await scrape(service);
    if (value !== undefined) return value;
  }
  throw new Error(`${service.name} could not be scraped after its workers were replaced.`);
}

/** A round of one library: its figures. */
async function measure(context: RunContext, library: Library, round: number): Promise<Record<string, number>> {
  const { recorder } = context;
  const plan = context.quick ? PLAN.quick : PLAN.full;
  const script = join(packageRoot, 'out', 'loadtest', 'services', 'recovery-service.js');
  const path = `${context.directory}/recovery-${round}`;
  const options = ['--library', library, '--workers', String(plan.workers), '--store', path];
  const service = await LoadedService.start(context, library, [script, ...options]);
  try {
    let done = false;
    const watching = watch(service, () => done);
    const { acknowledged, unknown } = await loadAndKill(context, service).finally(() => {
      done = true;
    });
    const seen = await watching;
    const counted = await lastScrape(service);
    const missing = Math.max(0, acknowledged - counted);
    const promised = library === OURS;
    const shared = { contender: library, point: `round ${round}`, promised };
    recorder.count({
      ...shared,
      what: ACKNOWLEDGED,
      expected: acknowledged,
      counted: acknowledged - missing,
    });
    const surplus = Math.max(0, counted - acknowledged - unknown);
    recorder.count({ ...shared, what: SURPLUS, expected: 0, counted: surplus });
    recorder.count({ ...shared, what: 'scrapes that went down', expected: 0, counted: seen.downs });
    if (promised) service.recordMode(path);
    return { missing: (missing / acknowledged) * 100, ...seen, acknowledged, unknown, counted };
  } finally {
    await service.stop();
  }
}

async function run(context: RunContext): Promise<void> {
  const plan = context.quick ? PLAN.quick : PLAN.full;
  const rounds = roundsOf(context, 1, LEAST_SAMPLES);
  const step = context.progress(rounds * LIBRARIES.length);
  for (let round = 1; round <= rounds; round += 1) {
    for (const library of LIBRARIES) {
      const measured = await attempt(context, library, `round ${round}`, () => measure(context, library, round));
      for (const { name } of figures) {
        const value = measured?.[name];
        if (value === undefined) context.recorder.miss(name, library, '');
        else context.recorder.add(name, library, '', value);
      }
      step(`round ${round}/${rounds} ${library}`);
    }
  }
  context.recorder.note(
    `${plan.workers} workers, and in each of ${rounds} rounds ${plan.kills} times the oldest of them was killed with SIGKILL and replaced: each has its turn, ` +
      'so that a registry that loses the counts of the dead has what the last of them counted.',
  );
}

function conclude(lookup: Lookup, counts: readonly Count[]): Conclusion {
  const sum = (library: Library, what: string, pick: (count: Count) => number): number =>
    counts.filter((one) => one.contender === library && one.what === what).reduce((total, one) => total + pick(one), 0);
  const missing = (library: Library): number =>
    sum(library, ACKNOWLEDGED, ({ expected, counted }) => expected - counted);
  const text = (library: Library): string => {
    const rounds = lookup.samples('downs', library).length;
    if (rounds === 0) return `${library} was measured in no round`;
    const all = (figure: string): string =>
      formatNumber(
        lookup.samples(figure, library).reduce((total, one) => total + one, 0),
        0,
      );
    const acknowledged = formatNumber(
      sum(library, ACKNOWLEDGED, ({ expected }) => expected),
      0,
    );
    const surplus = sum(library, SURPLUS, ({ counted }) => counted);
    const more = surplus === 0 ? '' : ` and counts ${formatNumber(surplus, 0)} that nobody sent`;
    return (
      `${library} misses ${formatNumber(missing(library), 0)} of ${acknowledged} acknowledged requests${more}, ` +
      `and of its scrapes in ${rounds === 1 ? 'one round' : `${rounds} rounds`} ${all('downs')} went down and ${all('failed')} failed`
    );
  };
  return {
    verdict: `After the kills ${text(OURS)}; ${text(RIVAL)}.`,
    goals: [
      {
        title: 'acknowledged requests that are missing',
        unit: '',
        atMost: 0,
        measured: missing(OURS),
        met: missing(OURS) === 0,
      },
    ],
  };
}

export const recovery: Scenario = {
  name: 'recovery',
  title: 'Counts after workers were killed',
  axis: null,
  baseline: RIVAL,
  figures,
  run: (context) => unpinned(context, run),
  conclude,
};
