/** A worker thread that sets a state in each of some rounds, which it begins together with others. */
import { workerData } from 'node:worker_threads';
import { openStore } from 'percpu-metrics';

/** What a thread is started with. */
export interface StateTask {
  readonly path: string;
  readonly states: readonly string[];
  /** Which of them it sets. */
  readonly state: string;
  readonly rounds: number;
  /** How often threads have begun, and have ended, a round. */
  readonly counts: Int32Array;
  readonly threads: number;
}

/** What {@link StateTask.counts} counts. */
export const Count = { begun: 0, ended: 1 } as const;

function run({ path, states, state, rounds, counts, threads }: StateTask): void {
  const store = openStore({ path });
  const phase = store.stateSet({ name: 'phase', help: 'Phase.', states });
  for (let round = 1; round <= rounds; round += 1) {
    Atomics.add(counts, Count.begun, 1);
    // Those who sleep wake up one after another; the main thread is one of those that are waited for.
    while (Atomics.load(counts, Count.begun) < round * (threads + 1));
    phase.set(state);
    Atomics.add(counts, Count.ended, 1);
    Atomics.notify(counts, Count.ended);
  }
  store.close();
}

if (workerData !== null) run(workerData as StateTask);
