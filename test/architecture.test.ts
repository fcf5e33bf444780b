/**
 * The layers of the project, held by a test: imports point downwards only, and what only some files may do is done by
 * no other. The rules are functions of file names and texts, and each is shown to see a violation.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A file of the project: its path from the root, and its text. */
type Files = ReadonlyMap<string, string>;

/** From the top to the bottom. A file may import from its own layer and from those below. */
const layers = ['cli', 'server', 'fastify', 'opentelemetry', 'index', 'metrics', 'store', 'binding', 'errors'];

function read(...directories: string[]): Files {
  const paths = directories.flatMap((directory) => filesBelow(join(root, directory)));
  return new Map(paths.map((path) => [posix.relative(root, path), readFileSync(path, 'utf8')]));
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function layerOf(path: string): number {
  return layers.indexOf(path.replace(/^src\//, '').replace(/(\/.*|\.ts)$/, ''));
}

/** Everything that a TypeScript file imports, types and dynamic imports included. */
function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const patterns = [
    /\bfrom\s*['"]([^'"]+)['"]/g,
    /\bimport\s*\(?\s*['"]([^'"]+)['"]/g,
    /\brequire\s*\(\s*['"]([^'"]+)['"]/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, specifier = '']) => specifier));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

function upwardImports(files: Files): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    if (layerOf(path) < 0) found.push(`${path} is in no layer`);
    for (const specifier of importsOf(text)) {
      const ours = specifier.startsWith('.') || specifier.startsWith('#');
      if (specifier === 'percpu-metrics' || specifier.startsWith('percpu-metrics/') || specifier.startsWith('#')) {
        found.push(`${path} imports ${specifier}, and not by a relative path`);
      } else if (ours) {
        const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
        const from = layerOf(path);
        if (!target.startsWith('src/') || layerOf(target) < from)
          found.push(`${path} imports ${target}, which is above it`);
      }
    }
  }
  return found;
}

function fastifyBelowItsLayer(files: Files): string[] {
  const isFastify = (name: string) => /^(fastify|fastify-plugin|@fastify\/.*)(\/|$)/.test(name);
  return [...files]
    .filter(([path, text]) => layerOf(path) > layers.indexOf('fastify') && importsOf(text).some(isFastify))
    .map(([path]) => `${path} imports Fastify`);
}

function opentelemetryOutside(files: Files): string[] {
  return [...files]
    .filter(
      ([path, text]) => !path.startsWith('src/opentelemetry/') && /['"]@opentelemetry\//.test(withoutComments(text)),
    )
    .map(([path]) => `${path} imports OpenTelemetry, which is an optional dependency`);
}

function secondLoaders(files: Files): string[] {
  return [...files]
    .filter(
      ([path, text]) =>
        path !== 'src/binding.ts' && /node-gyp-build|\.node['"]|process\.dlopen/.test(withoutComments(text)),
    )
    .map(([path]) => `${path} loads a native addon`);
}

function processUses(files: Files): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    if (path.startsWith('src/cli/') || path === 'src/server/config.ts') continue;
    const code = withoutComments(text);
    if (path !== 'src/store/location.ts' && /\bprocess\??\.env\b/.test(code))
      found.push(`${path} reads the environment`);
    if (/\bprocess\??\.(exit|exitCode|abort|kill)\b/.test(code)) found.push(`${path} ends the process`);
    if (path !== 'src/store/sigbus.ts' && /\bprocess\??\.(on|once|addListener|prependListener)\b/.test(code))
      found.push(`${path} listens to the process`);
    if (importsOf(text).some((name) => /^(node:)?process$/.test(name))) found.push(`${path} imports process`);
  }
  return found;
}

function nodeHeaders(files: Files): string[] {
  return [...files]
    .filter(([, text]) => /^\s*#\s*include\s*[<"](node|v8|uv|napi|node_api|js_native_api|libplatform)\b/m.test(text))
    .map(([path]) => `${path} includes a header of Node`);
}

/** A test that cannot be run says so by its `skip` option, which is an error where nothing may be skipped. */
function vanishingTests(files: Files): string[] {
  return [...files]
    .filter(([, text]) => /\bconst test\w*\s*=[^;]*\(\) => \{\}/.test(withoutComments(text)))
    .map(([path]) => `${path} declares tests that vanish`);
}

/** The table of promises: each row names tests that are there, and a command that runs them. */
function brokenRows(files: Files): string[] {
  const found: string[] = [];
  for (const text of files.values()) {
    for (const row of text.split('\n').filter((line) => /^\| (?!---|promised )/.test(line))) {
      const cells = row.split('|').map((cell) => cell.trim());
      const named = [...(cells[3] ?? '').matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
      // All of the core's tests are one program.
      const words = (cells[5] ?? '').replaceAll('core_test', 'native/test/core_').match(/[\w./-]{4,}/g) ?? [];
      const parts = words.filter((word) => word !== 'test');
      if (named.length === 0) found.push(`${row} names no test`);
      for (const path of named) {
        if (!existsSync(join(root, path))) found.push(`${row} names ${path}, which is not there`);
        else if (!parts.some((part) => path.includes(part)))
          found.push(`${row} has a command that does not run ${path}`);
      }
    }
  }
  return found;
}

const sources = read('src');

test('imports point downwards only', () => {
  assert.deepEqual(upwardImports(sources), []);
});

test('nothing below the plugin imports Fastify', () => {
  assert.deepEqual(fastifyBelowItsLayer(sources), []);
});

test('OpenTelemetry is imported by its entry point only', () => {
  assert.deepEqual(opentelemetryOutside(sources), []);
});

test('one file, and only one, loads the addon', () => {
  assert.deepEqual(secondLoaders(sources), []);
  assert.match(sources.get('src/binding.ts') ?? '', /node-gyp-build/);
});

test('only the command and the configuration of the server deal with the process', () => {
  assert.deepEqual(processUses(sources), []);
});

test('the core and the exposition know nothing of Node', () => {
  const files = read('native/core', 'native/exposition', 'native/include');
  assert.ok(files.size > 5, `only ${files.size} files found`);
  assert.deepEqual(nodeHeaders(files), []);
});

test('tests are skipped with a reason, and none vanishes', () => {
  assert.deepEqual(vanishingTests(read('test')), []);
});

test('each row of the table of promises names its tests and the command that runs them', () => {
  const path = 'docs/correctness.md';
  const text = readFileSync(join(root, path), 'utf8');
  assert.deepEqual(brokenRows(new Map([[path, text]])), []);
  for (const name of readdirSync(join(root, 'test/proof')).filter((file) => file.endsWith('.test.ts'))) {
    assert.ok(text.includes(`\`test/proof/${name}\``), `${name} has no row`);
  }
});

for (const [what, rule, path, text, message] of [
  ['a row that points to another', brokenRows, 'a.md', '| a | b | same | c | same |', /names no test/],
  ['a row of a test that is gone', brokenRows, 'a.md', '| a | b | `test/no.ts` | c | `npm test -- no` |', /not there/],
  [
    'a row with the command of another test',
    brokenRows,
    'a.md',
    '| a | b | `test/proof/model.test.ts` | c | `npm test -- proof/fuzz` |',
    /does not run/,
  ],
  [
    'an upward import',
    upwardImports,
    'src/store/a.ts',
    "import { b } from '../metrics/b.js';",
    /metrics\/b\.ts, which is above/,
  ],
  [
    'an upward import of a type',
    upwardImports,
    'src/errors.ts',
    "import type { B } from './binding.js';",
    /which is above/,
  ],
  [
    'an upward re-export',
    upwardImports,
    'src/store/a.ts',
    "export * from '../index.js';",
    /src\/index\.ts, which is above/,
  ],
  ['an upward dynamic import', upwardImports, 'src/metrics/a.ts', "await import('../fastify/b.js');", /which is above/],
  [
    'an upward import of several lines',
    upwardImports,
    'src/fastify/a.ts',
    "import {\n  b,\n} from '../server/b.js';",
    /above/,
  ],
  ['an import for its effects', upwardImports, 'src/metrics/a.ts', "import '../cli/main.js';", /which is above/],
  [
    'an import out of the sources',
    upwardImports,
    'src/cli/a.ts',
    "import { b } from '../../test/b.js';",
    /which is above/,
  ],
  [
    'an import by the name of the package',
    upwardImports,
    'src/store/a.ts',
    "import 'percpu-metrics/fastify';",
    /relative/,
  ],
  [
    'a test that vanishes',
    vanishingTests,
    'test/deploy/a.test.ts',
    // In two parts, or this file would seem to have one.
    'const testAsRoot =\n  isRoot ? test : NOTHING;'.replace('NOTHING', '() => {}'),
    /vanish/,
  ],
  ['a file in no layer', upwardImports, 'src/extra/a.ts', '', /in no layer/],
  [
    'Fastify in the metrics',
    fastifyBelowItsLayer,
    'src/metrics/a.ts',
    "import type { X } from 'fastify';",
    /imports Fastify/,
  ],
  [
    'Fastify in the main entry',
    fastifyBelowItsLayer,
    'src/index.ts',
    "import fp from 'fastify-plugin';",
    /imports Fastify/,
  ],
  [
    'OpenTelemetry in the metrics',
    opentelemetryOutside,
    'src/metrics/a.ts',
    "import type { X } from '@opentelemetry/api';",
    /OpenTelemetry/,
  ],
  ['a second loader', secondLoaders, 'src/store/a.ts', "require('node-gyp-build')(root);", /loads a native addon/],
  [
    'a loader by file name',
    secondLoaders,
    'src/store/a.ts',
    "require('./percpu_metrics.node');",
    /loads a native addon/,
  ],
  ['the environment in the metrics', processUses, 'src/metrics/a.ts', 'const x = process.env.X;', /environment/],
  ['an exit in the server', processUses, 'src/server/app.ts', 'process.exit(1);', /ends the process/],
  ['a signal handler in the plugin', processUses, 'src/fastify/a.ts', "process.once('SIGTERM', f);", /listens/],
  ['a handler in the store', processUses, 'src/store/location.ts', "process.on('exit', f);", /listens/],
  ['process by import', processUses, 'src/store/a.ts', "import { env } from 'node:process';", /imports process/],
  ['Node-API in the core', nodeHeaders, 'native/core/a.c', '#include <node_api.h>', /header of Node/],
  ['libuv in the exposition', nodeHeaders, 'native/exposition/a.cc', '  # include "uv.h"', /header of Node/],
] as const) {
  test(`the rules see ${what}`, () => {
    const found = rule(new Map([[path, text]]));
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.match(found[0] ?? '', message);
  });
}

test('the rules leave alone what is right', () => {
  const files = new Map([
    ['src/cli/main.ts', "import { a } from '../server/a.js';\nprocess.exit(0);\nconst x = process.env.X;"],
    [
      'src/store/a.ts',
      "// from '../metrics/b.js'\n/* process.exit() */\nimport { b } from './b.js';\nimport '../errors.js';",
    ],
    ['src/server/config.ts', "process.once('SIGTERM', stop);"],
    ['src/fastify/a.ts', "import fp from 'fastify-plugin';\nimport type { Store } from '../metrics/store.js';"],
  ]);
  for (const rule of [upwardImports, fastifyBelowItsLayer, opentelemetryOutside, secondLoaders, processUses]) {
    assert.deepEqual(rule(files), []);
  }
});
