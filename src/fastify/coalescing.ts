/**
 * Work that many want at the same time, done once for all of them.
 *
 * Invariant: who asks gets a result of work that began after they asked, so that it holds whatever had happened before.
 * While one is under way, all who come wait for the next one together.
 */
export class Coalescing<Result> {
  readonly #running = new Map<string, Promise<Result>>();
  readonly #waiting = new Map<string, Promise<Result>>();

  /** @param key - What the work is; the same work has the same key. */
  run(key: string, work: () => Promise<Result>): Promise<Result> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    const running = this.#running.get(key);
    if (running === undefined) return this.#start(key, work);
    const start = (): Promise<Result> => {
      this.#waiting.delete(key);
      return this.#start(key, work);
    };
    const next = running.then(start, start);
    this.#waiting.set(key, next);
    return next;
  }

  #start(key: string, work: () => Promise<Result>): Promise<Result> {
    const running = work().finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }
}
