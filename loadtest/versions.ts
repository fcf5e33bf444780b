/** What was measured: the versions of this package and of what it is compared with, as they are installed. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './results.js';

const INSTALLED = [
  '@opentelemetry/sdk-metrics',
  '@prometheus-io/client',
  'autocannon',
  'fastify',
  'fastify-metrics',
  'fastify-metrics-14',
  'prom-client',
] as const;

function versionIn(directory: string): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, directory, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

/** The commit of the clone, `-dirty` where it was changed since; `null` where there is no clone or no git. */
function commit(): string | null {
  try {
    const description = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return description.trim();
  } catch {
    return null;
  }
}

/** Versions by name of the package; `commit` is that of this one. */
export function describeVersions(): Record<string, string | null> {
  return {
    'percpu-metrics': versionIn('.'),
    commit: commit(),
    ...Object.fromEntries(INSTALLED.map((name) => [name, versionIn(`node_modules/${name}`)])),
  };
}

/** What a benchmark of increments compares, in a line. */
export function summarizeVersions(versions: Readonly<Record<string, string | null>>): string {
  const { commit } = versions;
  const of = (name: string): string => `${name} ${versions[name]}`;
  return `${of('percpu-metrics')} (commit ${commit ?? 'unknown'}), ${of('prom-client')}`;
}
