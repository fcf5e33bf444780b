/**
 * Builds what the package is published with: `npm run prebuilds` compiles the addon in a copy of the sources and leaves
 * prebuilds/linux-ARCH/, which node-gyp-build prefers to compiling at the user's. `--headers DIRECTORY` names the
 * directory of a Node.js with its include/, `--out DIRECTORY` another directory than the project.
 */
import { cpSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addonSources, copySources } from './addon-build.mjs';
import { runQuietly } from './command.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { headers: { type: 'string' }, out: { type: 'string', default: root } } });
const isOurs = values.out === root;
// Several may be built at once for other places; that of the project is built at one path, of which the code could tell.
const copy = join(root, 'build', isOurs ? 'prebuild' : `prebuild-${process.pid}`);
const prebuildify = join(root, 'node_modules', 'prebuildify', 'bin.js');
const headers = values.headers ? { npm_config_nodedir: resolve(values.headers) } : {};

copySources(copy, addonSources);
try {
  // Node-API makes one binary do for every version of Node.js; --tag-libc says in its name which C library it is for.
  runQuietly('building the addon for publication', [process.execPath, prebuildify, '--napi', '--strip', '--tag-libc'], {
    cwd: copy,
    // How many files node-gyp has compiled at a time: as many as there are CPUs.
    env: { JOBS: 'max', ...process.env, ...headers },
  });
  cpSync(join(copy, 'prebuilds'), join(values.out, 'prebuilds'), { recursive: true });
} finally {
  if (!isOurs) rmSync(copy, { recursive: true });
}
