/** The counter of collectors that were of no use, which is in the store like any other: it outlives its process. */
import type { CollectFailure } from './collectors.js';
import { CounterFamily } from './counter.js';
import type { FamilyContext } from './family.js';
import { STORE_METRICS_PREFIX } from './store-metrics.js';

const DEFINITION = {
  type: 'counter',
  name: `${STORE_METRICS_PREFIX}collect_failures_total`,
  help: 'Collectors that failed or took too long, by scrape.',
  unit: '',
  labelNames: ['collector', 'reason'],
  buckets: [],
} as const;

/** Counts failures of collectors. */
export class CollectFailures {
  readonly #context: FamilyContext;
  #family: CounterFamily | undefined;

  constructor(context: FamilyContext) {
    this.#context = context;
  }

  /** Makes the series of a collector, so that its first failure is an increase. Where there is no room, there is none. */
  prepare(collector: string): void {
    for (const reason of ['error', 'timeout'] as const) this.#attempt(collector, reason, 0);
  }

  count(collector: string, reason: CollectFailure): void {
    this.#attempt(collector, reason, 1);
  }

  #attempt(collector: string, reason: CollectFailure, amount: number): void {
    try {
      this.#family ??= new CounterFamily(this.#context, {
        definition: { ...DEFINITION, labelNames: [...DEFINITION.labelNames], buckets: [] },
        ownLabelNames: DEFINITION.labelNames,
        defaultValues: [],
        exemplars: false,
        owner: undefined,
        limits: { ofFamily: 0, ofStore: 0 },
      });
      this.#family.labels(collector, reason).inc(amount);
    } catch {
      // The store is full, closed or read-only: the warning about the failure is all that there is.
    }
  }
}
