/** The image for 64-bit ARM, built from the Dockerfile on x86-64 without emulation, and run by qemu's user emulation. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertSound, skipArm64Code } from '../support/addon-code.js';
import {
  ARM64_IMAGE,
  ARM64_NODE_IMAGE,
  buildArm64Image,
  EMULATOR,
  emulated,
  machinesBelow,
  skipArm64Image,
} from '../support/arm64-image.js';
import { Containers } from '../support/containers.js';
import { freePort } from '../support/free-port.js';
import { parseSamples, sumSamples } from '../support/sample.js';
import { getOnce } from '../support/service.js';

const skip = skipArm64Image || skipArm64Code;
const timeout = 15 * 60_000;
/** An emulated Node.js takes ten times as long to start. */
const patience = 300_000;
const containers = skip === false ? new Containers() : undefined;

function podman(...args: string[]): string {
  assert.ok(containers);
  return containers.podman(...args);
}

interface Configuration {
  readonly Architecture: string;
  readonly Config: { readonly Entrypoint: string[] };
  readonly RootFS: { readonly Layers: string[] };
  readonly Healthcheck: { readonly Test: string[] };
}

function inspectImage(image: string): Configuration {
  return JSON.parse(podman('image', 'inspect', image))[0];
}

/** The command of the image as the emulator wants it: the path of the program, and its arguments. */
function commandOf(image: string): { program: string; args: string[]; healthcheck: string[] } {
  const { Config, Healthcheck } = inspectImage(image);
  const [program, ...args] = Config.Entrypoint;
  const [kind, checker, ...healthcheck] = Healthcheck.Test;
  assert.deepEqual([program, kind, checker], ['node', 'CMD', 'node']);
  return { program: '/usr/local/bin/node', args, healthcheck };
}

before(() => containers && buildArm64Image(containers), { timeout });
after(() => containers?.remove(), { timeout });

test('the image for 64-bit ARM says so, and whatever is compiled in it is for that machine, and sound', {
  skip,
  timeout,
}, () => {
  assert.ok(containers);
  const { Architecture, RootFS } = inspectImage(ARM64_IMAGE);
  assert.equal(Architecture, 'arm64');
  assert.deepEqual(RootFS.Layers.slice(0, -1), inspectImage(ARM64_NODE_IMAGE).RootFS.Layers);
  const container = podman('create', ARM64_IMAGE);
  const copy = join(containers.directory, 'app');
  podman('cp', `${container}:/app`, copy);
  podman('rm', container);
  const addon = 'build/Release/percpu_metrics.node';
  assert.deepEqual(machinesBelow(copy), { [addon]: 'aarch64' });
  assertSound(join(copy, addon));
});

test('locked down it counts exactly, by atomics where the emulator has no rseq, which it says', {
  skip,
  timeout,
}, async (t) => {
  assert.ok(containers);
  const { program, args, healthcheck } = commandOf(ARM64_IMAGE);
  const port = await freePort();
  const locked = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '12345:12345'];
  const address = ['--network=host', '--env', 'HOST=127.0.0.1', '--env', `PORT=${port}`];
  const options = [...locked, ...address, ...emulated(program)];
  const container = podman('run', '--detach', ...options, ARM64_IMAGE, ...args, 'serve');
  t.after(() => podman('rm', '--force', '--time', '0', container));

  const url = `http://127.0.0.1:${port}`;
  const end = performance.now() + patience;
  while (!containers.logsOf(container).includes(url)) {
    const { Running } = JSON.parse(podman('inspect', '--format', '{{json .State}}', container));
    assert.ok(Running && performance.now() < end, `it printed: ${containers.logsOf(container)}`);
    await sleep(100);
  }
  assert.match(containers.logsOf(container), /, mode atomic: \S/);
  const ready = await getOnce(`${url}/readyz`, patience);
  assert.equal(ready.status, 200, ready.body);
  const { backend, registration } = JSON.parse(ready.body).mode;
  assert.deepEqual([backend, registration], ['atomic', 'none']);

  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  const answers = await Promise.all(
    values.map((value) =>
      fetch(`${url}/v1/counters/jobs_total`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ value }),
      }),
    ),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
  const samples = parseSamples((await getOnce(`${url}/metrics`, patience)).body);
  assert.equal(sumSamples(samples, 'jobs_total'), 5050);
  assert.equal(sumSamples(samples, 'percpu_metrics_fallback_processes'), 1);

  podman('exec', container, EMULATOR, program, ...healthcheck);
  podman('stop', '--time', '60', container);
  assert.equal(podman('wait', container), '0', 'it has ended by itself at SIGTERM');
});
