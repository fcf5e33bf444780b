/**
 * The Kubernetes manifests of this project, as kubectl renders them and checked against the API's types. The compiler
 * does the checking: a manifest becomes a literal of its type, in which an unknown key is an error.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const kubernetes = join(root, 'deploy', 'kubernetes');

/** A manifest, of which tests look at what they know. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: what is in it depends on the kind, and the compiler has checked that.
  readonly [key: string]: any;
}

/** The manifests in a text. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS({ maxAliasCount: 0 }) as Manifest);
}

/** Whether this machine has a kubectl whose kustomize knows components. */
export function canKustomize(): boolean {
  return spawnSync('kubectl', ['kustomize', join(kubernetes, 'overlays', 'operator')]).status === 0;
}

/** What kubectl's kustomize makes of a directory below deploy/kubernetes. */
export function kustomizeByKubectl(directory: string): Manifest[] {
  const text = execFileSync('kubectl', ['kustomize', join(kubernetes, directory)], { encoding: 'utf8' });
  return parseManifests(text);
}

function typeOf({ apiVersion, kind }: Manifest): string {
  const pack = apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models';
  return `import('${pack}/${apiVersion}').I${kind}`;
}

/** What the compiler says against manifests; an empty text where they are right. */
export function complaintsAbout(manifests: readonly Manifest[]): string {
  const directory = join(root, 'build', `manifests-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  try {
    const literals = manifests.map((manifest) => `(${JSON.stringify(manifest)}) satisfies ${typeOf(manifest)};`);
    const file = join(directory, 'manifests.ts');
    writeFileSync(file, `${literals.join('\n')}\nexport {};\n`);
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...options, file], { encoding: 'utf8' });
    return status === 0 ? '' : `${stdout}${stderr}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
