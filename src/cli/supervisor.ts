/**
 * The primary of the cluster: opens the store, so that it outlives every worker, and keeps the number of workers up. It
 * serves nothing itself.
 *
 * Invariants: a worker that cannot start while none ever could ends the service with its reason, once. Later a worker
 * that ends is replaced, at once at first, and ever more slowly while workers keep ending soon after their start.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { StoreSource } from '../server/store-source.js';
import type { ServeCommand } from './args.js';
import { CommandError } from './exit-code.js';
import { DRAIN_LIMIT } from './service.js';
import type { FailedMessage, ReadyMessage, WorkerMessage } from './worker-message.js';

/** A worker that lived this long, in milliseconds, did not end because of its start. */
const STABLE = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;

/** Milliseconds until a worker is replaced, after so many that ended soon after their start. */
export function replacementDelay(shortLives: number): number {
  return shortLives === 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (shortLives - 1), LONGEST_DELAY);
}

/**
 * A port that nobody listens on; 0 where that cannot be found out, and the first worker will say why. Workers have to
 * be given a number: a cluster that shares "any port" cannot be joined by its number later, nor the other way round.
 */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  try {
    await once(server.listen(0, host), 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return 0;
  } finally {
    server.close();
  }
}

function drain(worker: Worker): void {
  if (worker.isConnected()) worker.send({ kind: 'drain' } satisfies WorkerMessage, () => {});
}

/** Keeps workers running. */
export class Supervisor {
  readonly #command: ServeCommand;
  readonly #source: StoreSource | undefined;
  readonly #workers = new Map<Worker, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #ready = new Set<Worker>();
  #couldStart = false;
  #shortLives = 0;
  #failure: FailedMessage | undefined;
  #stopping = false;
  #settleStart: { resolve: (description: string) => void; reject: (error: unknown) => void } | undefined;
  #settleStop: (() => void) | undefined;

  /** @param source - The store, which the workers find by themselves; in read-only mode there is none to hold. */
  constructor(command: ServeCommand, source: StoreSource | undefined) {
    this.#command = command;
    this.#source = source;
  }

  /**
   * Starts the workers and waits until all of them listen.
   *
   * @returns what the service is, in one line
   * @throws CommandError with the reason why the first workers cannot start
   */
  async start(): Promise<string> {
    const port = this.#command.port || (await freePort(this.#command.host));
    cluster.setupPrimary({ args: [...process.argv.slice(2), '--port', String(port)] });
    cluster.on('message', (worker, message: WorkerMessage) => this.#onMessage(worker, message));
    cluster.on('exit', (worker, code, signal) => {
      const ended = () => this.#onExit(worker, signal ?? `code ${code}`);
      // Why it has ended may still be on its way.
      if (worker.isConnected()) worker.once('disconnect', ended);
      else ended();
    });
    return new Promise((resolve, reject) => {
      this.#settleStart = { resolve, reject };
      for (let count = 0; count < this.#command.workers && !this.#stopping; count += 1) this.#fork();
    });
  }

  /**
   * Lets the workers answer what is in flight, and waits for their end.
   *
   * @throws CommandError where a worker had no store that it could serve, with the reason of the first one
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const insist = setTimeout(() => this.kill(), DRAIN_LIMIT + 1000);
    await new Promise<void>((resolve) => {
      this.#settleStop = resolve;
      for (const worker of this.#workers.keys()) drain(worker);
      this.#settleIfEnded();
    });
    clearTimeout(insist);
    this.#source?.close();
    if (this.#failure !== undefined) throw new CommandError(this.#failure.exitCode, this.#failure.message);
  }

  /** Ends the workers at once. */
  kill(): void {
    for (const worker of this.#workers.keys()) worker.process.kill('SIGKILL');
  }

  #fork(): void {
    const worker = cluster.fork();
    this.#workers.set(worker, performance.now());
    // Unheard, an error would end the service. Most are of a message to a worker that has just died, of whose end
    // 'exit' tells; one that could not be started at all has no other event.
    worker.on('error', ({ message }) => {
      if (worker.process.pid === undefined) this.#onExit(worker, message);
    });
  }

  #onMessage(worker: Worker, message: WorkerMessage): void {
    if (message.kind === 'failed') this.#failure ??= message;
    if (message.kind === 'ready') this.#onReady(worker, message);
  }

  #onReady(worker: Worker, { description }: ReadyMessage): void {
    // It was told before it could listen.
    if (this.#stopping) drain(worker);
    this.#couldStart = true;
    this.#ready.add(worker);
    if (this.#ready.size < this.#command.workers) return;
    this.#settleStart?.resolve(`${description}, ${this.#command.workers} workers`);
  }

  #onExit(worker: Worker, how: string): void {
    const startedAt = this.#workers.get(worker) ?? 0;
    this.#workers.delete(worker);
    this.#ready.delete(worker);
    if (this.#stopping) {
      this.#settleIfEnded();
    } else if (!this.#couldStart && this.#failure !== undefined) {
      this.stop().catch((reason: unknown) => this.#settleStart?.reject(reason));
    } else {
      this.#replace(worker, how, performance.now() - startedAt);
    }
  }

  #replace(worker: Worker, how: string, lived: number): void {
    this.#shortLives = lived < STABLE ? this.#shortLives + 1 : 0;
    const delay = replacementDelay(this.#shortLives);
    const reason = this.#failure === undefined ? '' : `: ${this.#failure.message}`;
    this.#failure = undefined;
    const which = worker.process.pid === undefined ? 'a worker' : `worker ${worker.process.pid}`;
    process.stderr.write(`percpu-metrics: ${which} ended (${how})${reason}; it is replaced in ${delay} ms\n`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#fork();
    }, delay);
    this.#timers.add(timer);
  }

  #settleIfEnded(): void {
    if (this.#workers.size === 0) this.#settleStop?.();
  }
}
