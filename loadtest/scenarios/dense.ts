/**
 * How many increments a request must have before the designs can be told apart: 1 to 1,000 increments per request,
 * over 1 to 10,000 series, all in one thread. Shared atomics have no rival here, so this is their best case.
 */
import { join } from 'node:path';
import { type Figure, judge } from '../findings.js';
import { LEAST_FOR_P999, P999_IS_LEFT_OUT } from '../generator.js';
import { LoadedService, withServices } from '../loaded-service.js';
import type { Lookup } from '../lookup.js';
import { describeLosses } from '../losses.js';
import { type Onset, onsetOf } from '../onset.js';
import { beforeTurn } from '../rest.js';
import { packageRoot } from '../results.js';
import { BACK_ENDS, DESIGNS, type Design } from '../services/counters.js';
import { formatNumber } from '../table.js';
import { type Conclusion, type RunContext, roundsOf, type Scenario } from './scenario.js';

const BASELINE: Design = 'rseq';
const CONNECTIONS = 16;
const MOST_SERIES = 10_000;
/** The usual number of series first: it is what the chart for the README shows. */
const FULL = { increments: [1, 10, 100, 1000], series: [100, 1, MOST_SERIES], seconds: 0.4, warmUp: 20_000 };
const QUICK = { increments: [1, 100, 1000], series: [100], seconds: 0.1, warmUp: 2000 };
/** Before each point. */
const WARM_UP_REQUESTS = 400;
/** Of a turn. All have a p99.9 in a full run, the slow ones as well. */
const LEAST_REQUESTS = { quick: 200, full: LEAST_FOR_P999 };

const grouped = (number: number): string => formatNumber(number, 0);
const describeSeries = (series: number): string => (series === 1 ? 'one series' : `${grouped(series)} series`);
const nameOf = (quantity: string, series: number): string => `${quantity}-${series}`;

function figuresOf(series: number): Figure[] {
  const over = describeSeries(series);
  const time = { unit: 'ms', better: 'lower', decimals: 2, chart: null, scale: 'log' } as const;
  const line = { chart: 'lines', scale: 'log' } as const;
  return [
    {
      name: nameOf('cpu', series),
      title: `CPU time per request, ${over}`,
      unit: 'us',
      better: 'lower',
      decimals: 1,
      ...line,
    },
    {
      name: nameOf('throughput', series),
      title: `Requests per second, ${over}`,
      unit: '/s',
      better: 'higher',
      decimals: 0,
      ...line,
    },
    { name: nameOf('p50', series), title: `Latency, median, ${over}`, ...time },
    { name: nameOf('p99', series), title: `Latency, p99, ${over}`, ...time },
    { name: nameOf('p999', series), title: `Latency, p99.9, ${over}`, ...time },
  ];
}

const figures: readonly Figure[] = FULL.series.flatMap(figuresOf);

interface Entrant {
  service: LoadedService;
  /** Increments that its answered requests stand for. */
  expected: number;
}

async function turn(
  entrant: Entrant,
  increments: number,
  series: number,
  amount: number,
): ReturnType<LoadedService['fire']> {
  const request = { method: 'GET', path: `/work/${increments}/${series}` } as const;
  const fired = await entrant.service.fire(request, amount, CONNECTIONS);
  entrant.expected += fired.answered * increments;
  return fired;
}

async function start(context: RunContext, generation: number, design: Design): Promise<Entrant> {
  const script = join(packageRoot, 'out', 'loadtest', 'services', 'dense-service.js');
  const path = `${context.directory}/dense-${generation}-${DESIGNS.indexOf(design)}`;
  const options = ['--design', design, '--store', path, '--series', String(MOST_SERIES)];
  const service = await LoadedService.start(context, design, [script, ...options]);
  if (BACK_ENDS.includes(design)) service.recordMode(path);
  return { service, expected: 0 };
}

/** The same in the same order, beginning somewhere else each time. */
function rotated<T>(all: readonly T[], times: number): T[] {
  const first = times % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

async function run(context: RunContext): Promise<void> {
  const plan = context.quick ? QUICK : FULL;
  const rounds = roundsOf(context, 1, 7);
  // How lucky a process is with its memory and its compiler must not colour all rounds.
  const [generations, roundsOfEach] = context.quick ? [1, rounds] : [rounds, 1];
  const step = context.progress(plan.series.length * plan.increments.length * rounds * DESIGNS.length);
  for (let generation = 1; generation <= generations; generation += 1) {
    const starts = DESIGNS.map((design) => () => start(context, generation, design));
    await withServices(starts, async (entrants) => {
      // They compile what they run: the first point would be the dearest. What is left of that, each number of series has
      // to bear in turn.
      const series = rotated(plan.series, generation);
      for (const entrant of entrants) await turn(entrant, 1, series[0] ?? 1, plan.warmUp);
      const common = { context, entrants, generation, rounds: roundsOfEach, seconds: plan.seconds, step };
      for (const number of series) {
        for (const increments of plan.increments) await measurePoint({ ...common, increments, series: number });
      }
    });
  }
  context.recorder.note(
    `${CONNECTIONS} connections; ${roundsOfEach} rounds with each of ${generations} processes of a design; every series is bound before.`,
  );
}

interface PointPlan {
  context: RunContext;
  entrants: readonly Entrant[];
  /** Which of the processes of each design, from 1 on. */
  generation: number;
  increments: number;
  series: number;
  rounds: number;
  seconds: number;
  step: (activity: string) => void;
}

async function measurePoint({
  context,
  entrants,
  generation,
  increments,
  series,
  rounds,
  seconds,
  step,
}: PointPlan): Promise<void> {
  const point = String(increments);
  const amounts: number[] = [];
  const services = entrants.map(({ service }) => service);
  const least = context.quick ? LEAST_REQUESTS.quick : LEAST_REQUESTS.full;
  for (const entrant of entrants) {
    const { requestsPerSecond } = await turn(entrant, increments, series, WARM_UP_REQUESTS);
    amounts.push(Math.max(least, Math.round(requestsPerSecond * seconds)));
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, entrant] of entrants.entries()) {
      const { name } = entrant.service;
      await beforeTurn(context, services);
      const fired = await turn(entrant, increments, series, amounts[index] ?? least);
      const { requestsPerSecond, cpuMicroseconds, p50, p99, p999 } = fired;
      const measured = { throughput: requestsPerSecond, cpu: cpuMicroseconds, p50, p99, p999 };
      for (const [figure, value] of Object.entries(measured))
        context.recorder.add(nameOf(figure, series), name, point, value);
      if (p999 === undefined) {
        context.recorder.miss(nameOf('p999', series), name, point);
        context.recorder.note(P999_IS_LEFT_OUT);
      }
      step(`${increments} on ${series} ${name}`);
    }
  }
  for (const entrant of entrants) {
    const read = async (): Promise<number> => Number(await entrant.service.get('/total'));
    await entrant.service.expect(`${point} on ${series}, process ${generation}`, {
      what: 'increments',
      expected: entrant.expected,
      promised: true,
      read,
    });
  }
}

/** The sizes that were measured, the usual one first. */
function sizesOf(lookup: Lookup): number[] {
  return FULL.series.filter((series) => lookup.points(nameOf('cpu', series)).length > 0);
}

/** Designs that the verdict speaks of in any case; of the others those that are cheaper than rseq. */
const TOLD: readonly Design[] = ['atomic', 'prom-client'];

function describeFrom(increments: string): string {
  return increments === '1' ? 'one increment' : `${grouped(Number(increments))} increments`;
}

/** How a design differs from rseq, by the rule of the table beside the sentence, so that both say the same. */
function describeDesign(rival: Design, found: Onset | 'never' | undefined): string {
  if (found === undefined) return `${rival} was measured in too few rounds to be told from rseq`;
  if (found === 'never') return `${rival} is not told from rseq beyond the noise`;
  const percent = formatNumber(Math.abs(found.multiple - 1) * 100, 0);
  const side = found.multiple > 1 ? 'more' : 'less';
  return `${rival} costs ${side} than rseq from ${describeFrom(found.point)} on (${percent} %)`;
}

function conclude(lookup: Lookup): Conclusion {
  const [series = 100] = sizesOf(lookup);
  const onset = (rival: Design): Onset | 'never' | undefined => onsetOf(lookup, nameOf('cpu', series), rival, BASELINE);
  const isCheaper = (rival: Design): boolean => {
    const found = onset(rival);
    return typeof found === 'object' && found.multiple < 1;
  };
  const told = DESIGNS.filter((design) => TOLD.includes(design) || isCheaper(design));
  const figure = nameOf('cpu', series);
  const last = lookup.points(figure).at(-1) ?? '';
  const rivals = DESIGNS.filter((design) => design !== BASELINE);
  const sentences = [
    ...told.map((design) => describeDesign(design, onset(design))),
    describeLosses(lookup, { ours: BASELINE, rivals, figures }),
  ];
  return {
    verdict: `CPU time per request over ${describeSeries(series)}, in one thread: ${sentences.join('; ')}.`,
    goals: [
      judge(
        `CPU time per request with prom-client, times that with rseq, ${grouped(Number(last))} increments`,
        lookup.ratio(figure, 'prom-client', BASELINE, last)?.median,
        { atLeast: 1 },
      ),
    ],
  };
}

export const dense: Scenario = {
  name: 'dense',
  title: 'Many increments per request',
  axis: 'increments per request',
  baseline: BASELINE,
  figures,
  run,
  conclude,
};
