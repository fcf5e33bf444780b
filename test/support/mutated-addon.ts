/**
 * Addons with a fault of the core or the exposition in them, within a second each: the files that a mutation changes are compiled, and
 * linked in front of everything else that the project's own addon was made from.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Mutation, mutatedTree } from './native-variant.js';
import { temporaryDirectory } from './temporary-directory.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const built = join(root, 'build', 'Release');
const includes = ['-Iinclude', '-Icore', '-Iexposition'];
const flags = ['-D_GNU_SOURCE', '-O1', '-fPIC', '-fvisibility=hidden', '-pthread', ...includes];

/** The files of a copy of native/ that are not what they are in the project. */
function changedFiles(tree: string): string[] {
  return ['core', 'exposition']
    .flatMap((directory) =>
      readdirSync(join(tree, directory), { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name)),
    )
    .filter((path) => /\.cc?$/.test(path))
    .filter((path) => !readFileSync(join(tree, path)).equals(readFileSync(join(root, 'native', path))));
}

/** Builds the addon with a mutation, and with flags for what is changed; gives a directory that holds prebuilds/. */
export function mutatedAddon(t: TestContext, mutation: Mutation, extra: readonly string[] = []): string {
  const tree = mutatedTree(mutation);
  const directory = temporaryDirectory(t);
  const changed = changedFiles(tree).map((path, index) => {
    const object = join(directory, `${index}.o`);
    const [compiler = '', ...own] = path.endsWith('.c') ? ['gcc', '-std=gnu11'] : ['g++', '-std=gnu++17', '-fno-rtti'];
    execFileSync(compiler, [...own, ...flags, ...extra, '-c', path, '-o', object], { cwd: tree });
    return object;
  });
  const addon = join(built, 'obj.target', 'percpu_metrics', 'native', 'addon');
  const objects = readdirSync(addon).filter((name) => name.endsWith('.o'));
  const prebuilds = join(directory, 'prebuilds', `linux-${process.arch}`);
  mkdirSync(prebuilds, { recursive: true });
  // What an object in front defines is not taken out of a library.
  execFileSync('g++', [
    ...extra,
    ...['-shared', '-pthread', '-Wl,-z,nodelete', '-o', join(prebuilds, 'percpu-metrics.glibc.node')],
    ...changed,
    ...objects.map((name) => join(addon, name)),
    ...['pcm_exposition.a', 'pcm_core.a'].map((name) => join(built, name)),
  ]);
  return directory;
}
