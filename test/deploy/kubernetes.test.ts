/** The manifests: right by the API's types, restricted, and what they promise. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { renderKustomization } from '../support/kustomization.js';
import {
  canKustomize,
  complaintsAbout,
  kustomizeByKubectl,
  type Manifest,
  parseManifests,
} from '../support/manifests.js';

const kubernetes = fileURLToPath(new URL('../../../deploy/kubernetes/', import.meta.url));
const kustomize = (directory: string) => renderKustomization(join(kubernetes, directory));
const overlays = readdirSync(join(kubernetes, 'overlays'));

/** All containers of the deployment, those that are init containers and stay included. */
function containersOf(manifests: readonly Manifest[]): Manifest[] {
  const pod = manifests.find(({ kind }) => kind === 'Deployment')?.['spec'].template.spec;
  return [...(pod.initContainers ?? []), ...pod.containers];
}

test('manifests are right by the types of the API, with no unknown key', () => {
  const files = readdirSync(kubernetes, { recursive: true, encoding: 'utf8' });
  const manifests = files
    .filter((name) => name.endsWith('.yaml') && !name.endsWith('kustomization.yaml'))
    .flatMap((name) => parseManifests(readFileSync(join(kubernetes, name), 'utf8')));
  assert.ok(manifests.length >= 6);
  // The selectors are empty until kustomize fills them in.
  assert.equal(complaintsAbout(manifests), '');
});

test('a manifest with an unknown key or a wrong type is refused', () => {
  const [service] = parseManifests(readFileSync(join(kubernetes, 'base', 'service.yaml'), 'utf8'));
  assert.ok(service);
  assert.match(complaintsAbout([{ ...service, spec: { ...service['spec'], portz: [] } }]), /portz.* does not exist/);
  assert.match(complaintsAbout([{ ...service, spec: { ports: [{ port: 'eighty' }] } }]), /not assignable/);
});

for (const overlay of overlays) {
  test(`the overlay ${overlay} is right by the types of the API, and restricted`, () => {
    const manifests = kustomize(join('overlays', overlay));
    assert.equal(complaintsAbout(manifests), '');
    const pod = manifests.find(({ kind }) => kind === 'Deployment')?.['spec'].template.spec;
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC, undefined);
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
    assert.deepEqual(pod.volumes, [{ name: 'store', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } }]);
    const containers = containersOf(manifests);
    assert.deepEqual(containers.map(({ name }) => name).sort(), ['application', 'sidecar']);
    for (const { securityContext, resources, readinessProbe, livenessProbe } of containers) {
      assert.equal(securityContext.allowPrivilegeEscalation, false);
      assert.equal(securityContext.readOnlyRootFilesystem, true);
      assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] });
      assert.ok(securityContext.runAsUser > 0);
      assert.ok(resources.requests.memory && resources.limits.memory);
      assert.ok(readinessProbe && livenessProbe);
    }
  });
}

// Debian's kubectl (kubernetes-client 1.20) has a kustomize without components. In CI, where it may be the only one and
// nothing is skipped, the overlays are looked at as renderKustomization makes them, and the title says that it was alone.
const hasKubectl = canKustomize();
const isStrict = process.env['PERCPU_METRICS_NO_SKIP'] === '1';
const skip = hasKubectl || isStrict ? false : 'needs a kubectl whose kustomize knows components (1.21 or later)';
const title = hasKubectl
  ? 'kubectl makes the same of the overlays as these tests look at'
  : 'overlays can be rendered (no kubectl that knows components: not compared with its)';
test(title, { skip }, () => {
  const byKind = (manifests: readonly Manifest[]) => Object.fromEntries(manifests.map((one) => [one.kind, one]));
  for (const overlay of overlays) {
    const directory = join('overlays', overlay);
    const rendered = byKind(kustomize(directory));
    assert.ok(rendered['Deployment'] && rendered['Service'] && rendered['NetworkPolicy']);
    if (hasKubectl) assert.deepEqual(rendered, byKind(kustomizeByKubectl(directory)), overlay);
  }
});

test('each overlay has its way to be scraped, and none has two', () => {
  const ways = Object.fromEntries(
    overlays.map((overlay) => {
      const manifests = kustomize(join('overlays', overlay));
      const template = manifests.find(({ kind }) => kind === 'Deployment')?.['spec'].template;
      const monitors = manifests.map(({ kind }) => kind).filter((kind) => kind.endsWith('Monitor'));
      return [overlay, [...monitors, ...(template.metadata.annotations ? ['annotations'] : [])]];
    }),
  );
  assert.deepEqual(ways, {
    annotations: ['annotations'],
    'native-sidecar': ['ServiceMonitor'],
    operator: ['PodMonitor'],
  });
});

test('a monitor gives its job the name that the alert for a target that is down looks for', () => {
  const alerts = readFileSync(join(kubernetes, '..', 'prometheus', 'rules', 'alerts.yml'), 'utf8');
  const [, pattern = ''] = /up\{job=~"([^"]+)"\}/.exec(alerts) ?? [];
  const monitored = { PodMonitor: 'Deployment', ServiceMonitor: 'Service' };
  const jobs = overlays.flatMap((overlay) => {
    const manifests = kustomize(join('overlays', overlay));
    return Object.entries(monitored).flatMap(([kind, target]) => {
      const monitor = manifests.find((one) => one.kind === kind);
      if (!monitor) return [];
      const { metadata, spec } = manifests.find((one) => one.kind === target) ?? assert.fail(target);
      return [(target === 'Deployment' ? spec.template.metadata : metadata).labels[monitor['spec'].jobLabel]];
    });
  });
  assert.deepEqual(jobs, ['percpu-metrics', 'percpu-metrics']);
  for (const job of jobs) assert.match(job, new RegExp(`^(?:${pattern})$`));
});

test('the operator gets the rules that a Prometheus without it reads from files', () => {
  const directory = join(kubernetes, '..', 'prometheus', 'rules');
  const groups = readdirSync(directory)
    .sort()
    .flatMap((name) => parse(readFileSync(join(directory, name), 'utf8')).groups);
  assert.ok(groups.length >= 3);
  const found = overlays.filter((overlay) => {
    const rule = kustomize(join('overlays', overlay)).find(({ kind }) => kind === 'PrometheusRule');
    if (rule) assert.deepEqual(rule['spec'], { groups }, overlay);
    return rule !== undefined;
  });
  assert.deepEqual(found.sort(), ['native-sidecar', 'operator']);
});

// Older endpoint controllers and network plugins look for a port's name among the ordinary containers only.
test('ports of the service and of the network policy are numbers, those of the containers', () => {
  for (const overlay of overlays) {
    const manifests = kustomize(join('overlays', overlay));
    const numbers = Object.fromEntries(
      containersOf(manifests).flatMap(({ ports }) =>
        ports.map(({ name, containerPort }: Manifest) => [name, containerPort]),
      ),
    );
    const { ports } = manifests.find(({ kind }) => kind === 'Service')?.['spec'] ?? {};
    assert.deepEqual(
      Object.fromEntries(ports.map(({ name, targetPort }: Manifest) => [name, targetPort])),
      numbers,
      overlay,
    );
    const [anybody, monitoring] = manifests.find(({ kind }) => kind === 'NetworkPolicy')?.['spec'].ingress ?? [];
    assert.deepEqual([anybody.from, anybody.ports], [undefined, [{ port: numbers['http'] }]], overlay);
    assert.deepEqual(monitoring.ports, [{ port: numbers['metrics'] }], overlay);
  }
});

test('the native sidecar starts before the application and stays', () => {
  const manifests = kustomize(join('overlays', 'native-sidecar'));
  const pod = manifests.find(({ kind }) => kind === 'Deployment')?.['spec'].template.spec;
  assert.deepEqual(
    pod.initContainers.map((container: Manifest) => [container['name'], container['restartPolicy']]),
    [['sidecar', 'Always']],
  );
  assert.deepEqual(
    pod.containers.map((container: Manifest) => container['name']),
    ['application'],
  );
});
