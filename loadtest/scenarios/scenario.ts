/**
 * What a scenario is: one request, several services that answer it, and what each of them must have counted
 * afterwards. A scenario is data; `alternation.ts` runs any of them.
 */
import type { LoadRequest } from '../generator.js';

/** A number that a service must have counted exactly once per answered request. */
export interface CounterCheck {
  /** Name of the sample in the service's exposition. */
  metric: string;
  /** Only series with these labels. */
  labels?: Readonly<Record<string, string>>;
}

/** One of the services that a scenario compares. */
export interface Contender {
  /** Also the name of its files. */
  name: string;
  /**
   * Script and arguments for Node. The service listens on 127.0.0.1, on a port of its own choice, and prints its URL.
   *
   * @param storePath - a path for its store, should it have one
   */
  command(storePath: string): string[];
  /** It has a store at that path, whose mode belongs into the results. */
  hasStore: boolean;
  /** Empty for a service that counts nothing. */
  checks: readonly CounterCheck[];
}

/** How much is measured. */
export interface Effort {
  rounds: number;
  /** What a turn should take; decides, after the warm-up, how many requests it has. */
  roundSeconds: number;
}

/** A threshold that a contender is held against. */
export interface Goal {
  contender: string;
  /** Least throughput, as a part of the baseline's. */
  ratio: number;
}

/** A comparison of services under one request. */
export interface Scenario {
  name: string;
  title: string;
  request: LoadRequest;
  connections: number;
  /** In the order in which they take their turns. */
  contenders: readonly Contender[];
  /** Name of the contender that ratios refer to. */
  baseline: string;
  quick: Effort;
  full: Effort;
  goal?: Goal;
}
