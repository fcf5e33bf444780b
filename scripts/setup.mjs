/**
 * Makes a clone ready: `node scripts/setup.mjs` for serving, `--development` for tests, benchmarks and load tests as
 * well. Checks the machine, installs the locked dependencies and builds the addon and the TypeScript sources, each
 * only where something changed since the last time; says nothing where there is nothing to do. Plain JavaScript
 * without dependencies, because it runs before there are any.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand, runQuietly } from './command.mjs';
import { dependenciesAreStale, isStale, leaveStamp, removeOrphans } from './freshness.mjs';
import { nodeComplaint, toolComplaint } from './toolchain.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => join(root, ...parts);
const development = process.argv.includes('--development');

function refuse(complaint) {
  if (complaint) {
    process.stderr.write(`percpu-metrics: ${complaint}\n`);
    process.exit(1);
  }
}

/** The version of an installed package; unknown until it is installed, which makes whatever depends on it stale. */
function installedVersion(name) {
  try {
    return JSON.parse(readFileSync(inRoot('node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return 'none';
  }
}

function nativeBuild() {
  const flags = ['CC', 'CXX', 'CPPFLAGS', 'CFLAGS', 'CXXFLAGS', 'LDFLAGS'].map((name) => process.env[name] ?? '');
  const parts = development ? [''] : ['addon', 'core', 'exposition', 'include'];
  return {
    stamp: inRoot('build', 'stamps', 'native.json'),
    product: inRoot('build', 'Release', 'percpu_metrics.node'),
    inputs: [inRoot('binding.gyp'), ...parts.map((part) => inRoot('native', part))],
    conditions: [process.versions.modules, process.arch, installedVersion('node-addon-api'), ...flags],
    development,
  };
}

function typescriptBuild() {
  const parts = development ? ['src', 'test', 'loadtest', 'tsconfig.test.json'] : ['src'];
  return {
    stamp: inRoot('build', 'stamps', 'typescript.json'),
    product: inRoot('dist', 'index.js'),
    inputs: [...parts, 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'].map((part) =>
      inRoot(part),
    ),
    conditions: [installedVersion('typescript')],
    development,
  };
}

function installDependencies() {
  // Scripts of packages are not needed: our own builds are started below, and no dependency has any that matters.
  // Development dependencies are: the compiler is one, whatever NODE_ENV says.
  const arguments_ = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
  runQuietly('installing dependencies', [...npmCommand(), ...arguments_], { cwd: root });
}

function buildNative() {
  const startedAt = Date.now();
  const script = development ? 'build:native' : 'build:addon';
  runQuietly(
    development ? 'building the addon and its tests' : 'building the addon',
    [...npmCommand(), 'run', script],
    { cwd: root },
  );
  leaveStamp(nativeBuild(), startedAt);
}

function buildTypescript() {
  const startedAt = Date.now();
  const compiler = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  const projects = development ? ['tsconfig.build.json', 'tsconfig.test.json'] : ['tsconfig.build.json'];
  removeOrphans(inRoot('dist'), inRoot('src'));
  if (development) {
    removeOrphans(inRoot('out', 'test'), inRoot('test'));
    removeOrphans(inRoot('out', 'loadtest'), inRoot('loadtest'));
  }
  for (const project of projects) {
    runQuietly(`compiling ${project}`, [process.execPath, compiler, '-p', project], { cwd: root });
  }
  leaveStamp(typescriptBuild(), startedAt);
}

refuse(nodeComplaint());
const install = dependenciesAreStale(root);
refuse(toolComplaint({ compile: isStale(nativeBuild()), install }));
if (install) {
  installDependencies();
}
if (isStale(nativeBuild())) {
  buildNative();
}
if (isStale(typescriptBuild())) {
  buildTypescript();
}
