/**
 * A child process of a test. It is ended with the test, by its process id: first SIGTERM, then, where it does not
 * listen, SIGKILL. What it prints is kept, so that a failure can show it. Nothing waits longer than a bounded time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { TestContext } from 'node:test';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How to start a process. */
export interface ChildOptions {
  /** Added to the environment of the test; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Opens a channel for `send` and `waitForMessage`. */
  readonly channel?: boolean;
  readonly cwd?: string;
  /** In a process group of its own, as a shell puts what a person starts. */
  readonly ownGroup?: boolean;
}

const patience = 60_000;

export class Child {
  readonly pid: number;
  readonly exit: Promise<Exit>;
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #messages: unknown[] = [];
  readonly #progress = new EventEmitter();
  #output = '';
  #closed = false;

  private constructor(process: ChildProcess, name: string, pid: number) {
    this.#process = process;
    this.#name = name;
    this.pid = pid;
    this.exit = once(process, 'exit').then(([code, signal]) => ({ code, signal }) as Exit);
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#progress.emit('progress');
      });
    }
    process.on('message', (message) => {
      this.#messages.push(message);
      this.#progress.emit('progress');
    });
    // Comes after the exit, when everything that it printed has been read.
    process.once('close', () => {
      this.#closed = true;
      this.#progress.emit('progress');
    });
  }

  /** Starts a program. Fails where it cannot be run. */
  static async start(t: TestContext, command: readonly string[], options: ChildOptions = {}): Promise<Child> {
    const [file = '', ...args] = command;
    const process_ = spawn(file, args, {
      cwd: options.cwd,
      detached: options.ownGroup ?? false,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe', options.channel ? 'ipc' : 'ignore'],
    });
    // Whoever writes to a process that has died learns of it by its exit.
    process_.stdin?.on('error', () => {});
    await once(process_, 'spawn');
    const child = new Child(process_, command.join(' '), process_.pid as number);
    t.after(() => child.stop());
    return child;
  }

  /** Everything that it has printed so far, on both streams. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Waits until what it has printed matches, and gives the match. Fails when it ends before, or takes too long. */
  waitForOutput(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waitFor(`output like ${pattern}`, () => pattern.exec(this.#output) ?? undefined);
  }

  /** Takes the next message that it sends over the channel. */
  waitForMessage<T>(): Promise<T> {
    return this.#waitFor('a message', () => this.#messages.shift() as T | undefined);
  }

  /** Writes a line to its standard input. */
  writeLine(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Reads its standard error no more, as a log collector that has died. */
  closeErrorOutput(): void {
    this.#process.stderr?.destroy();
  }

  send(message: object): void {
    this.#process.send?.(message);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Sends a signal to the process group that it leads, as a terminal does. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Ends it, if it still runs, and gives how it ended. */
  async stop(): Promise<Exit> {
    if (this.running) {
      this.kill('SIGTERM');
      const timer = setTimeout(() => this.kill('SIGKILL'), 5000);
      await this.exit;
      clearTimeout(timer);
    }
    return this.exit;
  }

  /** Attempts now and whenever something was printed, sent or closed. */
  #waitFor<T>(what: string, attempt: () => T | undefined): Promise<T> {
    let settle = () => {};
    const result = new Promise<T>((resolve, reject) => {
      const fail = (reason: string) => {
        const printed = this.#output === '' ? 'nothing' : this.#output;
        reject(new Error(`${this.#name}: ${reason} while ${what} was awaited. It printed: ${printed}`));
      };
      const check = () => {
        const found = attempt();
        if (found !== undefined) {
          resolve(found);
        } else if (this.#closed) {
          fail(`ended (status ${this.#process.exitCode}, signal ${this.#process.signalCode})`);
        }
      };
      const timer = setTimeout(() => fail(`nothing came for ${patience} ms`), patience);
      settle = () => {
        clearTimeout(timer);
        this.#progress.off('progress', check);
      };
      this.#progress.on('progress', check);
      check();
    });
    return result.finally(settle);
  }
}
