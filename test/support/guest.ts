/**
 * Other machines: guests that QEMU emulates, with a kernel of Debian, an initramfs made of a static busybox and the
 * given files, and no disk and no network. A guest runs shell commands as root and powers itself off; what it printed is
 * the result. At the line `guest: step by step` the emulation goes on with one instruction at a time, between any
 * two of which an interrupt can come: without that, emulated code is interrupted between blocks only, and an increment
 * without protection loses nothing.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './temporary-directory.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Many times what a guest takes on an idle machine. */
const limit = 10 * 60_000;

export interface Guest {
  readonly arch: 'amd64' | 'arm64';
  /** A series of kernels. */
  readonly kernel: '6.1' | '6.12';
  /** Arguments of QEMU: CPUs, memory, nodes. */
  readonly machine: readonly string[];
  /** Added to the command line of the kernel. */
  readonly parameters?: string;
  /** Files by their paths in the guest. */
  readonly files: Readonly<Record<string, string>>;
  readonly commands: readonly string[];
}

/** What a shell command that is to be run step by step is put between. */
export const stepByStep = (command: string): string =>
  `echo "guest: step by step"; read -r line; ${command}; echo "guest: full speed"; read -r line`;

const platforms = {
  amd64: {
    qemu: ['qemu-system-x86_64', '-M', 'q35', '-cpu', 'max'],
    console: 'ttyS0',
    loader: 'lib64/ld-linux-x86-64.so.2',
    libraries: '/usr/lib/x86_64-linux-gnu',
  },
  arm64: {
    qemu: ['qemu-system-aarch64', '-M', 'virt,gic-version=3', '-cpu', 'cortex-a72'],
    console: 'ttyAMA0',
    loader: 'lib/ld-linux-aarch64.so.1',
    libraries: '/usr/aarch64-linux-gnu/lib',
  },
} as const;

const libraries = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'libstdc++.so.6', 'libgcc_s.so.1'];

/** The path of something that scripts/downloads.mjs fetches or has fetched. */
export function fetched(...what: readonly string[]): string {
  return execFileSync(process.execPath, [join(root, 'scripts/downloads.mjs'), ...what], { encoding: 'utf8' }).trim();
}

const init = (commands: readonly string[]) => `#!/bin/busybox sh
mkdir -p /proc /sys /dev /tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
cpus=/sys/devices/system/cpu
nodes=$(ls -d /sys/devices/system/node/node* | wc -l)
echo "guest: Linux $(uname -r), possible $(cat $cpus/possible), online $(cat $cpus/online), nodes $nodes"
${commands.map((command) => `${command}\necho "guest: at $(cut -d ' ' -f 1 /proc/uptime) s"`).join('\n')}
echo "guest: end"
poweroff -f
`;

/** Packs the guest's files; gives the path of the initramfs. */
function packInitramfs(directory: string, { arch, files, commands }: Guest): string {
  const { loader, libraries: from } = platforms[arch];
  const tree = join(directory, 'tree');
  const copy = (source: string, name: string) => {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    copyFileSync(source, join(tree, name));
  };
  copy(fetched('busybox', arch), 'bin/busybox');
  for (const applet of ['sh', 'mkdir', 'mount', 'ls', 'wc', 'uname', 'cat', 'cut', 'poweroff', 'rm']) {
    symlinkSync('busybox', join(tree, 'bin', applet));
  }
  copy(join(from, loader.replace(/.*\//, '')), loader);
  for (const library of libraries) {
    copy(join(from, library), `lib/${library}`);
  }
  for (const [name, source] of Object.entries(files)) {
    copy(source, name);
  }
  writeFileSync(join(tree, 'init'), init(commands));
  chmodSync(join(tree, 'init'), 0o755);
  const image = join(directory, 'initramfs');
  execFileSync('sh', ['-c', 'find . | cpio --quiet -o -H newc'], {
    cwd: tree,
    stdio: ['ignore', openSync(image, 'w'), 'inherit'],
  });
  return image;
}

/**
 * Tells the monitor of QEMU to run one instruction at a time, or not to, and waits until it has done so.
 *
 * @throws AssertionError where it says that it runs otherwise
 */
async function setStepping(monitor: string, on: boolean): Promise<void> {
  const socket = connect(monitor).setEncoding('utf8');
  let heard = '';
  socket.on('data', (text: string) => {
    heard += text;
  });
  await once(socket, 'connect');
  socket.write(`singlestep ${on ? 'on' : 'off'}\ninfo status\n`);
  // One prompt greets, and one follows each command.
  while (heard.split('(qemu)').length < 4) {
    await once(socket, 'data');
  }
  socket.destroy();
  assert.match(heard, on ? /VM status: running \(single step mode\)/ : /VM status: running\s*$/m);
}

/** Runs a guest to its end and gives everything that it printed. */
export async function runGuest(t: TestContext, guest: Guest): Promise<string> {
  const directory = temporaryDirectory(t);
  const { qemu, console: tty } = platforms[guest.arch];
  const monitor = join(directory, 'monitor');
  const [program, ...platform] = qemu;
  const args = [...platform, ...guest.machine, '-display', 'none', '-no-reboot', '-net', 'none', '-serial', 'stdio'];
  args.push('-monitor', `unix:${monitor},server=on,wait=off`);
  args.push('-kernel', fetched('kernel', guest.arch, guest.kernel), '-initrd', packInitramfs(directory, guest));
  args.push('-append', `console=${tty} quiet panic=-1 mitigations=off nokaslr ${guest.parameters ?? ''}`);
  const process_ = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: limit, killSignal: 'SIGKILL' });
  t.after(() => process_.kill('SIGKILL'));
  process_.stdin.on('error', () => {});
  let output = '';
  const answered = new Set<number>();
  const answer = async (index: number, on: boolean) => {
    if (answered.has(index)) return;
    answered.add(index);
    await setStepping(monitor, on);
    process_.stdin.write('\n');
  };
  const pending: Promise<void>[] = [];
  for (const stream of [process_.stdout, process_.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const match of output.matchAll(/^guest: (step by step|full speed)\r?$/gm)) {
        pending.push(answer(match.index, match[1] === 'step by step'));
      }
    });
  }
  const [code, signal] = await once(process_, 'close');
  await Promise.all(pending);
  if (code !== 0 || !/^guest: end\r?$/m.test(output)) {
    throw new Error(`the guest has not come to its end (status ${code}, signal ${signal}). It printed:\n${output}`);
  }
  return output.replaceAll('\r', '');
}
