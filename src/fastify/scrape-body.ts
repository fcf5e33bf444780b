/**
 * The body of a scrape: a list of pieces, so that nothing large is copied to put it together, in memory that the store
 * uses again when all who share the body are through with it.
 */

/** One body, shared by all who asked for it at the same time. */
export class ScrapeBody {
  readonly pieces: readonly Buffer[];
  readonly #release: () => void;
  #holders = 0;

  /** @param release - Called once nobody holds the body any more. */
  constructor(pieces: readonly Buffer[], release: () => void = () => {}) {
    this.pieces = pieces;
    this.#release = release;
  }

  /** This one with something behind it. */
  with(pieces: readonly Buffer[]): ScrapeBody {
    return new ScrapeBody([...this.pieces, ...pieces], this.#release);
  }

  get size(): number {
    return this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Says that the pieces are still to be read. To be called as soon as one has the body. */
  hold(): void {
    this.#holders += 1;
  }

  /** Says that they will not be read any more by one who held the body. */
  letGo(): void {
    // Not at once: others may have waited for the same body and come to hold it in this turn of the event loop.
    setImmediate(() => {
      this.#holders -= 1;
      if (this.#holders === 0) this.#release();
    });
  }
}
