/**
 * As much of kustomize as the manifests of this project need, for machines whose kubectl is too old for components:
 * resources, components, labels, images, and patches of both kinds. What it does not know it refuses. Where there is a
 * new kubectl, test/deploy/kubernetes.test.ts holds the one against the other.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { type Manifest, parseManifests } from './manifests.js';

// biome-ignore lint/suspicious/noExplicitAny: the compiler checks what comes out, see complaintsAbout.
type Tree = any;

const KNOWN = new Set(['apiVersion', 'kind', 'resources', 'components', 'labels', 'images', 'patches']);

/** Puts a patch over a tree: objects key by key, all else as a whole. Lists would need their merge keys: refused. */
function merge(target: Tree, patch: Tree): Tree {
  if (Array.isArray(patch)) throw new Error('a patch with a list is not known here');
  if (typeof patch !== 'object' || patch === null) return patch;
  const merged = { ...target };
  for (const [key, value] of Object.entries(patch)) merged[key] = merge(merged[key], value);
  return merged;
}

function parentOf(tree: Tree, pointer: string): [Tree, string] {
  const keys = pointer.split('/').slice(1);
  const last = keys.pop() ?? '';
  return [keys.reduce((node, key) => node[key], tree), last];
}

function take(tree: Tree, pointer: string): Tree {
  const [parent, key] = parentOf(tree, pointer);
  if (Array.isArray(parent)) return parent.splice(Number(key), 1)[0];
  const value = parent[key];
  delete parent[key];
  return value;
}

function put(tree: Tree, pointer: string, value: Tree): void {
  const [parent, key] = parentOf(tree, pointer);
  if (Array.isArray(parent)) parent.splice(Number(key), 0, value);
  else parent[key] = value;
}

function patched(manifest: Manifest, text: string): Manifest {
  const patch = parse(text);
  if (!Array.isArray(patch)) return merge(manifest, patch);
  const tree = structuredClone(manifest);
  for (const { op, from, path, value } of patch) {
    if (op === 'move') put(tree, path, take(tree, from));
    else if (op === 'add') put(tree, path, value);
    else throw new Error(`the operation ${op} is not known here`);
  }
  return tree;
}

function labelled(manifest: Manifest, pairs: Readonly<Record<string, string>>): Manifest {
  const labels = { metadata: { labels: pairs } };
  const selectors: Record<string, Tree> = {
    Deployment: { spec: { selector: { matchLabels: pairs }, template: labels } },
    Service: { spec: { selector: pairs } },
  };
  return merge(manifest, merge(labels, selectors[manifest.kind] ?? {}));
}

function withImages(manifest: Manifest, images: readonly Tree[]): Manifest {
  const tree = structuredClone(manifest);
  const pod = tree['spec']?.template?.spec;
  for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
    const image = images.find(({ name }) => name === container.image);
    if (image) container.image = `${image.newName}:${image.newTag}`;
  }
  return tree;
}

/** What the kustomization in a directory makes of the manifests it is given and its own. */
export function renderKustomization(directory: string, given: readonly Manifest[] = []): Manifest[] {
  const kustomization: Tree = parse(readFileSync(join(directory, 'kustomization.yaml'), 'utf8'));
  for (const key of Object.keys(kustomization)) if (!KNOWN.has(key)) throw new Error(`${key} is not known here`);
  const { resources = [], components = [], labels = [], images = [], patches = [] } = kustomization;
  let manifests: Manifest[] = [...given];
  for (const name of resources) {
    const path = join(directory, name);
    const isDirectory = statSync(path).isDirectory();
    manifests.push(...(isDirectory ? renderKustomization(path) : parseManifests(readFileSync(path, 'utf8'))));
  }
  for (const name of components) manifests = renderKustomization(join(directory, name), manifests);
  for (const { target, patch } of patches) {
    const wanted = ({ kind, metadata }: Tree) => isDeepStrictEqual({ kind, name: metadata.name }, target);
    if (!manifests.some(wanted)) throw new Error(`nothing to patch: ${JSON.stringify(target)}`);
    manifests = manifests.map((one) => (wanted(one) ? patched(one, patch) : one));
  }
  for (const { pairs, includeSelectors, includeTemplates } of labels) {
    if (!includeSelectors || !includeTemplates) throw new Error('labels are known here for selectors and templates');
    manifests = manifests.map((one) => labelled(one, pairs));
  }
  return manifests.map((one) => withImages(one, images));
}
