/**
 * Measures the rows that are written in JavaScript. All their processes are up at once and take turns with short
 * repetitions, so that a slow moment of the machine hits one repetition of every row and not every repetition of one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Progress } from '../progress.js';
import type { Measurement } from './measurement.js';
import { type Row, rows } from './row.js';
import type { RowReply, RowRequest } from './row-process.js';

/** What is measured, and how often. */
export interface JavaScriptPlan {
  /** A directory for stores. */
  directory: string;
  rounds: number;
  /** Numbers of threads, each measured in every round. */
  threads: readonly number[];
  signal: AbortSignal;
  progress: Progress;
}

/** What a row's counter held in the end. */
export interface RowCount {
  row: string;
  /** Increments that were made. */
  expected: number;
  /** `null` for a row that counts nothing. */
  counted: number | null;
  /** Its threads had CPUs of their own. */
  pinned: boolean;
  /** Of its store, where it has one. */
  mode: string | null;
}

/** Everything that was measured from JavaScript. */
export interface JavaScriptResult {
  measurements: Measurement[];
  counts: RowCount[];
}

const REPETITION_MILLISECONDS = 30;
const WARM_UP_MILLISECONDS = 200;

const script = fileURLToPath(new URL('./row-process.js', import.meta.url));

/** Units of progress that {@link measureJavaScript} reports: one per repetition. */
export function countJavaScriptRepetitions(rounds: number, threads: readonly number[]): number {
  return rows.length * rounds * threads.length;
}

/** @throws Error when a row's process fails, or the signal's reason; all processes are ended either way */
export async function measureJavaScript(plan: JavaScriptPlan): Promise<JavaScriptResult> {
  const { directory, threads, signal } = plan;
  const processes = rows.map((row) => new RowProcess(row, `${directory}/${row.name}`, Math.max(...threads), signal));
  try {
    for (const process of processes) {
      for (const count of threads) await process.repeat(count, WARM_UP_MILLISECONDS);
    }
    const measurements = await takeTurns(processes, plan);
    const counts: RowCount[] = [];
    for (const process of processes) counts.push(await process.finish());
    return { measurements, counts };
  } finally {
    await Promise.all(processes.map((process) => process.end()));
  }
}

async function takeTurns(processes: readonly RowProcess[], plan: JavaScriptPlan): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { row } of processes) {
    for (const threads of plan.threads) {
      measurements.push({ row: row.name, title: row.title, language: 'javascript', threads, nanoseconds: [] });
    }
  }
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const threads of plan.threads) {
      for (const process of processes) {
        const nanoseconds = await process.repeat(threads, REPETITION_MILLISECONDS);
        const own = measurements.find((one) => one.row === process.row.name && one.threads === threads);
        own?.nanoseconds.push(nanoseconds);
        plan.progress.advance(1, `round ${round}/${plan.rounds} ${process.row.title}`);
      }
    }
  }
  return measurements;
}

/** The parent's side of a row's process. */
class RowProcess {
  readonly row: Row;
  readonly #child: ChildProcess;
  readonly #failed: Promise<never>;
  readonly #signal: AbortSignal;

  constructor(row: Row, storePath: string, threads: number, signal: AbortSignal) {
    this.row = row;
    this.#signal = signal;
    this.#child = fork(script, [row.name, storePath, String(threads)], {
      env: { ...process.env, NODE_ENV: 'production' },
    });
    this.#failed = once(this.#child, 'exit').then(([code, signalName]) => {
      throw new Error(`The process of "${row.title}" ended early (${signalName ?? `code ${code}`}).`);
    });
    // Nobody waits for a process between two repetitions; the next one reports it.
    this.#failed.catch(() => {});
  }

  /** Gives the nanoseconds of one operation. */
  async repeat(threads: number, milliseconds: number): Promise<number> {
    const reply = await this.#ask({ threads, milliseconds });
    if (!('nanosecondsPerCall' in reply)) throw new TypeError(`"${this.row.title}" answered something else.`);
    return reply.nanosecondsPerCall;
  }

  async finish(): Promise<RowCount> {
    const reply = await this.#ask('finish');
    if (!('calls' in reply)) throw new TypeError(`"${this.row.title}" answered something else.`);
    const { calls, counted, pinned, mode } = reply;
    return { row: this.row.name, expected: calls, counted, pinned, mode };
  }

  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#failed.catch(() => {});
  }

  async #ask(request: RowRequest): Promise<RowReply> {
    this.#signal.throwIfAborted();
    const reply = once(this.#child, 'message') as Promise<[RowReply]>;
    if (this.#child.connected) this.#child.send(request);
    return (await Promise.race([reply, this.#failed]))[0];
  }
}
