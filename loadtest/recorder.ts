/** Collects what a scenario measures while it runs. */
import type { Count, Findings, Series } from './findings.js';
import { isBroken } from './findings.js';
import { Lookup } from './lookup.js';
import type { Scenario } from './scenarios/scenario.js';

/** The record of one scenario. */
export class Recorder {
  readonly #scenario: Scenario;
  readonly #series = new Map<string, Series>();
  readonly #counts: Count[] = [];
  readonly #modes: Record<string, string> = {};
  readonly #notes: string[] = [];
  readonly #restless = new Map<string, number>();
  #lost = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  /** Adds a sample. A figure that could not be had (`undefined`) leaves none. */
  add(figure: string, contender: string, point: string, value: number | undefined): void {
    if (value !== undefined) this.#seriesOf(figure, contender, point).samples.push(value);
  }

  /** Says that this round has no sample of something that had its turn, so that the others keep their partners. */
  miss(figure: string, contender: string, point: string): void {
    const series = this.#seriesOf(figure, contender, point);
    series.missed ??= [];
    series.missed.push(series.samples.length + series.missed.length);
  }

  count(count: Count): void {
    this.#counts.push(count);
  }

  mode(contender: string, mode: string): void {
    this.#modes[contender] = mode;
  }

  /** Says something that a reader has to know. */
  note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text);
  }

  /** Reports requests that had to be answered and were not. */
  lost(contender: string, requests: number): void {
    if (requests === 0) return;
    this.#lost += requests;
    this.note(`${contender}: ${requests} requests were refused or not answered, so its counts prove nothing.`);
  }

  /** Reports that a turn has begun although this one had not come to rest. */
  restless(contender: string): void {
    this.#restless.set(contender, (this.#restless.get(contender) ?? 0) + 1);
  }

  #notesOfRest(): string[] {
    return [...this.#restless].map(([name, turns]) => `${name} had not come to rest when ${turns} turns began.`);
  }

  #seriesOf(figure: string, contender: string, point: string): Series {
    const key = JSON.stringify([figure, contender, point]);
    const series = this.#series.get(key) ?? { figure, contender, point, samples: [] };
    this.#series.set(key, series);
    return series;
  }

  /** @param seconds - how long the scenario took */
  findings(seconds: number): Findings {
    const { name, title, axis, baseline, figures, conclude } = this.#scenario;
    const series = [...this.#series.values()];
    return {
      ...{ name, title, axis, baseline, figures: [...figures], series, counts: this.#counts, modes: this.#modes },
      notes: [...this.#notes, ...this.#notesOfRest()],
      ...conclude(new Lookup({ series }), this.#counts),
      seconds,
      passed: this.#lost === 0 && !this.#counts.some(isBroken),
    };
  }
}
