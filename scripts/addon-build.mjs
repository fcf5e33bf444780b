/**
 * Builds addons other than the one in use, such as for another architecture. Each is built in a copy of the sources below
 * build/, so that the addon in use stays as it is, and anew only when a source has changed.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand, runQuietly } from './command.mjs';
import { isStale, leaveStamp } from './freshness.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the addon is built from. */
export const addonSources = [
  'binding.gyp',
  'package.json',
  'native/addon',
  'native/core',
  'native/exposition',
  'native/include',
];

/** Copies files of the project into a directory that is emptied before. */
export function copySources(directory, sources) {
  rmSync(directory, { recursive: true, force: true });
  for (const source of sources) {
    mkdirSync(dirname(join(directory, source)), { recursive: true });
    cpSync(join(root, source), join(directory, source), { recursive: true, preserveTimestamps: true });
  }
}

/** Builds the addon with the headers of a Node.js below build/addons/NAME, and gives the path of the .node file. */
export function buildAddon(name, { nodedir, arguments: extra, env }) {
  const directory = join(root, 'build', 'addons', name);
  const product = join(directory, 'build', 'Release', 'percpu_metrics.node');
  const build = {
    stamp: join(directory, 'stamp.json'),
    product,
    inputs: addonSources.map((source) => join(root, source)),
    conditions: [nodedir, ...extra, ...Object.values(env)],
    development: true,
  };
  if (isStale(build)) {
    const startedAt = Date.now();
    copySources(directory, addonSources);
    runQuietly(
      `building the addon: ${name}`,
      [...npmCommand(), 'run', '--silent', 'build:addon', '--', ...extra, `--nodedir=${nodedir}`],
      { cwd: directory, env: { ...process.env, npm_config_nodedir: nodedir, ...env } },
    );
    leaveStamp(build, startedAt);
  }
  return product;
}
