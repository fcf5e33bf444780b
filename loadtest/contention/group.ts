/** The side of a group of writers that the scenario talks to. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf } from '../cpu-time.js';
import type { Resting } from '../rest.js';
import type { Design } from '../services/counters.js';
import type { GroupReply, GroupRequest } from './group-process.js';

/** Which writers: threads of one process, or processes of one cluster. */
export type GroupKind = 'threads' | 'cluster';

const script = fileURLToPath(new URL('./group-process.js', import.meta.url));

/** Writers of one design. */
export class Group implements Resting {
  readonly design: Design;
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;
  readonly #signal: AbortSignal;
  #pinned = false;

  private constructor(design: Design, child: ChildProcess, signal: AbortSignal) {
    this.design = design;
    this.#child = child;
    this.#signal = signal;
    this.#ended = once(child, 'exit').then(([code, reason]) => {
      throw new Error(`The writers of "${design}" ended early (${reason ?? `code ${code}`}).`);
    });
    // Nobody waits for a group between two turns; the next one reports it.
    this.#ended.catch(() => {});
  }

  /** @throws Error when the group does not start */
  static async start(
    design: Design,
    storePath: string,
    kind: GroupKind,
    most: number,
    signal: AbortSignal,
  ): Promise<Group> {
    const child = fork(script, [design, storePath, kind, String(most)], {
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const group = new Group(design, child, signal);
    try {
      const reply = await group.#hear();
      group.#pinned = 'pinned' in reply && reply.pinned;
      return group;
    } catch (error) {
      await group.end();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get name(): Design {
    return this.design;
  }

  /** CPU time of the writers so far, and of the process that they belong to. */
  cpuSeconds(): number | undefined {
    return cpuSecondsOf(this.pid);
  }

  /** Whether each of the writers is on its CPU. */
  get pinned(): boolean {
    return this.#pinned;
  }

  /** Increments per second of so many writers together. */
  async run(writers: number, milliseconds: number, work: number): Promise<number> {
    const reply = await this.#ask({ writers, milliseconds, work });
    if (!('perSecond' in reply)) throw new TypeError(`"${this.design}" answered otherwise.`);
    return reply.perSecond;
  }

  /** What was called, and what was counted. */
  async finish(): Promise<{ calls: number; counted: number }> {
    const reply = await this.#ask('finish');
    if (!('calls' in reply)) throw new TypeError(`"${this.design}" answered otherwise.`);
    return reply;
  }

  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended.catch(() => {});
  }

  async #ask(request: GroupRequest): Promise<GroupReply> {
    this.#signal.throwIfAborted();
    const reply = this.#hear();
    if (this.#child.connected) this.#child.send(request);
    return await reply;
  }

  async #hear(): Promise<GroupReply> {
    const reply = once(this.#child, 'message') as Promise<[GroupReply]>;
    return (await Promise.race([reply, this.#ended]))[0];
  }
}
