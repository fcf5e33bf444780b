/**
 * The core's own suite for machines and systems other than this one: built for 64-bit ARM, against musl, or without
 * critical sections. Kept below build/machines/.
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

/** Compiles the suite for a target; gives its path. */
export async function buildCoreSuite(target: Target): Promise<string> {
  const [compiler, ...flags] = targets[target];
  const directory = join(root, 'build', 'machines');
  const path = join(directory, `${target}-suite`);
  const sources = [...sourcesIn('native/core', /\.c$/), ...sourcesIn('native/test', /^core_.*\.c$/)];
  mkdirSync(directory, { recursive: true });
  const common = ['-O2', '-std=gnu11', '-D_GNU_SOURCE', '-Inative/include', '-Inative/core'];
  await run(compiler, [...flags, ...common, ...sources, '-lm', '-lpthread', '-o', path], { cwd: root });
  return path;
}
