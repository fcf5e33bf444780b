/**
 * Holders by the series that they hold: a hash table of nothing but the holders, as each knows its series itself. There
 * may be very many of them, and a map takes three to four times the memory.
 *
 * Invariant: a holder is found from the slot of its series on, before the next empty slot; what it holds does not change
 * while it is in here.
 */

/** Something that holds a series. */
export interface SeriesHolder {
  /** Its id. */
  readonly heldSeries: number;
}

const LEAST_SLOTS = 16;
/** More of the slots than this are never taken. */
const MOST_TAKEN = 0.8;
/** 2^32 divided by the golden ratio: ids that follow each other are spread evenly. */
const SPREAD = 0x9e3779b1;

const emptySlots = <Holder>(count: number): (Holder | undefined)[] => new Array(count).fill(undefined);

/** Holders; there may be several of one series. */
export class HolderTable<Holder extends SeriesHolder> {
  #slots = emptySlots<Holder>(LEAST_SLOTS);
  #count = 0;

  add(holder: Holder): void {
    if (this.#count + 1 > this.#slots.length * MOST_TAKEN) this.#grow();
    this.#put(holder);
    this.#count += 1;
  }

  /** Takes out and gives all that hold a series. */
  take(series: number): Holder[] {
    const taken: Holder[] = [];
    const others: Holder[] = [];
    // All up to the next empty slot are taken out, as each of them may be there because its own slot was taken.
    let slot = this.#slotOf(series);
    for (let holder = this.#slots[slot]; holder !== undefined; holder = this.#slots[slot]) {
      this.#slots[slot] = undefined;
      if (holder.heldSeries === series) taken.push(holder);
      else others.push(holder);
      slot = this.#next(slot);
    }
    for (const other of others) this.#put(other);
    this.#count -= taken.length;
    return taken;
  }

  /** Takes out and gives all. */
  takeAll(): Holder[] {
    const all = this.#slots.filter((holder) => holder !== undefined);
    this.#slots = emptySlots(LEAST_SLOTS);
    this.#count = 0;
    return all;
  }

  #slotOf(series: number): number {
    // The number of slots is a power of two. The upper bits are the ones that are spread.
    return Math.imul(series, SPREAD) >>> (Math.clz32(this.#slots.length) + 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  #put(holder: Holder): void {
    let slot = this.#slotOf(holder.heldSeries);
    while (this.#slots[slot] !== undefined) slot = this.#next(slot);
    this.#slots[slot] = holder;
  }

  #grow(): void {
    const former = this.#slots;
    this.#slots = emptySlots(former.length * 2);
    for (const holder of former) if (holder !== undefined) this.#put(holder);
  }
}
