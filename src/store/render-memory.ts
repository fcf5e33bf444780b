/**
 * The memory of renders. A large store fills megabytes; memory that is new for every scrape costs a page fault for every
 * 4 kB of it, and as much work of the garbage collector. So whoever is done with a render gives its memory back, and the
 * next one is made in it.
 *
 * Invariant: memory is either lent to one render or spare, and no more than {@link MOST_SPARE} are kept spare, the
 * largest ones.
 */

/**
 * A scraper that asks again at once is heard before its last answer is known to have left, so that two renders are in
 * use at a time. With one spare every other scrape would be made in new memory, and V8 collects all of its garbage when
 * enough of that has come together, which takes longer than anything else about a scrape.
 */
const MOST_SPARE = 2;

/** A render in memory that is used again. */
export interface TransientBytes {
  readonly bytes: Buffer;
  /** Says that nobody reads the bytes any more, and never will: later renders write there. Twice does no harm. */
  release(): void;
}

/** The memory of a store's renders. */
export class RenderMemory {
  /** The largest first. */
  #spare: ArrayBuffer[] = [];

  /** Memory for a render, if there is any; to be given back with {@link put} or {@link lend}. */
  take(): ArrayBuffer | undefined {
    return this.#spare.shift();
  }

  /** Keeps it if it is among the largest. */
  put(memory: ArrayBuffer | undefined): void {
    if (memory === undefined) return;
    this.#spare.push(memory);
    this.#spare.sort((one, other) => other.byteLength - one.byteLength).splice(MOST_SPARE);
  }

  /** Lends what was rendered. */
  lend({ buffer, byteLength }: Uint8Array<ArrayBuffer>): TransientBytes {
    let lent: ArrayBuffer | undefined = buffer;
    const release = (): void => {
      this.put(lent);
      lent = undefined;
    };
    return { bytes: Buffer.from(buffer, 0, byteLength), release };
  }
}
