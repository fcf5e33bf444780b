/** The exemplars of a store, as OpenMetrics has them. */
import assert from 'node:assert/strict';
import type { Store } from 'percpu-metrics';

/** By line up to its value: the labels and the value of its exemplar. */
export async function exemplarsOf(store: Store): Promise<Record<string, string>> {
  const text = await store.metrics({ syntax: 'openmetrics' });
  const lines = [...text.matchAll(/^(\S+) \S+ # (\{.*\} \S+) (\S+)$/gm)];
  for (const [, , , time] of lines) assert.ok(Math.abs(Number(time) * 1000 - Date.now()) < 60_000, time);
  return Object.fromEntries(lines.map(([, line, exemplar]) => [line ?? '', exemplar ?? '']));
}
