/**
 * Runs a scenario: all its services are up at once, and they take turns (A B C A B C ...), one at a time under load.
 * Whatever disturbs the machine for longer than a round then disturbs all of them, and round i of one can be compared
 * with round i of another. After each turn the counters of the service are held against the answers it has given
 * since it started, warm-up included.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore, type ProcessInfo } from 'percpu-metrics';
import { sumSamples } from './exposition.js';
import { type Fired, fire } from './generator.js';
import type { Pinning } from './pinning.js';
import { Progress } from './progress.js';
import type { Contender, CounterCheck, Effort, Scenario } from './scenarios/scenario.js';
import { ServiceProcess } from './service-process.js';
import { summarize } from './statistics.js';

/** What a service counted, against what it had to. */
export interface Count extends CounterCheck {
  expected: number;
  counted: number;
}

/** One turn of one contender. */
export interface Turn extends Fired {
  /** CPU time that the service spent on it, in seconds; `null` where the kernel does not tell. */
  cpuSeconds: number | null;
  counts: Count[];
}

/** How the writing process of a store was at work. */
export type Mode = Pick<ProcessInfo, 'backend' | 'registration' | 'aborts' | 'fallbacks'>;

/** Everything that was measured of one contender. */
export interface ContenderResult {
  name: string;
  /** `null` for a contender without a store of ours. */
  mode: Mode | null;
  rounds: Turn[];
}

/** What a run of scenarios has in common. */
export interface RunContext {
  pinning: Pinning;
  /** A directory for stores, removed after the run. */
  directory: string;
  signal: AbortSignal;
}

/** Compilers look at how often code ran; a slow machine may stop before they are through. */
const WARM_UP_REQUESTS = 20_000;
const WARM_UP_PART = 2_000;
const WARM_UP_SECONDS = 4;
const LEAST_REQUESTS = 1_000;
/** What is counted after the last byte of an answer was sent is still allowed this much time to be counted. */
const SETTLE_MILLISECONDS = 1_000;
const SETTLE_STEP_MILLISECONDS = 20;

interface Entrant {
  contender: Contender;
  storePath: string;
  service: ServiceProcess;
  answered: number;
  rounds: Turn[];
}

/** @throws Error when a service fails, or the signal's reason; all services are ended either way */
export async function alternate(scenario: Scenario, effort: Effort, context: RunContext): Promise<ContenderResult[]> {
  const entrants: Entrant[] = [];
  try {
    for (const contender of scenario.contenders) entrants.push(await enter(scenario, contender, context));
    const rates: number[] = [];
    for (const entrant of entrants) rates.push(await warmUp(scenario, entrant, context));
    const amount = Math.max(LEAST_REQUESTS, Math.round(summarize(rates).median * effort.roundSeconds));
    const progress = new Progress(scenario.name, amount * effort.rounds * entrants.length);
    for (let round = 1; round <= effort.rounds; round += 1) {
      for (const entrant of entrants) {
        const activity = `round ${round}/${effort.rounds} ${entrant.contender.name}`;
        const onAnswers = (answers: number): void => progress.advance(answers, activity);
        entrant.rounds.push(await takeTurn(scenario, entrant, amount, context.signal, onAnswers));
      }
    }
    progress.finish();
    return entrants.map(({ contender, storePath, rounds }) => ({
      name: contender.name,
      mode: contender.hasStore ? modeOf(storePath) : null,
      rounds,
    }));
  } finally {
    await Promise.all(entrants.map(({ service }) => service.stop()));
  }
}

async function enter(scenario: Scenario, contender: Contender, context: RunContext): Promise<Entrant> {
  context.signal.throwIfAborted();
  const storePath = `${context.directory}/${scenario.name}-${contender.name}`;
  const service = await ServiceProcess.start(context.pinning, contender.command(storePath));
  return { contender, storePath, service, answered: 0, rounds: [] };
}

/** Gives the requests per second of the last part, when the service has been compiled and its caches are warm. */
async function warmUp(scenario: Scenario, entrant: Entrant, context: RunContext): Promise<number> {
  const until = performance.now() + WARM_UP_SECONDS * 1000;
  let turn: Turn;
  do turn = await takeTurn(scenario, entrant, WARM_UP_PART, context.signal, () => {});
  while (entrant.answered < WARM_UP_REQUESTS && performance.now() < until);
  return turn.requestsPerSecond;
}

async function takeTurn(
  scenario: Scenario,
  entrant: Entrant,
  amount: number,
  signal: AbortSignal,
  onAnswers: (answers: number) => void,
): Promise<Turn> {
  const { service, contender } = entrant;
  const { request, connections } = scenario;
  const before = service.cpuSeconds();
  const fired = await fire({ origin: service.origin, request, connections, amount, signal, onAnswers });
  const after = service.cpuSeconds();
  entrant.answered += fired.answered;
  return {
    ...fired,
    cpuSeconds: before === undefined || after === undefined ? null : after - before,
    counts: await countsOf(service.origin, contender.checks, entrant.answered),
  };
}

async function countsOf(origin: string, checks: readonly CounterCheck[], expected: number): Promise<Count[]> {
  if (checks.length === 0) return [];
  const until = performance.now() + SETTLE_MILLISECONDS;
  for (;;) {
    const response = await fetch(`${origin}/metrics`);
    if (!response.ok) throw new Error(`${origin}/metrics answered ${response.status}.`);
    const text = await response.text();
    const counts = checks.map((check) => ({
      ...check,
      expected,
      counted: sumSamples(text, check.metric, check.labels),
    }));
    if (counts.every(({ counted }) => counted === expected) || performance.now() > until) return counts;
    await sleep(SETTLE_STEP_MILLISECONDS);
  }
}

function modeOf(path: string): Mode | null {
  using store = openStore({ path, readOnly: true });
  const writer = store.processes.find(({ alive }) => alive);
  if (writer === undefined) return null;
  const { backend, registration, aborts, fallbacks } = writer;
  return { backend, registration, aborts, fallbacks };
}
