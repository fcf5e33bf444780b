/**
 * A cluster whose primary opens a store without a path, and whose workers do the same and count in it. Prints a line of
 * JSON: the paths that all of them had, and the total that the primary sees when the workers are gone.
 *
 *     node cluster-of-counters.js WORKERS INCREMENTS
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { openStore } from 'percpu-metrics';

const [workers = '', increments = ''] = process.argv.slice(2);

async function lead(): Promise<void> {
  using store = openStore();
  const paths = [store.path];
  const ends = Array.from({ length: Number(workers) }, async () => {
    const worker = cluster.fork();
    worker.on('message', (path: string) => paths.push(path));
    await once(worker, 'exit');
  });
  await Promise.all(ends);
  const families = store.snapshot();
  process.stdout.write(`${JSON.stringify({ paths, families })}\n`);
}

async function work(): Promise<void> {
  using store = openStore();
  const requests = store.counter({ name: 'requests_total', help: 'Requests.', labelNames: ['worker'] });
  const handles = [requests.labels('any'), requests.labels(cluster.worker?.id ?? 0)];
  for (let index = 0; index < Number(increments); index += 1) for (const handle of handles) handle.inc();
  await new Promise((resolve) => process.send?.(store.path, resolve));
  process.disconnect?.();
}

await (cluster.isPrimary ? lead() : work());
