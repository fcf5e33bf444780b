/**
 * What metrics cost a small handler: a bare Fastify app, and the same app with one labelled counter and one histogram
 * per request, kept by this package's plugin and by what else there is.
 *
 * Processes of one and the same program differ by more than the plugin costs, so that a few of each tell little of it.
 * The bare app and the one with the plugin therefore take turns in one process as well.
 *
 * fastify-metrics keeps its histogram only (its summary, which costs more, is switched off); the count in it stands
 * for the counter. OpenTelemetry has no plugin for its SDK's metrics that counts the same, so it gets the hooks that
 * its documentation shows, with a counter and a histogram.
 */
import { join } from 'node:path';
import { sumSamples } from '../exposition.js';
import type { Figure } from '../findings.js';
import { judge } from '../findings.js';
import { P999_IS_LEFT_OUT } from '../generator.js';
import { LoadedService, withServices } from '../loaded-service.js';
import type { Lookup } from '../lookup.js';
import { describeLosses } from '../losses.js';
import { beforeTurn } from '../rest.js';
import { packageRoot } from '../results.js';
import { summarize } from '../statistics.js';
import { nodeRunsSuccessor, SUCCESSOR_IS_LEFT_OUT } from '../successor.js';
import { formatNumber } from '../table.js';
import { type Conclusion, type RunContext, roundsOf, type Scenario } from './scenario.js';

const ROUTE = '/hello/:name';
const REQUEST = { method: 'GET', path: '/hello/world' } as const;
const CONNECTIONS = 32;
const OURS = 'percpu-metrics';
const BARE = 'bare';
/** Where an app runs: in processes of its own, or the bare one and the one with the plugin in the same. */
const OWN = 'of its own';
const SHARED = 'with both apps';

/** A service that is compared, and the sample that must equal its answered requests. */
interface Contender {
  name: string;
  metrics: string;
  counted: string[];
  promised: boolean;
}

const HISTOGRAM = 'http_request_duration_seconds_count';
const BARE_APP: Contender = { name: BARE, metrics: 'none', counted: [], promised: true };
const APP_OF_OURS: Contender = {
  name: OURS,
  metrics: 'percpu-metrics',
  counted: ['http_requests_total', HISTOGRAM],
  promised: true,
};

function contenders(): Contender[] {
  const all = [
    BARE_APP,
    APP_OF_OURS,
    { name: 'fastify-metrics 13, prom-client 15', metrics: 'fastify-metrics-13', counted: [HISTOGRAM], promised: true },
    {
      name: 'fastify-metrics 14, @prometheus-io/client',
      metrics: 'fastify-metrics-14',
      counted: [HISTOGRAM],
      promised: true,
    },
    {
      name: 'OpenTelemetry SDK',
      metrics: 'opentelemetry',
      counted: ['http_requests_total', HISTOGRAM],
      promised: true,
    },
  ];
  return all.filter(({ metrics }) => nodeRunsSuccessor() || metrics !== 'fastify-metrics-14');
}

const figures: readonly Figure[] = [
  {
    name: 'throughput',
    title: 'Requests per second',
    unit: '/s',
    better: 'higher',
    decimals: 0,
    chart: 'bars',
    scale: 'linear',
  },
  {
    name: 'cpu',
    title: 'CPU time per request',
    unit: 'us',
    better: 'lower',
    decimals: 2,
    chart: 'bars',
    scale: 'linear',
  },
  { name: 'p50', title: 'Latency, median', unit: 'ms', better: 'lower', decimals: 2, chart: null, scale: 'linear' },
  { name: 'p99', title: 'Latency, p99', unit: 'ms', better: 'lower', decimals: 2, chart: null, scale: 'linear' },
  { name: 'p999', title: 'Latency, p99.9', unit: 'ms', better: 'lower', decimals: 2, chart: null, scale: 'linear' },
];

/** Compilers look at how often code ran; a slow machine may stop before they are through. */
const WARM_UP = { requests: 20_000, quickRequests: 4_000, part: 2_000, milliseconds: 4_000 };
const LEAST_REQUESTS = 1_000;

class Entrant {
  readonly service: LoadedService;
  readonly contender: Contender;
  readonly point: string;
  readonly #origin: string;
  #answered = 0;

  constructor(contender: Contender, service: LoadedService, point: string, origin = service.origin) {
    this.contender = contender;
    this.service = service;
    this.point = point;
    this.#origin = origin;
  }

  /** Fires and checks the counts. */
  async turn(amount: number): Promise<Awaited<ReturnType<LoadedService['fire']>>> {
    const turn = await this.service.fire(REQUEST, amount, CONNECTIONS, this.#origin);
    this.#answered += turn.answered;
    for (const what of this.contender.counted) {
      const read = async (): Promise<number> => sumSamples(await this.service.get('/metrics'), what, { route: ROUTE });
      const expectation = { what, expected: this.#answered, promised: this.contender.promised, read };
      await this.service.expect(this.point, expectation);
    }
    return turn;
  }

  /** Gives the requests per second of the last part, when the service has been compiled and its caches are warm. */
  async warmUp(quick: boolean): Promise<number> {
    const until = performance.now() + WARM_UP.milliseconds;
    const enough = quick ? WARM_UP.quickRequests : WARM_UP.requests;
    let rate: number;
    do rate = (await this.turn(WARM_UP.part)).requestsPerSecond;
    while (this.#answered < enough && performance.now() < until);
    return rate;
  }
}

/** Processes of each contender, one after another: the same program may be faster or slower in each of them. */
const PROCESSES = 5;

/** A process of the load test with one app or, where it is shared, with the bare one beside it. */
interface Host {
  readonly service: LoadedService;
  readonly entrants: readonly Entrant[];
}

async function startService(
  context: RunContext,
  name: string,
  { metrics, name: contender }: Contender,
  options: readonly string[] = [],
): Promise<LoadedService> {
  const script = join(packageRoot, 'out', 'loadtest', 'services', 'small-service.js');
  const path = join(context.directory, name);
  const service = await LoadedService.start(context, contender, [
    ...[script, '--metrics', metrics, '--store', path],
    ...options,
  ]);
  if (contender === OURS) service.recordMode(path);
  return service;
}

async function start(context: RunContext, process: number, contender: Contender): Promise<Host> {
  const service = await startService(context, `request-${contender.metrics}-${process}`, contender);
  return { service, entrants: [new Entrant(contender, service, OWN)] };
}

async function startShared(
  context: RunContext,
  process: number,
  { bare, ours }: Record<'bare' | 'ours', Contender>,
): Promise<Host> {
  const service = await startService(context, `request-shared-${process}`, ours, ['--beside-bare']);
  const besides = new Entrant(bare, service, SHARED, await service.get('/bare'));
  return { service, entrants: [besides, new Entrant(ours, service, SHARED)] };
}

async function measure(
  context: RunContext,
  entrants: readonly Entrant[],
  rounds: number,
  step: (activity: string) => void,
): Promise<void> {
  const { recorder, quick } = context;
  const services = [...new Set(entrants.map(({ service }) => service))];
  const rates: number[] = [];
  for (const entrant of entrants) rates.push(await entrant.warmUp(quick));
  const amount = Math.max(LEAST_REQUESTS, Math.round(summarize(rates).median * (quick ? 0.3 : 1)));
  for (let round = 1; round <= rounds; round += 1) {
    for (const entrant of entrants) {
      await beforeTurn(context, services);
      const { requestsPerSecond, cpuMicroseconds, p50, p99, p999 } = await entrant.turn(amount);
      const measured = { throughput: requestsPerSecond, cpu: cpuMicroseconds, p50, p99, p999 };
      const { name } = entrant.contender;
      for (const [figure, value] of Object.entries(measured)) recorder.add(figure, name, entrant.point, value);
      if (p999 === undefined) {
        recorder.miss('p999', name, entrant.point);
        recorder.note(P999_IS_LEFT_OUT);
      }
      step(`${name}, in a process ${entrant.point}`);
    }
  }
}

async function run(context: RunContext): Promise<void> {
  const rounds = roundsOf(context, 5, 7);
  const processes = context.quick ? 1 : PROCESSES;
  const step = context.progress(processes * rounds * (contenders().length + 2));
  for (let process = 1; process <= processes; process += 1) {
    const starts = [
      ...contenders().map((contender) => () => start(context, process, contender)),
      () => startShared(context, process, { bare: BARE_APP, ours: APP_OF_OURS }),
    ];
    await withServices(starts, (hosts) =>
      measure(
        context,
        hosts.flatMap(({ entrants }) => entrants),
        rounds,
        step,
      ),
    );
  }
  context.recorder.note(`${CONNECTIONS} connections; ${rounds} rounds with each of ${processes} processes.`);
  if (!nodeRunsSuccessor()) context.recorder.note(SUCCESSOR_IS_LEFT_OUT);
}

function conclude(lookup: Lookup): Conclusion {
  const kept = (name: string, point = OWN): number | undefined => lookup.ratio('throughput', name, BARE, point)?.median;
  const saved = (point: string): number | undefined => lookup.ratio('cpu', BARE, OURS, point)?.median;
  const percent = (ratio: number | undefined): string => `${formatNumber(ratio && ratio * 100, 1)} %`;
  const others = lookup.contenders('throughput').filter((name) => name !== BARE && name !== OURS);
  const best = others.sort((one, other) => (kept(other) ?? 0) - (kept(one) ?? 0))[0];
  const ours = kept(OURS) ?? 0;
  const theirs = best === undefined ? 0 : (kept(best) ?? 0);
  const verdict =
    `The plugin keeps ${percent(kept(OURS, SHARED))} of the throughput of a bare app in the same process, and ` +
    `${percent(ours)} of one in a process of its own; ` +
    `${best ?? 'nothing else'}, the next of the others, keeps ${percent(theirs)}${theirs >= ours ? ', which is not less' : ''}; ` +
    `${describeLosses(lookup, { ours: OURS, rivals: others, figures })}.`;
  const goal = { atLeast: 0.97 };
  return {
    verdict,
    goals: [
      judge('throughput with the plugin, of a bare app in the same process', kept(OURS, SHARED), goal),
      judge('throughput with the plugin, of a bare app in another process', kept(OURS), goal),
      judge('requests per CPU second with the plugin, of a bare app in the same process', saved(SHARED), goal),
      judge('requests per CPU second with the plugin, of a bare app in another process', saved(OWN), goal),
    ],
  };
}

export const request: Scenario = {
  name: 'request',
  title: 'One counter and one histogram per request of a small handler',
  axis: 'process',
  baseline: BARE,
  figures,
  run,
  conclude,
};
