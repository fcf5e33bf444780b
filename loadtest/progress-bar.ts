/**
 * A bar that shows how far something long has come: it redraws itself on a terminal, and is a line for every tenth
 * elsewhere, so that a log stays short. It writes to standard error by default, which leaves standard output to the results.
 */

/** What progress is written to; `process.stderr` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** What a bar shows. */
export interface Shown {
  title: string;
  /** From 0 to 1. */
  done: number;
  secondsLeft: number | undefined;
  activity: string;
}

const BAR_CELLS = 24;
const REDRAW_MILLISECONDS = 100;
/** Longer times are told in minutes: their seconds are not known. */
const MOST_SECONDS = 120;

/** Draws. */
export class ProgressBar {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #tenths = 0;

  /** @param now - a clock in milliseconds */
  constructor(stream: ProgressStream = process.stderr, now = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  show(shown: Shown): void {
    if (this.#stream.isTTY) this.#drawBar(shown);
    else this.#printTenth(shown);
  }

  /** Clears the bar, so that what is printed next begins on a line of its own. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  #drawBar({ title, done, secondsLeft, activity }: Shown): void {
    const now = this.#now();
    if (now - this.#drawnAt < REDRAW_MILLISECONDS && done < 1) return;
    this.#drawnAt = now;
    const filled = Math.floor(done * BAR_CELLS);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
    const text = `${title} ${bar} ${percent(done)} ${timeLeft(secondsLeft)} ${activity}`;
    this.#stream.write(`\r\x1b[K${text.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  #printTenth({ title, done, secondsLeft, activity }: Shown): void {
    const tenths = Math.floor(done * 10);
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    this.#stream.write(`${title} ${percent(done)} ${timeLeft(secondsLeft)} ${activity}\n`);
  }
}

function percent(done: number): string {
  return `${Math.floor(done * 100)} %`.padStart(5);
}

function timeLeft(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  return seconds > MOST_SECONDS ? `${Math.ceil(seconds / 60)} min left` : `${Math.ceil(seconds)} s left`;
}
