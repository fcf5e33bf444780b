/**
 * The counters on other machines, emulated: more CPUs than this machine has, two memory nodes, CPUs that go off and come
 * back, more CPUs possible than there are, 64-bit ARM. Emulation alone proves little, for an interrupt comes only
 * between blocks of code; so a part of each run goes on instruction by instruction, or through points of injection, where
 * loops are such blocks. There the control has to lose counts, where the same program does not: it has the same points of
 * injection in the same critical sections, which are not announced to the kernel.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildCoreProgram, buildDelayedMoving } from '../support/core-program.js';
import { unlessInstalled } from '../support/debian-package.js';
import { fetched, type Guest, runGuest, stepByStep } from '../support/guest.js';
import { parseSamples, sumSamples } from '../support/sample.js';
import { commitEarly, commitLate, unprotected } from '../support/section-faults.js';
import { assertNothingSkipped } from '../support/suite-output.js';
import {
  assertExact,
  buildArm64Launcher,
  buildTorture,
  everyRole,
  missedPoints,
  parseReports,
  type TortureOptions,
  tortureArguments,
} from '../support/torture.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const suite = 'PCM_TEST_REGISTRATION=libc PCM_TEST_SCALE=0.002 /core_test';
/** Threads, additions before each move, moves, transitions of CPUs at least, rounds within which sections have to be restarted. */
const moving = (...numbers: [number, number, number, number, number]) => `/moving_threads ${numbers.join(' ')}`;
/** Threads, additions before each move, moves, rounds within which the control has to lose, and the other to be restarted. */
const delayed = (...numbers: [number, number, number, number]) => {
  const [threads, additions, moves, rounds] = numbers;
  const numbersOf = `${threads} ${additions} ${moves} 0 ${rounds}`;
  return `/moving_delayed ${numbersOf}; /moving_control ${numbersOf} control`;
};

const skipX86 =
  unlessInstalled('qemu-system-x86', 'qemu-system-x86_64') ||
  unlessInstalled('gcc', 'gcc') ||
  unlessInstalled('cpio', 'cpio', 'apt-get', 'dpkg');
const skipArm =
  unlessInstalled('qemu-system-arm', 'qemu-system-aarch64') ||
  unlessInstalled('gcc-aarch64-linux-gnu', 'aarch64-linux-gnu-gcc') ||
  unlessInstalled('g++-aarch64-linux-gnu', 'aarch64-linux-gnu-g++') ||
  unlessInstalled('cpio', 'cpio', 'apt-get', 'dpkg');

const x86Files = {
  core_test: join(root, 'build/Release/pcm_core_test'),
  moving_threads: join(root, 'build/Release/moving_threads'),
};

const delayedFiles = async (target: 'arm64' | 'here') => ({
  moving_delayed: await buildDelayedMoving(target, true),
  moving_control: await buildDelayedMoving(target, false),
});

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
  for (const [line] of output.matchAll(
    /^(?:guest: (?:Linux|at )|# (?:moving|delayed|control|registration|transitions)).*$/gm,
  )) {
    t.diagnostic(line);
  }
  assert.doesNotMatch(output, /^not ok/m, output);
  assertNothingSkipped(output);
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
    const commands = [
      suite,
      moving(16, 50, 40, 26, 0),
      stepByStep(moving(16, 50, 20, 8, 50)),
      stepByStep(delayed(16, 50, 4, 50)),
    ];
    const files = { ...x86Files, ...(await delayedFiles('here')) };
    const output = await runGuest(t, { arch: 'amd64', kernel, ...twoNodes[kernel], files, commands });
    assert.ok(output.includes(`guest: Linux ${kernel}.`), output);
    assert.match(output, /^guest: .* possible 0-11, online 0-7, nodes 2$/m);
    assert.match(output, /^# lanes 12, online 8,/m);
    assertPassed(t, output, 5);
  });
}

for (const kernel of ['6.1', '6.12'] as const) {
  test(`x86-64, 64 CPUs, Linux ${kernel}: nothing is lost by threads that move over all of them, but by the control`, {
    skip: skipX86,
  }, async (t) => {
    // Threads of the emulator for 64 CPUs would stand in each other's way on a few.
    const machine = ['-accel', 'tcg,thread=single', '-m', '1G', '-smp', '64'];
    const commands = [moving(128, 50, 8, 8, 20), delayed(128, 50, 4, 20)];
    const files = { ...x86Files, ...(await delayedFiles('here')) };
    const output = await runGuest(t, { arch: 'amd64', kernel, machine, files, commands });
    assert.ok(output.includes(`guest: Linux ${kernel}.`), output);
    assert.match(output, /^guest: .* possible 0-63, online 0-63,/m);
    assert.match(output, /^# lanes 64, online 64,/m);
    assertPassed(t, output, 3);
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

const armMachine = ['-accel', 'tcg,thread=multi', '-m', '2G', '-smp', '8'];

/** Runs a command while CPUs go off and on, all but the first, and tells how many times they did. */
const whileCpusChange = (command: string) => {
  // Only a CPU that was the other way before has changed.
  const look = (variable: string) => `read -r ${variable} < $online`;
  const count = '[ $was$is = $((1 - state))$state ] && changes=$((changes + 1))';
  const change = `${look('was')}; echo $state > $online; ${look('is')}; ${count}`;
  const both = `online=$cpus/cpu$cpu/online; for state in 0 1; do ${change}; done`;
  const all = `while [ ! -e /tmp/ended ]; do for cpu in 1 2 3 4 5 6 7; do ${both}; done; done`;
  return `(changes=0; ${all}; echo "# transitions meanwhile: $changes") & ${command}; : > /tmp/ended; wait`;
};

for (const kernel of ['6.1', '6.12'] as const) {
  test(`64-bit ARM, 8 CPUs, Linux ${kernel}: nothing is lost, in C and in Node.js, while CPUs go off and on`, {
    skip: skipArm,
  }, async (t) => {
    const guest: Guest = {
      arch: 'arm64',
      kernel,
      machine: armMachine,
      files: {
        core_test: await buildCoreProgram('arm64', 'suite'),
        moving_threads: await buildCoreProgram('arm64', 'moving_threads'),
        ...(await delayedFiles('arm64')),
        ...nodeFiles(),
      },
      commands: [
        suite,
        moving(16, 50, 40, 26, 0),
        'cd /app',
        whileCpusChange('echo go | node out/test/support/programs/counting.js /dev/shm/node 3000 3'),
        `node --input-type=module -e "${render}"`,
        stepByStep(moving(16, 50, 20, 8, 50)),
        stepByStep(delayed(16, 50, 4, 50)),
      ],
    };
    const output = await runGuest(t, guest);
    assert.ok(output.includes(`guest: Linux ${kernel}.`), output);
    assert.match(output, /^guest: .* possible 0-7, online 0-7,/m);
    assertPassed(t, output, 5);
    const changes = Number(/^# transitions meanwhile: (\d+)$/m.exec(output)?.[1]);
    assert.ok(changes >= 14, `each CPU but the first was to go off and on: ${changes} transitions`);
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

/** A command that runs one of the tortures in a directory of its own. */
const torture = (program: string, options: TortureOptions) =>
  `mkdir /dev/shm/${program} && /${program} ${tortureArguments(`/dev/shm/${program}`, 6, '/launcher', options).join(' ')}`;

const undisturbed = ['unpinned', 'pinned', 'storm', 'fork'];

for (const kernel of ['6.1', '6.12'] as const) {
  test(`64-bit ARM, 8 CPUs, Linux ${kernel}: 8 processes of all kinds count exactly, interrupted at each point of a critical section`, {
    skip: skipArm,
  }, async (t) => {
    const options = { milliseconds: 3000, roles: undisturbed };
    const output = await runGuest(t, {
      arch: 'arm64',
      kernel,
      machine: armMachine,
      files: {
        launcher: await buildArm64Launcher(),
        torture: await buildTorture(undefined, 'arm64'),
        unprotected: await buildTorture(unprotected, 'arm64'),
        early: await buildTorture(commitEarly('aarch64'), 'arm64'),
        late: await buildTorture(commitLate, 'arm64'),
      },
      commands: [
        torture('torture', { milliseconds: 3000, roles: everyRole }),
        torture('unprotected', options),
        torture('early', options),
        torture('late', options),
      ],
    });
    assert.ok(output.includes(`guest: Linux ${kernel}.`), output);
    const [exact, control, early, late, ...more] = parseReports(output);
    assert.ok(exact && control && early && late && more.length === 0, output);
    for (const report of [exact, control, early, late]) t.diagnostic(JSON.stringify(report));
    // Where all CPUs of an emulated machine are busy the reader hardly has its turn: it looks at what is added too late.
    assertExact(exact, 0);
    assert.ok(late.decreases === 0 && late.rises >= 10, output);
    assert.deepEqual(missedPoints(exact, 'arm64'), [], output);
    assert.ok(exact.aborts > 0 && exact.killed > 0 && exact.fallbacks > 0 && exact.signals.threads > 0, output);
    assert.ok(exact.modes.none > 0 && exact.modes.libc > 0 && exact.modes.self > 0, output);
    // Not announced, both kinds of addition lose; committed too early as well, and too late adds twice.
    assert.ok(control.lostOf.integer > 0 && control.lostOf.fraction > 0 && control.aborts === 0, output);
    assert.ok(early.lostOf.integer > 0 && early.lostOf.fraction > 0 && early.aborts > 0, output);
    assert.ok(late.surplus > 0 && late.lost === 0 && late.aborts > 0, output);
  });
}
