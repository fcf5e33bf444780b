/**
 * A service under load, in a process of its own. It is started where the pinning says, found by the address that it
 * prints, asked for its CPU time, and ended by its process id. A service that does not start or that dies says why:
 * the end of what it wrote to standard error is part of the error.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf } from './cpu-time.js';
import { type Pinning, serviceCommand } from './pinning.js';

const START_MILLISECONDS = 30_000;
const STOP_MILLISECONDS = 5_000;
const DEATH_MILLISECONDS = 500;
const DEATH_STEP_MILLISECONDS = 20;
const KEPT_CHARACTERS = 4_000;
const ADDRESS = /\bhttp:\/\/127\.0\.0\.1:\d+/;

/** A running service. */
export class ServiceProcess {
  /** Such as `http://127.0.0.1:9464`. */
  readonly origin: string;
  readonly #child: ChildProcess;
  readonly #complaints: Complaints;

  private constructor(child: ChildProcess, complaints: Complaints, origin: string) {
    this.#child = child;
    this.#complaints = complaints;
    this.origin = origin;
  }

  /**
   * Starts a service and waits until it listens.
   *
   * @param nodeArguments - script and arguments; the service must listen on a port of its own choice and print its URL
   * @throws Error when it ends or stays silent instead
   */
  static async start(pinning: Pinning, nodeArguments: readonly string[]): Promise<ServiceProcess> {
    const [command, ...commandArguments] = serviceCommand(pinning, nodeArguments);
    const child = spawn(command, commandArguments, { stdio: ['ignore', 'pipe', 'pipe'], env: serviceEnvironment() });
    const complaints = new Complaints(child);
    try {
      return new ServiceProcess(child, complaints, await addressOf(child, nodeArguments.join(' '), complaints));
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** CPU time in seconds, that of its workers included; see {@link cpuSecondsOf}. */
  cpuSeconds(): number | undefined {
    return cpuSecondsOf(this.pid);
  }

  /**
   * What a request has failed with, and the end of the service if that is why. A connection breaks a moment before the
   * end of a process is known, so that is waited for.
   */
  async explain(error: unknown): Promise<Error> {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? `${message} (${cause.message})` : message;
    for (let waited = 0; waited < DEATH_MILLISECONDS && !hasEnded(this.#child); waited += DEATH_STEP_MILLISECONDS) {
      await sleep(DEATH_STEP_MILLISECONDS);
    }
    const { exitCode, signalCode } = this.#child;
    const death = hasEnded(this.#child)
      ? `, as the service has ended with ${signalCode ?? `code ${exitCode}`}.\n${this.#complaints.text}`
      : '.';
    return new Error(`${reason}${death}`.trim(), { cause: error });
  }

  /** Asks the service to end, and insists after a few seconds. */
  async stop(): Promise<void> {
    await end(this.#child);
  }
}

/** Says where the addon is to be taken from, which is no setting of the service. */
const ADDON_VARIABLE = 'PERCPU_METRICS_PREBUILD';

/** The environment without settings that would make the service another one than the command line says. */
function serviceEnvironment(): NodeJS.ProcessEnv {
  const isSetting = (name: string) =>
    (name.startsWith('PERCPU_METRICS_') && name !== ADDON_VARIABLE) || ['PORT', 'HOST', 'NODE_OPTIONS'].includes(name);
  const kept = Object.entries(process.env).filter(([name]) => !isSetting(name));
  return { ...Object.fromEntries(kept), NODE_ENV: 'production' };
}

/** The end of what a child writes to standard error. */
class Complaints {
  text = '';

  constructor(child: ChildProcess) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.text = (this.text + text).slice(-KEPT_CHARACTERS);
    });
  }
}

async function addressOf(child: ChildProcess, name: string, complaints: Complaints): Promise<string> {
  let printed = '';
  return await new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`The service "${name}" ${what}.\n${complaints.text}`.trim()));
    const timer = setTimeout(
      () => fail(`printed no address within ${START_MILLISECONDS / 1000} s`),
      START_MILLISECONDS,
    );
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => fail(`ended with ${signal ?? `code ${code}`} before it listened`));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      // Only the beginning can hold the address; what follows is read so that the pipe never fills up.
      if (printed.length < KEPT_CHARACTERS) printed += text;
      const address = ADDRESS.exec(printed)?.[0];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
    child.once('close', () => clearTimeout(timer));
  });
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  const timer = new AbortController();
  const insist = sleep(STOP_MILLISECONDS, undefined, { signal: timer.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await ended;
  timer.abort();
  await insist;
}
