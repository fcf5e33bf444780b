/**
 * The image as it is built from the Dockerfile: with nothing in it that only the build needs, locked down, counting by
 * rseq, and in a pod made of deploy/kubernetes with a sidecar that neither needs the application nor troubles it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCompose } from '../support/compose.js';
import { Containers, IMAGE, NODE_IMAGE, SECCOMP_PROFILE, skipContainers } from '../support/containers.js';
import { freePort } from '../support/free-port.js';
import { playPod } from '../support/pod.js';
import { queryAt } from '../support/prometheus-server.js';
import { parseSamples, type Sample, sumSamples } from '../support/sample.js';
import { getOnce } from '../support/service.js';

const skip = skipContainers;
const timeout = 10 * 60_000;
const patience = 120_000;
const containers = skip === false ? new Containers() : undefined;

function podman(...args: string[]): string {
  assert.ok(containers);
  return containers.podman(...args);
}

before(
  () => {
    containers?.makeNodeImage();
    containers?.buildImage();
  },
  { timeout: 15 * 60_000 },
);
after(() => containers?.remove(), { timeout });

interface Running {
  readonly container: string;
  readonly url: string;
}

interface Ready {
  readonly mode: { readonly backend: string; readonly registration: string; readonly reason: string };
}

/** Starts the image with nothing that it does not need, with options of podman and perhaps another command. */
async function run(t: TestContext, options: string[] = [], command: string[] = []): Promise<Running> {
  const port = await freePort();
  const address = ['--network=host', '--env', 'HOST=127.0.0.1', '--env', `PORT=${port}`];
  const locked = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '12345:12345'];
  const container = podman('run', '--detach', ...locked, ...address, ...options, IMAGE, ...command);
  t.after(() => podman('rm', '--force', '--time', '0', container));
  return { container, url: `http://127.0.0.1:${port}` };
}

/** What `/readyz` says once it is ready. */
async function whenReady({ container, url }: Running): Promise<Ready> {
  const end = performance.now() + patience;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const { status, body } = await getOnce(`${url}/readyz`);
      if (status === 200) return JSON.parse(body) as Ready;
      last = body;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`not ready; it printed: ${containers?.logsOf(container)}`, { cause: last });
}

/** What a container that waits for its store answers at `/readyz` and prints. */
async function whenWaiting({ container, url }: Running): Promise<{ code: string; detail: string }> {
  const end = performance.now() + patience;
  while (!containers?.logsOf(container).includes(', not ready: ')) {
    if (performance.now() > end) throw new Error(`it printed: ${containers?.logsOf(container)}`);
    await sleep(100);
  }
  const { status, body } = await getOnce(`${url}/readyz`);
  assert.equal(status, 503, body);
  return JSON.parse(body);
}

function exitCodeOf({ container }: Running): string {
  return podman('wait', container);
}

async function count(url: string, value: number): Promise<void> {
  const answer = await fetch(`${url}/v1/counters/jobs_total`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ value }),
  });
  assert.equal(answer.status, 204, await answer.text());
}

async function scrape(url: string): Promise<Sample[]> {
  return parseSamples((await getOnce(`${url}/metrics`)).body);
}

test('the image holds nothing that only the build needs, and its user is a number', { skip, timeout }, () => {
  const look =
    'for tool in cc gcc g++ c++ make python3 ld as; do command -v $tool; done; cd /app; ls; cd node_modules; ls';
  const listing = podman('run', '--rm', '--network=none', '--entrypoint', 'sh', IMAGE, '-c', look).split('\n');
  const unwanted = /^\/|^(?:src|native|test|scripts|typescript|@biomejs|autocannon|prom-client|node-addon-api)$/;
  assert.deepEqual(
    listing.filter((line) => unwanted.test(line)),
    [],
  );
  for (const wanted of ['dist', 'build', 'package.json', 'LICENSE', 'fastify']) {
    assert.ok(listing.includes(wanted), `${wanted} is in ${listing.join(' ')}`);
  }
  const { Config } = JSON.parse(podman('image', 'inspect', IMAGE))[0];
  assert.match(Config.User, /^[1-9]\d*:[1-9]\d*$/);
  for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
    assert.ok(Config.Labels[`org.opencontainers.image.${label}`], label);
  }
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.equal(Config.Labels['org.opencontainers.image.version'], version);
});

test('what the image adds to its base is one small layer', { skip, timeout }, (t) => {
  const layersOf = (image: string) => JSON.parse(podman('image', 'inspect', image))[0].RootFS.Layers as string[];
  const base = layersOf(NODE_IMAGE);
  assert.deepEqual(layersOf(IMAGE).slice(0, base.length), base);
  assert.equal(layersOf(IMAGE).length, base.length + 1);
  const history = podman('history', '--human=false', '--format', '{{.Size}} {{.CreatedBy}}', IMAGE);
  const sizes = history.split('\n').filter((line) => !line.startsWith('0 '));
  for (const line of sizes) t.diagnostic(line.slice(0, 120));
  const added = Number(sizes[0]?.split(' ')[0]);
  assert.ok(added > 0 && added < 10e6, `${added} bytes`);
});

test('the same tree makes the same layers and configuration', { skip, timeout }, () => {
  assert.ok(containers);
  const again = 'localhost/percpu-metrics:again';
  containers.buildImage(again);
  // The digests differ all the same: the docker format, the only one with a HEALTHCHECK, has the id of the build in it.
  const partsOf = (image: string) => {
    const { RootFS, Config, Created, History } = JSON.parse(podman('image', 'inspect', image))[0];
    return { RootFS, Config, Created, History };
  };
  assert.deepEqual(partsOf(again), partsOf(IMAGE));
});

test('locked down it counts by rseq under the default seccomp profile, is healthy, and ends at SIGTERM', {
  skip,
  timeout,
}, async (t) => {
  const running = await run(t);
  const { mode } = await whenReady(running);
  assert.deepEqual([mode.backend, mode.registration], ['rseq', 'libc'], mode.reason);
  await count(running.url, 7);
  assert.equal(sumSamples(await scrape(running.url), 'jobs_total'), 7);
  podman('healthcheck', 'run', running.container);
  const startedAt = Date.now();
  podman('stop', '--time', '60', running.container);
  const finishedAt = JSON.parse(podman('inspect', '--format', '{{json .State.FinishedAt}}', running.container));
  const took = Date.parse(finishedAt) - startedAt;
  t.diagnostic(`stopped in ${took} ms`);
  assert.ok(took < 2000, `SIGTERM took ${took} ms`);
  assert.equal(exitCodeOf(running), '0', 'it has ended by itself');
});

test('without a store it is unhealthy, says what it waits for, and ends with the code of that', {
  skip,
  timeout,
}, async (t) => {
  const running = await run(t, [], ['serve', '--read-only', '--store', '/dev/shm/nothing']);
  assert.equal((await whenWaiting(running)).code, 'ERR_PCM_NOT_FOUND');
  assert.throws(() => podman('healthcheck', 'run', running.container), /unhealthy/);
  podman('stop', '--time', '60', running.container);
  assert.equal(exitCodeOf(running), '5');
});

test('a seccomp profile that forbids rseq means a fallback, which it says', { skip, timeout }, async (t) => {
  assert.ok(containers);
  const profile = JSON.parse(readFileSync(SECCOMP_PROFILE, 'utf8'));
  for (const rule of profile.syscalls) rule.names = rule.names.filter((name: string) => name !== 'rseq');
  const file = join(containers.directory, 'no-rseq.json');
  writeFileSync(file, JSON.stringify(profile));
  const running = await run(t, ['--security-opt', `seccomp=${file}`]);
  const { mode } = await whenReady(running);
  assert.deepEqual([mode.backend, mode.registration], ['atomic', 'none']);
  assert.match(containers.logsOf(running.container), /, mode atomic: \S/);
  await count(running.url, 7);
  const samples = await scrape(running.url);
  assert.equal(sumSamples(samples, 'jobs_total'), 7);
  assert.equal(sumSamples(samples, 'percpu_metrics_fallback_processes'), 1);
});

test('the pod: users of one group share the store, and neither container needs the other', {
  skip,
  timeout,
}, async (t) => {
  assert.ok(containers);
  const { application, sidecar, volume } = await playPod(t, containers);
  const jobsAt = async ({ url }: Running) => sumSamples(await scrape(url), 'jobs_total');
  const kill = ({ container }: Running) => {
    podman('kill', container);
    podman('wait', container);
  };
  await whenReady(application);
  await count(application.url, 7);
  await whenReady(sidecar);
  assert.equal(await jobsAt(sidecar), 7);
  const store = '/run/percpu-metrics/store.pcm';
  assert.equal(podman('exec', sidecar.container, 'stat', '-c', '%a %u %g', store), '640 65532 65532');
  assert.match(podman('exec', sidecar.container, 'id'), /uid=65533\b.*gid=65532\b/);

  const mounted = ['--volume', `${volume}:/run/percpu-metrics`];
  const read = ['serve', '--read-only', '--store', store];
  const { code, detail } = await whenWaiting(await run(t, mounted, read));
  assert.equal(code, 'ERR_PCM_PERMISSION', 'a user without the group is refused');
  assert.match(detail, /no permission to enter \/run\/percpu-metrics; let it do so/);
  const member = [...mounted, '--group-add', '65532'];
  const reader = await run(t, member, read);
  await whenReady(reader);
  assert.equal(await jobsAt(reader), 7, 'any user of the group reads');
  const writer = await run(t, member, ['serve', '--store', store]);
  assert.equal(exitCodeOf(writer), '7', 'and cannot write what has mode 640');
  assert.match(containers.logsOf(writer.container), /ERR_PCM_PERMISSION/);

  kill(application);
  assert.equal(await jobsAt(sidecar), 7, 'the sidecar answers while the application is dead');
  podman('start', application.container);
  await whenReady(application);
  assert.equal(await jobsAt(sidecar), 7, 'its counters go on where they were');
  await count(application.url, 4);
  assert.equal(await jobsAt(sidecar), 11);

  kill(sidecar);
  await count(application.url, 2);
  assert.equal(await jobsAt(application), 13, 'the application does not notice');
  podman('start', sidecar.container);
  await whenReady(sidecar);
  assert.equal(await jobsAt(sidecar), 13);
});

test('compose: Prometheus finds the application and the sidecar, which count the same', {
  skip,
  timeout,
}, async (t) => {
  assert.ok(containers);
  containers.makePrometheusImage();
  const { application, prometheus, containerOf } = await startCompose(t, containers);
  await whenReady({ container: containerOf('application'), url: application });
  await count(application, 7);
  const jobs = ['percpu-metrics', 'percpu-metrics-sidecar'];
  const end = performance.now() + patience;
  for (;;) {
    const counted = await queryAt(prometheus, 'jobs_total').catch(() => []);
    const seen = counted.filter(({ value }) => value === 7).map(({ metric }) => metric['job']);
    if (jobs.every((job) => seen.includes(job))) break;
    if (performance.now() > end) {
      const printed = ['application', 'sidecar', 'prometheus'].map((name) => containers.logsOf(containerOf(name)));
      throw new Error(`Prometheus has ${JSON.stringify(counted)}; they printed: ${printed.join('')}`);
    }
    await sleep(500);
  }
});
