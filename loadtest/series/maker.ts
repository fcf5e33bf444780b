/** The side of a process that makes or finds series, which the scenario talks to. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ItemRange } from '../services/items.js';
import type { Made, Task } from './maker-process.js';

const script = fileURLToPath(new URL('./maker-process.js', import.meta.url));

/** A process that waits for its start. */
export class Maker {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  private constructor(task: Task, child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit').then(([code, reason]) => {
      throw new Error(`The process that was to "${task}" ended early (${reason ?? `code ${code}`}).`);
    });
    // Nobody waits for it before it is told to start, which reports it.
    this.#ended.catch(() => {});
  }

  /** @throws Error when the process does not start */
  static async start(task: Task, storePath: string, { first, count }: ItemRange): Promise<Maker> {
    const child = fork(script, [task, storePath, String(first), String(count)], {
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const maker = new Maker(task, child);
    try {
      await maker.#hear();
      return maker;
    } catch (error) {
      await maker.end();
      throw error;
    }
  }

  /** Lets it do its work, once. */
  async make(): Promise<Made> {
    const made = this.#hear();
    if (this.#child.connected) this.#child.send('start');
    return (await made) as Made;
  }

  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended.catch(() => {});
  }

  async #hear(): Promise<unknown> {
    const message = once(this.#child, 'message') as Promise<[unknown]>;
    return (await Promise.race([message, this.#ended]))[0];
  }
}
