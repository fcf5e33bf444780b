/** The pod of deploy/kubernetes, played by podman. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type Containers, IMAGE } from './containers.js';
import { freePort } from './free-port.js';
import { type Manifest, parseManifests } from './manifests.js';

const deployment = fileURLToPath(new URL('../../../deploy/kubernetes/base/deployment.yaml', import.meta.url));

/** A container of a pod: its name, and where it is asked. */
export interface PodContainer {
  readonly container: string;
  readonly url: string;
}

/** The containers of the pod, and the name of the volume that they share. */
export interface Pod {
  readonly application: PodContainer;
  readonly sidecar: PodContainer;
  readonly volume: string;
}

/**
 * Starts the pod with what podman has in place of what a cluster has: the volume in memory is a tmpfs that the group of
 * the pod owns, as kubelet makes it for `fsGroup`; the containers have the network of the host and ports of their own;
 * nobody probes them, and nobody but the test restarts them.
 */
export async function playPod(t: TestContext, containers: Containers): Promise<Pod> {
  const [manifest] = parseManifests(readFileSync(deployment, 'utf8')) as [Manifest];
  const name = `pod${process.pid}`;
  const { spec } = structuredClone(manifest['spec'].template);
  const group = spec.securityContext.fsGroup;
  const options = `nodev,mode=2770,gid=${group}`;
  containers.podman('volume', 'create', '--opt=type=tmpfs', '--opt=device=tmpfs', '--opt', `o=${options}`, name);
  const started: Record<string, PodContainer> = {};
  for (const container of spec.containers) {
    const port = await freePort();
    const address: Record<string, string> = { HOST: '127.0.0.1', PORT: String(port) };
    started[container.name] = { container: `${name}-${container.name}`, url: `http://127.0.0.1:${port}` };
    container.image = IMAGE;
    container.imagePullPolicy = 'Never';
    container.env = container.env.map((one: { name: string; value: string }) => ({
      name: one.name,
      value: address[one.name] ?? one.value,
    }));
    // A share of the CPUs that is all the smaller, the busier the machine of the test is.
    delete container.resources.requests;
    // podman does not hand this one down from the pod to its containers.
    container.securityContext.runAsGroup = spec.securityContext.runAsGroup;
    for (const key of ['startupProbe', 'livenessProbe', 'readinessProbe', 'ports']) delete container[key];
  }
  spec.hostNetwork = true;
  spec.restartPolicy = 'Never';
  spec.volumes = [{ name: 'store', persistentVolumeClaim: { claimName: name } }];
  delete spec.serviceAccountName;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec };
  const file = join(containers.directory, 'pod.yaml');
  writeFileSync(file, stringify(pod, { aliasDuplicateObjects: false }));
  t.after(() => containers.podman('pod', 'rm', '--ignore', '--force', '--time', '0', name));
  containers.podman('play', 'kube', '--network', 'host', file);
  const { application, sidecar } = started;
  if (!application || !sidecar) throw new Error(`no application or no sidecar in ${deployment}`);
  return { application, sidecar, volume: name };
}
