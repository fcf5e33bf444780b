/**
 * Counts with exemplars in a store, prints "counted", and stays until it is killed.
 *
 *     node exemplar-writer.js PATH
 */
import { openStore } from 'percpu-metrics';

const [path = ''] = process.argv.slice(2);
const store = openStore({ path, exemplar: () => ({ trace_id: `of ${process.argv.length} arguments` }) });
const jobs = store.counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['queue'], exemplars: true });
const wait = store.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [0.5, 1], exemplars: true });
jobs.labels('mail').inc(3, { trace_id: 'given', note: '"quoted"\\\n' });
wait.observe(0.75);
wait.observe(99, { trace_id: 'far' });
process.stdout.write('counted\n');
setInterval(() => {}, 1000);
