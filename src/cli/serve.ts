/** `percpu-metrics serve`: in this process, or in as many workers as it is told to. */
import cluster from 'node:cluster';
import type { ServeCommand } from './args.js';
import { openSource, Service } from './service.js';
import { firstSignal } from './signals.js';
import { Supervisor } from './supervisor.js';
import { runWorker } from './worker.js';

function announce(description: string): void {
  process.stdout.write(`percpu-metrics serves ${description}\n`);
}

async function serveAlone(command: ServeCommand): Promise<void> {
  const signal = firstSignal();
  const service = await Service.start(command);
  announce(service.description);
  await signal;
  const reason = service.unreadiness;
  await service.stop();
  // Whoever looks at the end of a sidecar that waited in vain learns what it waited for.
  if (reason !== undefined) throw reason;
}

async function serveWithWorkers(command: ServeCommand): Promise<void> {
  const source = command.readOnly ? undefined : openSource(command);
  const supervisor = new Supervisor(command, source);
  const signal = firstSignal(() => supervisor.kill());
  const started = supervisor.start().then(announce);
  await Promise.race([started, signal]);
  await signal;
  await supervisor.stop();
}

/**
 * Serves until a signal asks for the end.
 *
 * @throws PercpuMetricsError where the store cannot be opened, CommandError where the address cannot be listened on
 */
export async function serve(command: ServeCommand): Promise<void> {
  if (cluster.isWorker) await runWorker(command);
  else if (command.workers > 1) await serveWithWorkers(command);
  else await serveAlone(command);
}
