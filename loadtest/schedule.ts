/**
 * How long a run of the load test will take: the scenarios are so different that the pace of the first says little of
 * the rest, so each comes with a duration that was once measured, and what came true of it corrects the rest.
 */

/** Seconds of each scenario on a virtual machine with 2 CPUs and Node.js 24. */
const DURATIONS: Readonly<Record<string, { quick: number; full: number }>> = {
  request: { quick: 12, full: 262 },
  dense: { quick: 13, full: 265 },
  contention: { quick: 17, full: 125 },
  scrape: { quick: 16, full: 730 },
  series: { quick: 6, full: 85 },
  memory: { quick: 3, full: 35 },
  recovery: { quick: 11, full: 168 },
  lanes: { quick: 1, full: 2 },
};
/** Of a scenario that is not among them. */
const UNKNOWN = { quick: 15, full: 120 };
/** Part of the whole run for which the durations are believed more than the machine. */
const BELIEF = 0.05;

/** Times what is done and tells what is left. */
export class Schedule {
  readonly #durations: readonly number[];
  readonly #now: () => number;
  /** Of all scenarios that have ended. */
  #expected = 0;
  #took = 0;
  #current = -1;
  #began = 0;

  /**
   * @param scenarios - names, in the order in which they run
   * @param now - a clock in milliseconds
   */
  constructor(scenarios: readonly string[], quick: boolean, now = () => performance.now()) {
    this.#durations = scenarios.map((name) => (DURATIONS[name] ?? UNKNOWN)[quick ? 'quick' : 'full']);
    this.#now = now;
  }

  /** The next scenario begins, and the one before has ended. */
  next(): void {
    const now = this.#now();
    if (this.#current >= 0) {
      this.#expected += this.#durations[this.#current] ?? 0;
      this.#took += (now - this.#began) / 1000;
    }
    this.#current += 1;
    this.#began = now;
  }

  /**
   * What is left of the whole run.
   *
   * @param done - part of the steps of the scenario that runs, from 0 to 1
   * @returns the part of the time that is over, from 0 to 1, and the seconds that are left
   */
  estimate(done: number): { done: number; secondsLeft: number } {
    const elapsed = (this.#now() - this.#began) / 1000;
    const belief = BELIEF * this.#sum(0);
    const pace = (this.#took + belief) / (this.#expected + belief);
    const planned = Math.max(0, (this.#durations[this.#current] ?? 0) * pace - elapsed);
    // Steps differ, and some preparation comes before the first: they say more the more of them there were.
    const own = (1 - done) * planned + elapsed * (1 - done);
    const secondsLeft = own + this.#sum(this.#current + 1) * pace;
    const over = this.#took + elapsed;
    return { done: over + secondsLeft > 0 ? over / (over + secondsLeft) : 1, secondsLeft };
  }

  #sum(first: number): number {
    return this.#durations.slice(first).reduce((sum, one) => sum + one, 0);
  }
}
