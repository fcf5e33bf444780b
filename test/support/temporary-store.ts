/** A store of a test's own, closed and removed when the test ends. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openStore, type Store, type StoreOptions } from 'percpu-metrics';
import { temporaryDirectory } from './temporary-directory.js';

/** Opens a new store in a temporary directory. */
export function temporaryStore(t: TestContext, options: StoreOptions = {}): Store {
  const store = openStore({ path: join(temporaryDirectory(t), 'store.pcm'), ...options });
  t.after(() => store.close());
  return store;
}

/** The value of the only counter or gauge series of a family, or of the one with these labels. */
export function numberOf(store: Store, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const family = store.snapshot().find((candidate) => candidate.name === name);
  const series = family?.series.find((candidate) =>
    Object.entries(labels).every(([label, value]) => candidate.labels[label] === value),
  );
  if (series === undefined || !('value' in series)) throw new Error(`${name} has no such series`);
  return series.value;
}
