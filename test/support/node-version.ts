/**
 * Other versions of Node.js, and the addon that is built once and loads in all of them: the one that the package is
 * published with.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetched } from './guest.js';
import { temporaryDirectory } from './temporary-directory.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);

/** One of each line that is maintained; the first is the oldest that the package supports. */
export const nodeVersions = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'] as const;

/** The program of a version. */
export function nodeOf(version: (typeof nodeVersions)[number]): string {
  return join(fetched('node', version), 'bin', 'node');
}

/**
 * Builds with the headers of a version, the oldest by default, and flags of the compilers; gives a directory that holds
 * prebuilds/, and the file in it.
 */
export async function prebuiltAddon(
  t: TestContext,
  version: (typeof nodeVersions)[number] = nodeVersions[0],
  flags: readonly string[] = [],
): Promise<{ directory: string; file: string }> {
  const directory = temporaryDirectory(t);
  const headers = fetched('node', version);
  const args = ['run', '--silent', 'prebuilds', '--', '--headers', headers, '--out', directory];
  const env = flags.length === 0 ? process.env : { ...process.env, CFLAGS: flags.join(' '), CXXFLAGS: flags.join(' ') };
  await run('npm', args, { cwd: root, env, timeout: 900_000 });
  const file = join(directory, 'prebuilds', `linux-${process.arch}`, 'percpu-metrics.glibc.node');
  if (!existsSync(file)) {
    throw new Error(`npm ${args.join(' ')} has left no ${file}`);
  }
  return { directory, file };
}
