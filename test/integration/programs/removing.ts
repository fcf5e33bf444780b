/**
 * A process that counts in a store and removes series of it when it is told to: node removing.js STORE. Each message is
 * a label value; with `remove` in front its series is removed, else it is counted 1000 times. Answers when that is done.
 */
import { openStore } from 'percpu-metrics';

const counter = openStore({ path: process.argv[2] ?? '' }).counter({ name: 'a_total', help: 'A.', labelNames: ['x'] });

process.on('message', ({ remove, count }: { remove?: string; count?: string }) => {
  if (remove !== undefined) counter.remove(remove);
  for (let i = 0; count !== undefined && i < 1000; i += 1) counter.labels(count).inc();
  process.send?.({});
});
process.on('disconnect', () => process.exit());
process.send?.({});
