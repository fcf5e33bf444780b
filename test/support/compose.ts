/** The services of deploy/compose.yaml, started by podman-compose. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { Containers } from './containers.js';
import { freePort } from './free-port.js';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));

/** Where the services that publish a port are asked, and the names of the containers of all. */
export interface Composed {
  readonly application: string;
  readonly prometheus: string;
  readonly containerOf: (service: string) => string;
}

/**
 * Starts what can be had without a registry: all but Grafana, with ports of the test's own. podman makes no volume with
 * `size=` where the storage has no quotas.
 */
export async function startCompose(t: TestContext, containers: Containers): Promise<Composed> {
  const project = `compose${process.pid}`;
  const specification = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true });
  specification.name = project;
  delete specification.services.grafana;
  const urls: Record<string, string> = {};
  for (const [name, service] of Object.entries<{ ports?: string[]; volumes: string[] }>(specification.services)) {
    service.volumes = service.volumes.map((mount) => mount.replace(/^\.\//, deploy));
    if (!service.ports) continue;
    const port = await freePort();
    urls[name] = `http://127.0.0.1:${port}`;
    service.ports = service.ports.map((published) => published.replace(/:\d+:/, `:${port}:`));
  }
  const options = specification.volumes.store.driver_opts;
  options.o = options.o.replace(/size=\w+,/, '');
  const file = join(containers.directory, 'compose.yaml');
  writeFileSync(file, stringify(specification, { aliasDuplicateObjects: false }));
  const compose = (...args: string[]) => containers.compose('--file', file, '--project-name', project, ...args);
  t.after(() => compose('down', '--timeout', '0'));
  compose('up', '--detach', '--no-build');
  const { application, prometheus } = urls;
  if (!application || !prometheus) throw new Error('compose.yaml publishes no application or no Prometheus');
  return { application, prometheus, containerOf: (service) => `${project}_${service}_1` };
}
