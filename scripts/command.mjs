/**
 * Runs other programs for the scripts. Whatever they print is kept back and shown only where they fail, so that a
 * build that works says one line; nothing is interpreted by a shell.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const outputLimit = 64 * 1024 * 1024;

/** Whether a program of this name, or at this path, can be run. */
export function commandExists(name) {
  const candidates = name.includes('/')
    ? [name]
    : (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name));
  return candidates.some((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/** The first of these programs that exists. */
export function findCommand(...names) {
  return names.find((name) => name !== undefined && name !== '' && commandExists(name));
}

/** How npm is called: by the file that started us if it was npm, so that its version and settings stay the same. */
export function npmCommand() {
  const path = process.env.npm_execpath ?? '';
  return path.endsWith('npm-cli.js') ? [process.execPath, path] : ['npm'];
}

/** Runs a program to its end; prints what it said and ends this process with status 1 where it fails. */
export function runQuietly(title, [file, ...args], options = {}) {
  process.stderr.write(`percpu-metrics: ${title}\n`);
  const result = spawnSync(file, args, { encoding: 'utf8', maxBuffer: outputLimit, ...options });
  if (result.status === 0) {
    return;
  }
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  const outcome = result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `status ${result.status}`);
  process.stderr.write(`percpu-metrics: ${title} failed (${outcome}): ${[file, ...args].join(' ')}\n`);
  process.exit(1);
}

/** Runs a program with this terminal as its own; whether it succeeded. */
export function runVisibly([file, ...args], options = {}) {
  const result = spawnSync(file, args, { stdio: 'inherit', ...options });
  if (result.error) {
    process.stderr.write(`percpu-metrics: cannot run ${file}: ${result.error.message}\n`);
  }
  return result.status === 0;
}
