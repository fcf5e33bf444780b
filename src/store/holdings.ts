/**
 * What a thread holds of series, by their ids. Ids and cells of a removed series are another one's later on, but not
 * before this thread has moved on; it looks once a second, and whenever it binds or removes a series. Once a second it
 * also takes the series of processes away that have gone.
 *
 * Invariant: whatever keeps an id, a cell or an index of a series is in here for as long as it does.
 */
import type { NativeStore } from '../binding.js';

/** Something that keeps an id, a cell or an index of a series. */
export interface Holder {
  /** The series was removed: nothing that is kept of it may be used any more. Never throws, and binds nothing. */
  letGo(): void;
}

/** Whether an error says that the series was removed. */
export function isRemoved(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_PCM_REMOVED';
}

const LOOK_MILLISECONDS = 1000;

/** All that one thread holds of a store. */
export class Holdings {
  readonly #native: NativeStore;
  readonly #holders = new Map<number, Holder | Holder[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(native: NativeStore) {
    this.#native = native;
  }

  /** Notes that something is kept of a series. */
  add(series: number, holder: Holder): void {
    this.#timer ??= this.#startTimer();
    const others = this.#holders.get(series);
    if (others === undefined) this.#holders.set(series, holder);
    else if (Array.isArray(others)) others.push(holder);
    else this.#holders.set(series, [others, holder]);
  }

  /** Lets go of what was removed, and moves on. */
  follow(): void {
    const removed = this.#native.look();
    if (removed === undefined) return;
    for (const series of removed === true ? [...this.#holders.keys()] : removed) this.#letGo(series);
    this.#native.moveOn();
  }

  /** The store is closed: nothing of it does anything any more. */
  end(): void {
    clearInterval(this.#timer);
    this.#holders.clear();
  }

  #letGo(series: number): void {
    const holders = this.#holders.get(series);
    if (holders === undefined) return;
    this.#holders.delete(series);
    if (!Array.isArray(holders)) holders.letGo();
    else for (const holder of holders) holder.letGo();
  }

  #lookAround(): void {
    this.#native.removeOrphans();
    this.follow();
  }

  /** Keeps neither the process nor a store that nobody has any more. */
  #startTimer(): NodeJS.Timeout {
    const reference = new WeakRef(this);
    const timer = setInterval(() => {
      const holdings = reference.deref();
      if (holdings === undefined) clearInterval(timer);
      else holdings.#lookAround();
    }, LOOK_MILLISECONDS);
    return timer.unref();
  }
}
