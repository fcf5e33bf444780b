/**
 * Progress of something long: a bar that redraws itself on a terminal, and a line for every tenth elsewhere, so that a
 * log stays short. It writes to standard error by default, which leaves standard output to the results.
 */

/** What progress is written to; `process.stderr` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

const BAR_CELLS = 24;
const REDRAW_MILLISECONDS = 100;

/** Shows how far a piece of work of known size has come. */
export class Progress {
  readonly #title: string;
  readonly #total: number;
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  /** The first report: what lay before it was preparation, which says nothing about the pace. */
  #first: { at: number; done: number } | undefined;
  #done = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #tenths = 0;

  /**
   * @param total - size of the work, in the unit of {@link advance}
   * @param now - a clock in milliseconds
   */
  constructor(title: string, total: number, stream: ProgressStream = process.stderr, now = () => performance.now()) {
    this.#title = title;
    this.#total = total;
    this.#stream = stream;
    this.#now = now;
  }

  /** Reports that an amount of work was done, and what is being worked on. */
  advance(amount: number, activity: string): void {
    this.#done = Math.min(this.#total, this.#done + amount);
    this.#first ??= { at: this.#now(), done: this.#done };
    if (this.#stream.isTTY) this.#drawBar(activity);
    else this.#printTenth(activity);
  }

  /** Ends the bar, so that what is printed next begins on a line of its own. */
  finish(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }

  #drawBar(activity: string): void {
    const now = this.#now();
    if (now - this.#drawnAt < REDRAW_MILLISECONDS && this.#done < this.#total) return;
    this.#drawnAt = now;
    const filled = Math.floor((this.#done / this.#total) * BAR_CELLS);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
    const text = `${this.#title} ${bar} ${this.#percent()} ${this.#timeLeft()} ${activity}`;
    this.#stream.write(`\r\x1b[K${text.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  #printTenth(activity: string): void {
    const tenths = Math.floor((this.#done / this.#total) * 10);
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    this.#stream.write(`${this.#title} ${this.#percent()} ${this.#timeLeft()} ${activity}\n`);
  }

  #percent(): string {
    return `${Math.floor((this.#done / this.#total) * 100)} %`.padStart(5);
  }

  #timeLeft(): string {
    if (this.#first === undefined || this.#first.done === this.#done) return '';
    const pace = (this.#now() - this.#first.at) / (this.#done - this.#first.done);
    return `${Math.ceil((pace * (this.#total - this.#done)) / 1000)} s left`;
  }
}
