/**
 * Checks form and habits: biome over everything that it knows, clang-format over the native code, clang-tidy over the
 * native code that knows nothing of Node. With --write the first two put right what they can. A clang tool that is
 * not installed is skipped with a line that says so, and is an error with CI=true. Types are checked by the build.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandExists, runVisibly } from './command.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const write = process.argv.includes('--write');
const required = process.env.CI === 'true';

/** Paths below the root of all files with one of these extensions. */
function sources(directory, ...extensions) {
  return readdirSync(join(root, directory), { recursive: true })
    .map((name) => join(directory, name))
    .filter((path) => extensions.includes(extname(path)))
    .sort();
}

function lintTypescript() {
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  return runVisibly([process.execPath, biome, 'check', '--error-on-warnings', ...(write ? ['--write'] : []), '.'], {
    cwd: root,
  });
}

/** Checks with a tool of Debian if it is there; whether there is nothing to complain about. */
async function ifInstalled(tool, check) {
  if (commandExists(tool)) {
    return check();
  }
  console.log(`lint: ${tool} is not installed (on Debian or Ubuntu: apt-get install ${tool}): skipped`);
  return !required;
}

function formatNative() {
  const files = sources('native', '.c', '.cc', '.cpp', '.h', '.hpp');
  return runVisibly(['clang-format', ...(write ? ['-i'] : ['--dry-run', '-Werror']), ...files], { cwd: root });
}

/** One process for each file, as many at a time as there are CPUs. */
async function tidyNative() {
  const includes = ['native/include', 'native/core', 'native/core/rseq', 'native/exposition'].map(
    (path) => `-I${path}`,
  );
  // Those of C++ take longest.
  const queue = [
    ...sources('native/exposition', '.cc', '.cpp').map((file) => [file, '-std=gnu++17']),
    ...sources('native/core', '.c').map((file) => [file, '-std=gnu11']),
  ];
  const results = [];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [file, standard] = next;
      const args = ['--quiet', file, '--', standard, '-D_GNU_SOURCE', ...includes];
      const [status] = await once(spawn('clang-tidy', args, { cwd: root, stdio: 'inherit' }), 'close');
      results.push(status === 0);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results.every(Boolean);
}

const results = {
  biome: lintTypescript(),
  'clang-format': await ifInstalled('clang-format', formatNative),
  'clang-tidy': await ifInstalled('clang-tidy', tidyNative),
};
const failed = Object.keys(results).filter((name) => !results[name]);
console.log(failed.length === 0 ? 'lint: clean' : `lint: ${failed.join(', ')} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
