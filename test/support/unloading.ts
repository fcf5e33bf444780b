/**
 * Programs whose threads load a library with critical sections and let go of it, and how they end: with the library still
 * mapped, or, where it is a copy that may be unmapped, killed by the kernel or without it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ElfFile, FLAGS_1, NODELETE } from './elf-file.js';
import { underCondition } from './rseq-condition.js';

/** How a program ended, and what it had printed. */
export interface End {
  readonly code: unknown;
  readonly signal: unknown;
  readonly output: string;
}

/** Who registers threads for rseq. */
export type Registration = 'libc' | 'self';

export function runToEnd(registration: Registration, program: string, args: readonly string[]): Promise<End> {
  const { command, env } = underCondition(registration, [program, ...args]);
  const [file = '', ...rest] = command;
  return new Promise((resolve) => {
    execFile(file, rest, { timeout: 300_000, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, signal: error?.signal ?? null, output: stdout + stderr });
    });
  });
}

/** A copy that the loader unmaps when nobody uses it any more. */
export function withoutNodelete(path: string, directory: string): string {
  const flags = new ElfFile(path).dynamicEntry(FLAGS_1);
  assert.ok(flags && (flags.value & NODELETE) !== 0, `${path} is not linked with -z nodelete`);
  const copy = join(directory, 'unloadable.node');
  copyFileSync(path, copy);
  const bytes = readFileSync(copy);
  bytes.writeBigUInt64LE(BigInt(flags.value - NODELETE), flags.offset + 8);
  writeFileSync(copy, bytes);
  return copy;
}

export function assertLoaded({ code, signal, output }: End): void {
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
  assert.match(output, /\bmapped$/m);
}

/** The kernel cannot read what the area points to and ends the process, or the library is gone without a trace. */
export function assertUnloaded(t: TestContext, end: End): void {
  t.diagnostic(JSON.stringify(end));
  assert.ok(end.signal === 'SIGSEGV' || /\bunmapped$/m.test(end.output), JSON.stringify(end));
}
