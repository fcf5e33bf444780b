/**
 * The counters on other machines, emulated: more CPUs than this machine has, two memory nodes, CPUs that go off and come
 * back, more CPUs possible than there are, 64-bit ARM. Emulation alone proves little, for an interrupt comes only
 * between blocks of code; so a part of each run goes on instruction by instruction, where the same increment without
 * protection has to lose counts.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildCoreProgram } from '../support/core-program.js';
import { unlessInstalled } from '../support/debian-package.js';
import { fetched, type Guest, runGuest, stepByStep } from '../support/guest.js';
import { parseSamples, sumSamples } from '../support/sample.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const suite = 'PCM_TEST_REGISTRATION=libc PCM_TEST_SCALE=0.002 /core_test';
/** Threads, additions before each move, moves, transitions of CPUs, rounds within which the control has to lose. */
const moving = (...numbers: [number, number, number, number, number]) => `/moving_threads ${numbers.join(' ')}`;

const skipX86 =
  unlessInstalled('qemu-system-x86', 'qemu-system-x86_64') || unlessInstalled('cpio', 'cpio', 'apt-get', 'dpkg');
const skipArm =
  unlessInstalled('qemu-system-arm', 'qemu-system-aarch64') ||
  unlessInstalled('gcc-aarch64-linux-gnu', 'aarch64-linux-gnu-gcc') ||
  unlessInstalled('g++-aarch64-linux-gnu', 'aarch64-linux-gnu-g++') ||
  unlessInstalled('cpio', 'cpio', 'apt-get', 'dpkg');

const x86Files = {
  core_test: join(root, 'build/Release/pcm_core_test'),
  moving_threads: join(root, 'build/Release/moving_threads'),
};

const memory = (node: number) => [
  ...['-object', `memory-backend-ram,id=m${node},size=768M`],
  ...['-numa', `node,nodeid=${node},cpus=${node * 6}-${node * 6 + 5},memdev=m${node}`],
];

const emulated = ['-accel', 'tcg,thread=multi', '-m', '1536M', ...memory(0), ...memory(1)];

/** Two nodes, 8 CPUs, and 4 more that are possible: with room for them, or there and off when the kernel starts. */
const twoNodes = {
  '6.1': { machine: [...emulated, '-smp', '8,maxcpus=12,sockets=2,cores=6,threads=1'], parameters: '' },
  '6.12': { machine: [...emulated, '-smp', '12,sockets=2,cores=6,threads=1'], parameters: 'maxcpus=8' },
};

/** Whether everything that ran in the guest passed, and how many suites that were. */
function assertPassed(t: TestContext, output: string, suites: number): void {
  for (const [line] of output.matchAll(/^(?:guest: (?:Linux|at )|# (?:increments|registration)).*$/gm)) {
    t.diagnostic(line);
  }
  assert.doesNotMatch(output, /^not ok/m, output);
  const tallies = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)];
  assert.deepEqual(
    tallies.map(([, passed, failed]) => [Number(passed) > 0, Number(failed)]),
    Array.from({ length: suites }, () => [true, 0]),
    output,
  );
}

for (const kernel of ['6.1', '6.12'] as const) {
  test(`x86-64, 8 of 12 possible CPUs on 2 nodes, Linux ${kernel}: nothing is lost while CPUs go off and on`, {
    skip: skipX86,
  }, async (t) => {
    const commands = [suite, moving(16, 50, 40, 22, 0), stepByStep(moving(16, 50, 20, 8, 50))];
    const output = await runGuest(t, { arch: 'amd64', kernel, ...twoNodes[kernel], files: x86Files, commands });
    assert.ok(output.includes(`guest: Linux ${kernel}.`), output);
    assert.match(output, /^guest: .* possible 0-11, online 0-7, nodes 2$/m);
    assert.match(output, /^# lanes 12, online 8,/m);
    assertPassed(t, output, 3);
  });
}

for (const kernel of ['6.1', '6.12'] as const) {
  test(`x86-64, 64 CPUs, Linux ${kernel}: nothing is lost by threads that move over all of them, but by the control`, {
    skip: skipX86,
  }, async (t) => {
    // Threads of the emulator for 64 CPUs would stand in each other's way on a few.
    const machine = ['-accel', 'tcg,thread=single', '-m', '1G', '-smp', '64'];
    const commands = [moving(128, 50, 8, 8, 20)];
    const output = await runGuest(t, { arch: 'amd64', kernel, machine, files: x86Files, commands });
    assert.ok(output.includes(`guest: Linux ${kernel}.`), output);
    assert.match(output, /^guest: .* possible 0-63, online 0-63,/m);
    assert.match(output, /^# lanes 64, online 64,/m);
    assertPassed(t, output, 1);
  });
}

const app = (path: string) => [`app/${path}`, join(root, path)] as const;
const filesBelow = (directory: string) =>
  readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => app(relative(root, join(entry.parentPath, entry.name))));

/** Node.js, the package with its addon for this architecture, and a program that counts. */
function nodeFiles(): Record<string, string> {
  const addon = execFileSync(process.execPath, [join(root, 'scripts/cross-arm64.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  return {
    'bin/node': join(fetched('node', '24.21.0', 'arm64'), 'bin/node'),
    'app/build/Release/percpu_metrics.node': addon,
    ...Object.fromEntries([
      app('package.json'),
      app('out/test/support/programs/counting.js'),
      ...filesBelow('dist'),
      ...filesBelow('node_modules/node-gyp-build'),
    ]),
  };
}

const render =
  "import { openStore } from 'percpu-metrics'; console.log(await openStore({ path: '/dev/shm/node' }).metrics());";

for (const kernel of ['6.1', '6.12'] as const) {
  test(`64-bit ARM, 8 CPUs, Linux ${kernel}: nothing is lost, in C and in Node.js, while CPUs go off and on`, {
    skip: skipArm,
  }, async (t) => {
    const guest: Guest = {
      arch: 'arm64',
      kernel,
      machine: ['-accel', 'tcg,thread=multi', '-m', '2G', '-smp', '8'],
      files: {
        core_test: await buildCoreProgram('arm64', 'suite'),
        moving_threads: await buildCoreProgram('arm64', 'moving_threads'),
        ...nodeFiles(),
      },
      commands: [
        suite,
        moving(16, 50, 40, 22, 0),
        'cd /app',
        'echo go | node out/test/support/programs/counting.js /dev/shm/node 3000 3',
        `node --input-type=module -e "${render}"`,
        stepByStep(moving(16, 50, 20, 8, 50)),
      ],
    };
    const output = await runGuest(t, guest);
    assert.ok(output.includes(`guest: Linux ${kernel}.`), output);
    assert.match(output, /^guest: .* possible 0-7, online 0-7,/m);
    assertPassed(t, output, 3);
    const [modes] = /^\[\{.*\}\]$/m.exec(output) ?? [''];
    assert.deepEqual(
      (JSON.parse(modes) as { backend: string; registration: string }[]).map((mode) => [
        mode.backend,
        mode.registration,
      ]),
      Array.from({ length: 4 }, () => ['rseq', 'libc']),
    );
    const samples = parseSamples(
      output
        .split('\n')
        .filter((line) => /^work_/.test(line))
        .join('\n'),
    );
    assert.equal(sumSamples(samples, 'work_total', { kind: 'plain' }), 12_000);
    assert.equal(sumSamples(samples, 'work_size_bytes_count'), 12_000);
  });
}
