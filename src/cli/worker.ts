/**
 * A worker of the cluster: a service that reports to its primary instead of the terminal. Signals that a terminal sends
 * to the whole process group are the primary's affair; it says by message when to end, which may come on top of a
 * SIGTERM from a service manager without being a second request.
 */
import type { ServeCommand } from './args.js';
import { describeError, EXIT, signalExitCode } from './exit-code.js';
import { Service } from './service.js';
import type { WorkerMessage } from './worker-message.js';

function report(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

function asked(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => {
      signals += 1;
      if (signals > 1) process.exit(signalExitCode('SIGTERM'));
      resolve();
    });
    process.on('message', (message: WorkerMessage | null) => {
      if (message?.kind === 'drain') resolve();
    });
  });
}

/** Serves until the primary says that it is enough, and ends the process. */
export async function runWorker(command: ServeCommand): Promise<never> {
  const end = asked();
  try {
    const service = await Service.start(command);
    await report({ kind: 'ready', description: service.description });
    await end;
    const reason = service.unreadiness;
    await service.stop();
    // The primary has no part in the store that a sidecar waits for, nor does it notice that one has broken.
    if (reason !== undefined) throw reason;
    process.exit(EXIT.ok);
  } catch (error) {
    const { exitCode, message } = describeError(error);
    await report({ kind: 'failed', exitCode, message });
    process.exit(exitCode);
  }
}
