/**
 * Programs around the core for machines and systems other than this one's: the core's own suite, and threads that
 * move from CPU to CPU, built for 64-bit ARM, against musl, or without critical sections. Kept below build/machines/.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);

const targets = {
  arm64: ['aarch64-linux-gnu-gcc'],
  musl: ['musl-gcc', '-static'],
  'no-rseq': ['gcc', '-DPCM_NO_RSEQ'],
} as const;

export type Target = keyof typeof targets;

function sourcesIn(directory: string, wanted: RegExp): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .map((name) => join(directory, name));
}

/** Compiles a program for a target; gives its path. */
export async function buildCoreProgram(target: Target, program: 'suite' | 'moving_threads'): Promise<string> {
  const [compiler, ...flags] = targets[target];
  const directory = join(root, 'build', 'machines');
  const path = join(directory, `${target}-${program}`);
  const wanted = program === 'suite' ? /^core_.*\.c$/ : /^moving_threads\.c$/;
  const sources = [...sourcesIn('native/core', /\.c$/), ...sourcesIn('native/test', wanted)];
  mkdirSync(directory, { recursive: true });
  const common = ['-O2', '-std=gnu11', '-D_GNU_SOURCE', '-Inative/include', '-Inative/core'];
  await run(compiler, [...flags, ...common, ...sources, '-lm', '-lpthread', '-o', path], { cwd: root });
  return path;
}
