/**
 * A service of a scenario while it takes its turns: started where the pinning says, fired at with a fixed number of
 * requests, and held against every answer that it has given since it started, warm-up included.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fired, fire, type LoadRequest } from './generator.js';
import { modeOf } from './mode.js';
import type { Resting } from './rest.js';
import type { RunContext } from './scenarios/scenario.js';
import { ServiceProcess } from './service-process.js';

/** One turn. */
export interface Turn extends Fired {
  /** CPU time of the service per request in microseconds; `undefined` where the kernel does not tell. */
  cpuMicroseconds: number | undefined;
}

/** What a service must have counted. */
export interface Expectation {
  what: string;
  expected: number;
  promised: boolean;
  /** Reads what it did count. */
  read(): Promise<number>;
}

/** What is counted after the last byte of an answer was sent is still allowed this much time to be counted. */
const SETTLE_MILLISECONDS = 2_000;
const SETTLE_STEP_MILLISECONDS = 20;

/** A service under load. */
export class LoadedService implements Resting {
  readonly name: string;
  readonly #context: RunContext;
  readonly #service: ServiceProcess;

  private constructor(name: string, context: RunContext, service: ServiceProcess) {
    this.name = name;
    this.#context = context;
    this.#service = service;
  }

  /** @param nodeArguments - Script and arguments; see {@link ServiceProcess.start}. */
  static async start(context: RunContext, name: string, nodeArguments: readonly string[]): Promise<LoadedService> {
    context.signal.throwIfAborted();
    return new LoadedService(name, context, await ServiceProcess.start(context.pinning, nodeArguments));
  }

  get pid(): number {
    return this.#service.pid;
  }

  get origin(): string {
    return this.#service.origin;
  }

  /** CPU time of the service so far, with that of its workers. */
  cpuSeconds(): number | undefined {
    return this.#service.cpuSeconds();
  }

  /** @param origin - Where the requests go, of a service that listens on several ports. */
  async fire(request: LoadRequest, amount: number, connections: number, origin = this.origin): Promise<Turn> {
    const { signal, recorder } = this.#context;
    const before = this.cpuSeconds();
    const fired = await fire({ origin, request, connections, amount, signal });
    const after = this.cpuSeconds();
    recorder.lost(this.name, fired.refused + fired.failed);
    const cpu = before === undefined || after === undefined ? undefined : after - before;
    return { ...fired, cpuMicroseconds: cpu && (cpu / fired.answered) * 1e6 };
  }

  /** Holds what was counted against what had to be, once what is still under way has had its time. */
  async expect(point: string, { what, expected, promised, read }: Expectation): Promise<void> {
    const until = performance.now() + SETTLE_MILLISECONDS;
    let counted = await read();
    while (counted !== expected && performance.now() < until) {
      await sleep(SETTLE_STEP_MILLISECONDS);
      counted = await read();
    }
    this.#context.recorder.count({ contender: this.name, point, what, expected, counted, promised });
  }

  /**
   * What the service answers to a GET, as text.
   *
   * @throws Error where that is no success, with the end of the service if it has ended
   */
  async get(path: string): Promise<string> {
    try {
      const response = await fetch(this.origin + path);
      if (!response.ok) throw new Error(`${this.origin}${path} answered ${response.status}`);
      return await response.text();
    } catch (error) {
      throw await this.#service.explain(error);
    }
  }

  /** Records how the writers of its store are at work. */
  recordMode(storePath: string): void {
    recordMode(this.#context, this.name, storePath);
  }

  async stop(): Promise<void> {
    await this.#service.stop();
  }
}

/** Records how the processes that are attached to a store are at work; all of a contender are in one mode. */
export function recordMode({ recorder }: Pick<RunContext, 'recorder'>, contender: string, storePath: string): void {
  const mode = modeOf(storePath);
  if (mode !== undefined) recorder.mode(contender, mode);
}

/** Starts services one after another, works with them, and stops all that were started, whatever failed. */
export async function withServices<T extends { readonly service: LoadedService }>(
  starts: readonly (() => Promise<T>)[],
  work: (entrants: readonly T[]) => Promise<void>,
): Promise<void> {
  const entrants: T[] = [];
  try {
    for (const start of starts) entrants.push(await start());
    await work(entrants);
  } finally {
    await Promise.all(entrants.map(({ service }) => service.stop()));
  }
}
