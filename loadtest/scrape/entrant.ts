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
/** Beside the scrape, where there is load; each worker of a cluster has a connection at least. */
export const LOAD = { connections: 4, amount: 500 };

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

  /** @throws Error where the scrape failed */
  async scrape({ keep = false } = {}): Promise<Scrape> {
    return await this.#scraper.scrape({ keep });
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

  /** Keeps the service busy until the work is done. */
  async #underLoad<T>(work: () => Promise<T>): Promise<T> {
    let done = false;
    const load = async (): Promise<void> => {
      while (!done) await this.#load();
    };
    const loading = load();
    // What it fails with is heard below, once the work has ended.
    loading.catch(() => {});
    try {
      return await work();
    } finally {
      done = true;
      await loading;
    }
  }

  async #load(): Promise<void> {
    const before = this.#answered;
    this.#answered = undefined;
    const request = { method: 'GET', path: '/work' } as const;
    const { signal } = this.#context;
    const share = (all: number): number => Math.ceil(all / this.#origins.length);
    const connections = share(Math.max(LOAD.connections, this.#size.workers));
    const load = { request, connections, amount: share(LOAD.amount), signal };
    const fired = await Promise.all(this.#origins.map((origin) => fire({ ...load, origin })));
    const lost = fired.reduce((sum, { refused, failed }) => sum + refused + failed, 0);
    if (lost > 0) throw new Error(`${lost} requests beside a scrape were refused or not answered`);
    const answered = fired.reduce((sum, one) => sum + one.answered, 0);
    this.#answered = before === undefined ? undefined : before + answered;
  }

  async stop(): Promise<void> {
    this.#scraper.close();
    await this.service.stop();
  }
}
