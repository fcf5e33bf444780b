/**
 * The memory of renders. A large store fills megabytes; memory that is new for every scrape costs a page fault for every
 * 4 kB of it, and as much work of the garbage collector. So whoever is done with a render gives its memory back, and the
 * next one is made in it.
 *
 * Invariant: memory is either lent to one render or spare, and no more than one is kept spare.
 */

/** A render in memory that is used again. */
export interface TransientBytes {
  readonly bytes: Buffer;
  /** Says that nobody reads the bytes any more, and never will: later renders write there. Twice does no harm. */
  release(): void;
}

/** The memory of a store's renders. */
export class RenderMemory {
  #spare: ArrayBuffer | undefined;

  /** Memory for a render, if there is any; to be given back with {@link put} or {@link lend}. */
  take(): ArrayBuffer | undefined {
    const memory = this.#spare;
    this.#spare = undefined;
    return memory;
  }

  /** Keeps it if it is the largest. */
  put(memory: ArrayBuffer | undefined): void {
    if (memory !== undefined && memory.byteLength > (this.#spare?.byteLength ?? 0)) this.#spare = memory;
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
