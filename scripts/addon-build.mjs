/**
 * Builds addons other than the one of this machine's Node.js: for another version, another architecture or with other
 * flags. Each is built in a copy of the sources below build/, so that the addon in use stays as it is, and anew only
 * when a source has changed. `node scripts/addon-build.mjs node VERSION` builds with the headers of that version,
 * `node scripts/addon-build.mjs no-rseq` without critical sections; both print the path of the addon.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand, runQuietly } from './command.mjs';
import { fetchNode } from './downloads.mjs';
import { isStale, leaveStamp } from './freshness.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the addon is built from. */
export const addonSources = ['binding.gyp', 'package.json', 'native/addon', 'native/core', 'native/exposition'].concat([
  'native/include',
]);

/** Copies files of the project into a directory that is emptied before. */
export function copySources(directory, sources) {
  rmSync(directory, { recursive: true, force: true });
  for (const source of sources) {
    mkdirSync(dirname(join(directory, source)), { recursive: true });
    cpSync(join(root, source), join(directory, source), { recursive: true, preserveTimestamps: true });
  }
}

/** Builds the addon below build/addons/NAME and gives the path of the .node file. */
export function buildAddon(name, { nodedir, arguments: extra = [], env = {} }) {
  const directory = join(root, 'build', 'addons', name);
  const product = join(directory, 'build', 'Release', 'percpu_metrics.node');
  const build = {
    stamp: join(directory, 'stamp.json'),
    product,
    inputs: addonSources.map((source) => join(root, source)),
    conditions: [nodedir ?? process.version, ...extra, ...Object.values(env)],
    development: true,
  };
  if (isStale(build)) {
    const startedAt = Date.now();
    copySources(directory, addonSources);
    const settings = nodedir ? { npm_config_nodedir: nodedir } : {};
    runQuietly(
      `building the addon: ${name}`,
      [...npmCommand(), 'run', '--silent', 'build:addon', '--', ...extra, ...(nodedir ? [`--nodedir=${nodedir}`] : [])],
      { cwd: directory, env: { ...process.env, ...settings, ...env } },
    );
    leaveStamp(build, startedAt);
  }
  return product;
}

const kinds = {
  node: (version) => buildAddon(`node-${version}`, { nodedir: fetchNode(version) }),
  'no-rseq': () => buildAddon('no-rseq', { env: { CFLAGS: '-DPCM_NO_RSEQ', CXXFLAGS: '-DPCM_NO_RSEQ' } }),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, ...args] = process.argv.slice(2);
  if (!Object.hasOwn(kinds, kind)) {
    throw new Error(`which addon is to be built? One of ${Object.keys(kinds).join(', ')}, and not ${kind}`);
  }
  console.log(kinds[kind](...args));
}
