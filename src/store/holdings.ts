/**
 * What a thread holds of series, by their ids. Ids and cells of a removed series are another one's later on, but not
 * before this thread has moved on; it looks once a second, and whenever it binds or removes a series. Once a second it
 * also takes the series of processes away that have gone.
 *
 * Invariant: whatever keeps an id, a cell or an index of a series is in here for as long as it does.
 */
import type { NativeStore } from '../binding.js';
import { HolderTable, type SeriesHolder } from './holder-table.js';

/** Something that keeps an id, a cell or an index of a series. */
export interface Holder extends SeriesHolder {
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
  readonly #holders = new HolderTable<Holder>();
  #timer: NodeJS.Timeout | undefined;

  constructor(native: NativeStore) {
    this.#native = native;
  }

  /** Notes that something is kept of the series that a holder holds from now on. */
  add(holder: Holder): void {
    this.#timer ??= this.#startTimer();
    this.#holders.add(holder);
  }

  /** Lets go of what was removed, and moves on. */
  follow(): void {
    const removed = this.#native.look();
    if (removed === undefined) return;
    if (removed === true) for (const holder of this.#holders.takeAll()) holder.letGo();
    else for (const series of removed) for (const holder of this.#holders.take(series)) holder.letGo();
    this.#native.moveOn();
  }

  /** The store is closed: nothing of it does anything any more. */
  end(): void {
    clearInterval(this.#timer);
    this.#holders.takeAll();
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
