/** A contender of the scrape scenario while it runs: its service, and what a turn measures of it. */
import { join } from 'node:path';
import { fire } from '../generator.js';
import { LoadedService } from '../loaded-service.js';
import { beforeTurn } from '../rest.js';
import { packageRoot } from '../results.js';
import { type RunContext, unpinned } from '../scenarios/scenario.js';
import { type Scrape, Scraper } from '../scraper.js';
import type { Delays } from '../services/event-loop-delay.js';
import { LIBRARIES } from '../services/series.js';
import { SUCCESSOR } from '../successor.js';
import type { Size } from './size.js';

const [OURS] = LIBRARIES;
/** The successor's registry over worker threads instead of over a cluster. */
export const THREADS = `${SUCCESSOR}, worker threads`;
/** How long scrapes follow each other for the percentile of the delay. */
const TAIL_MILLISECONDS = { quick: 100, full: 500 };
/**
 * Beside the scrape, where there is load; each worker of a cluster has a connection at least. The requests come in bursts of
 * a number, so that all are answered, from two generators at least: between two bursts of one of them the other one goes on.
 */
export const LOAD = { connections: 4, burst: 500, generators: 2 };
/** Between two bursts of a generator, at most. */
const PAUSE_MILLISECONDS = 2;

const OF_EACH = ['latency', 'rate', 'delay', 'render'] as const;
const OF_IDLE = [...OF_EACH, 'tail', 'allocated'] as const;
const OF_CLUSTERS = ['cluster', 'cluster-rate', 'cluster-delay'] as const;

/** The figures that a turn has. */
export function figuresOf({ workers, loaded }: Size): readonly string[] {
  if (workers > 0) return OF_CLUSTERS;
  return loaded ? OF_EACH : OF_IDLE;
}

/** A contender that runs. */
export class Entrant {
  readonly service: LoadedService;
  readonly #context: RunContext;
  readonly #size: Size;
  readonly #scraper: Scraper;
  /** Where requests are answered: by the service, or by its workers. */
  readonly #origins: readonly string[];
  /** Requests that were answered beside its scrapes; not known where one of them was not. */
  #answered: number | undefined = 0;
  #scrapedMilliseconds = 0;

  private constructor(context: RunContext, size: Size, service: LoadedService, origins: readonly string[]) {
    this.#context = context;
    this.#size = size;
    this.service = service;
    this.#origins = origins;
    this.#scraper = new Scraper(service.origin);
  }

  /** Starts a contender where it belongs. */
  static async start(context: RunContext, name: string, size: Size): Promise<Entrant> {
    const { counters, histograms, workers, lanes } = size;
    const ofCluster = name === THREADS ? 'threads-service.js' : 'cluster-service.js';
    const script = join(packageRoot, 'out', 'loadtest', 'services', workers > 0 ? ofCluster : 'scrape-service.js');
    const path = `${context.directory}/scrape-${size.point.replaceAll(/\W/g, '-')}`;
    const options = {
      ...{ '--library': name, '--counters': counters, '--histograms': histograms, '--store': path },
      ...(workers > 0 ? { '--workers': workers } : {}),
      ...(lanes === undefined ? {} : { '--lanes': lanes }),
    };
    const start = (place: RunContext): Promise<LoadedService> =>
      LoadedService.start(place, name, [script, ...Object.entries(options).flat().map(String)]);
    // One CPU for all workers would be no cluster: they have all of them, and who scrapes waits meanwhile.
    const service = await (workers > 0 ? unpinned(context, start) : start(context));
    if (name === OURS) service.recordMode(path);
    const origins = workers > 0 ? (JSON.parse(await service.get('/workers')) as string[]) : [service.origin];
    return new Entrant(context, size, service, origins);
  }

  /**
   * What all its series have to hold together: each process that has them has touched each of them once, and each request
   * beside a scrape one of them. `undefined` where a request was not answered as it should be, which may have counted.
   */
  get expected(): number | undefined {
    const { counters, histograms, workers } = this.#size;
    return this.#answered === undefined ? undefined : (counters + histograms) * Math.max(1, workers) + this.#answered;
  }

  /** What all of its scrapes have taken so far. */
  get scrapedMilliseconds(): number {
    return this.#scrapedMilliseconds;
  }

  /** @throws Error where the scrape failed */
  async scrape({ keep = false } = {}): Promise<Scrape> {
    const scraped = await this.#scraper.scrape({ keep });
    this.#scrapedMilliseconds += scraped.milliseconds;
    return scraped;
  }

  /**
   * What {@link figuresOf} names, all of it.
   *
   * @throws Error where any of it could not be had
   */
  async turn(): Promise<Record<string, number>> {
    return await (this.#size.loaded ? this.#underLoad(() => this.#measure()) : this.#measure());
  }

  async #measure(): Promise<Record<string, number>> {
    const { result, delays } = await this.#delayedBy(() => this.scrape());
    const { milliseconds, bytes } = result;
    const rate = bytes / milliseconds / 1000;
    const delay = delays.longest;
    if (this.#size.workers > 0) return { cluster: milliseconds, 'cluster-rate': rate, 'cluster-delay': delay };
    // Else the text would be made while what the scrape has left behind is collected. Under load there is no rest.
    if (!this.#size.loaded) await beforeTurn(this.#context, [this.service]);
    const render = Number(await this.service.get('/render'));
    const measured = { latency: milliseconds, rate, delay, render };
    if (this.#size.loaded) return measured;
    const tail = await this.#tail();
    return { ...measured, tail, allocated: Number(await this.service.get('/allocation')) / 1000 };
  }

  /** Those of the event loop while some work is done, with what came of it. */
  async #delayedBy<T>(work: () => Promise<T>): Promise<{ delays: Delays; result: T }> {
    await this.service.get('/delay/begin');
    const result = await work();
    return { result, delays: JSON.parse(await this.service.get('/delay')) as Delays };
  }

  /** The event loop's delay at its 99th percentile while one scrape follows the other, at least one. */
  async #tail(): Promise<number> {
    const { delays } = await this.#delayedBy(async () => {
      const until = performance.now() + (this.#context.quick ? TAIL_MILLISECONDS.quick : TAIL_MILLISECONDS.full);
      do await this.scrape();
      while (performance.now() < until);
    });
    return delays.p99;
  }

  /** Keeps the service busy from before the work begins until it is done. */
  async #underLoad<T>(work: () => Promise<T>): Promise<T> {
    let done = false;
    const loads = this.#generators().map((fireOnce) => {
      const busy = fireOnce();
      const load = async (): Promise<void> => {
        await busy;
        while (!done) await fireOnce();
      };
      return { busy, ended: load() };
    });
    // What they fail with is heard below, once all have ended.
    const ended = Promise.allSettled(loads.map((load) => load.ended));
    await Promise.allSettled(loads.map(({ busy }) => busy));
    try {
      return await work();
    } finally {
      done = true;
      await ended;
      await Promise.all(loads.map((load) => load.ended));
    }
  }

  /** Each of them fires one burst when it is called. */
  #generators(): (() => Promise<void>)[] {
    const count = Math.max(LOAD.generators, this.#origins.length);
    const connections = Math.ceil(Math.max(LOAD.connections, this.#size.workers) / count);
    return Array.from({ length: count }, (_, index) => {
      const origin = this.#origins[index % this.#origins.length] as string;
      return () => this.#burst(origin, connections, Math.ceil((LOAD.burst * connections) / LOAD.connections));
    });
  }

  async #burst(origin: string, connections: number, amount: number): Promise<void> {
    const request = { method: 'GET', path: '/work' } as const;
    const { signal } = this.#context;
    try {
      const load = { origin, request, connections, amount, sampling: PAUSE_MILLISECONDS, signal };
      const { answered, refused, failed } = await fire(load);
      if (refused + failed > 0)
        throw new Error(`${refused + failed} requests beside a scrape were refused or not answered`);
      if (this.#answered !== undefined) this.#answered += answered;
    } catch (error) {
      this.#answered = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#scraper.close();
    await this.service.stop();
  }
}
