/** Progress of something that consists of steps of the same kind, whose pace says how long the rest will take. */
import { ProgressBar, type ProgressStream } from './progress-bar.js';

/** Shows how far a piece of work of known size has come. */
export class Progress {
  readonly #title: string;
  readonly #total: number;
  readonly #bar: ProgressBar;
  readonly #now: () => number;
  /** The first report: what lay before it was preparation, which says nothing about the pace. */
  #first: { at: number; done: number } | undefined;
  #done = 0;

  /**
   * @param total - size of the work, in the unit of {@link advance}
   * @param now - a clock in milliseconds
   */
  constructor(title: string, total: number, stream?: ProgressStream, now = () => performance.now()) {
    this.#title = title;
    this.#total = total;
    this.#bar = new ProgressBar(stream, now);
    this.#now = now;
  }

  /** Reports that an amount of work was done, and what is being worked on. */
  advance(amount: number, activity: string): void {
    this.#done = Math.min(this.#total, this.#done + amount);
    this.#first ??= { at: this.#now(), done: this.#done };
    this.#bar.show({
      title: this.#title,
      done: this.#done / this.#total,
      secondsLeft: this.#secondsLeft(this.#first),
      activity,
    });
  }

  /** Ends the bar, so that what is printed next begins on a line of its own. */
  finish(): void {
    this.#bar.clear();
  }

  #secondsLeft(first: { at: number; done: number }): number | undefined {
    if (first.done === this.#done) return undefined;
    const pace = (this.#now() - first.at) / (this.#done - first.done);
    return (pace * (this.#total - this.#done)) / 1000;
  }
}
