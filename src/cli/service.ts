/** One process of the service: its store, its app, its socket. */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { collectProcessMetrics, openStore, type StoreMode } from '../index.js';
import { buildApp } from '../server/app.js';
import { AttachedStore, brokenError, OpenedStore, type StoreSource } from '../server/store-source.js';
import type { ServeCommand } from './args.js';
import { drain } from './drain.js';
import { CommandError, EXIT } from './exit-code.js';

/** Milliseconds that requests in flight may take at the end; less than the ten seconds that containers get. */
export const DRAIN_LIMIT = 8000;

const LISTEN_REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another one with --port or PORT',
  EACCES: 'this user may not use the port; choose one above 1023 with --port or PORT',
  EADDRNOTAVAIL: 'this machine does not have the address; choose another one with --host or HOST',
  ENOTFOUND: 'the name is unknown; choose an address with --host or HOST',
  EAI_AGAIN: 'the name cannot be resolved now; choose an address with --host or HOST',
};

/**
 * Opens the store that a command names.
 *
 * @param onChange - Gets a line whenever a store that is only read comes, goes or is replaced.
 * @throws PercpuMetricsError where it cannot be opened; never in read-only mode, which waits for it
 */
export function openSource(command: ServeCommand, onChange?: (message: string) => void): StoreSource {
  const { store: path, readOnly, backend, capacity, mode, persist } = command;
  if (readOnly) return new AttachedStore(path as string, onChange);
  return new OpenedStore(openStore({ path, backend, capacity, mode, persist }));
}

function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function describeMode({ backend, registration, reason }: StoreMode): string {
  return `mode ${backend}${registration === 'none' ? '' : ` (${registration})`}: ${reason}`;
}

function describeStore(source: StoreSource): string {
  try {
    const { store } = source;
    return `store ${store.path}${source.readOnly ? ' read-only' : ''}, ${describeMode(store.mode)}`;
  } catch (error) {
    return `not ready: ${(error as Error).message}`;
  }
}

/** A service that listens. */
export class Service {
  /** URL, store, mode and why, in one line. */
  readonly description: string;
  readonly #app: FastifyInstance;
  readonly #source: StoreSource;

  private constructor(app: FastifyInstance, source: StoreSource, host: string) {
    this.#app = app;
    this.#source = source;
    const { port } = app.server.address() as AddressInfo;
    this.description = `http://${authority(host, port)}, ${describeStore(source)}`;
  }

  /**
   * Opens the store and listens.
   *
   * @throws PercpuMetricsError where the store cannot be opened, CommandError where the address cannot be listened on
   */
  static async start(command: ServeCommand): Promise<Service> {
    let log = (_message: string): void => {};
    const source = openSource(command, (message) => log(message));
    try {
      // They end with the store.
      if (command.processMetrics) collectProcessMetrics(source.store);
      const app = await buildApp({ source, logLevel: command.logLevel });
      log = (message) => app.log.info(message);
      await listen(app, command);
      return new Service(app, source, command.host);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** Why there is no store that could be served; `undefined` where there is one. */
  get unreadiness(): unknown {
    try {
      return this.#source.store.info.broken ? brokenError(this.#source.store.path) : undefined;
    } catch (error) {
      return error;
    }
  }

  /** Answers what is in flight, and ends. Gives whether everything was answered in time. */
  async stop(): Promise<boolean> {
    const complete = await drain(this.#app, DRAIN_LIMIT);
    if (!complete) this.#app.log.warn(`requests that took longer than ${DRAIN_LIMIT} ms were cut off`);
    this.#source.close();
    return complete;
  }
}

async function listen(app: FastifyInstance, { host, port }: ServeCommand): Promise<void> {
  try {
    // One socket for a name that has two addresses: what is drained must be one server.
    const address = host === 'localhost' ? '127.0.0.1' : host;
    await app.listen({ host: address, port, listenTextResolver: () => `process ${process.pid} listens` });
  } catch (error) {
    await app.close();
    const code = String((error as NodeJS.ErrnoException).code);
    const reason = LISTEN_REMEDIES[code] ?? (error as Error).message;
    throw new CommandError(EXIT.listen, `cannot listen on ${authority(host, port)}: ${reason} (${code})`, error);
  }
}
