/**
 * Checks form and habits: biome over everything that it knows, clang-format over the native code, clang-tidy over the
 * native code that knows nothing of Node. With --write the first two put right what they can. A clang tool that is
 * not installed is skipped with a line that says so, and is an error with CI=true. Types are checked by the build.
 */
import { readdirSync } from 'node:fs';
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

/** Runs a tool of Debian if it is there; whether there is nothing to complain about. */
function lintNative(tool, args) {
  if (commandExists(tool)) {
    return runVisibly([tool, ...args], { cwd: root });
  }
  console.log(`lint: ${tool} is not installed (on Debian or Ubuntu: apt-get install ${tool}): skipped`);
  return !required;
}

function formatNative() {
  const files = sources('native', '.c', '.cc', '.cpp', '.h', '.hpp');
  return lintNative('clang-format', [...(write ? ['-i'] : ['--dry-run', '-Werror']), ...files]);
}

function tidyNative() {
  const c = sources('native/core', '.c');
  const cxx = sources('native/exposition', '.cc', '.cpp');
  const includes = ['native/include', 'native/core', 'native/core/rseq', 'native/exposition'].map(
    (path) => `-I${path}`,
  );
  const tidy = (files, standard) =>
    files.length === 0 || lintNative('clang-tidy', ['--quiet', ...files, '--', standard, '-D_GNU_SOURCE', ...includes]);
  // Both, so that one run says everything.
  return [tidy(c, '-std=gnu11'), tidy(cxx, '-std=gnu++17')].every(Boolean);
}

const results = { biome: lintTypescript(), 'clang-format': formatNative(), 'clang-tidy': tidyNative() };
const failed = Object.keys(results).filter((name) => !results[name]);
console.log(failed.length === 0 ? 'lint: clean' : `lint: ${failed.join(', ')} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
