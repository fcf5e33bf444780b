/**
 * The image for 64-bit ARM, built on a machine that is none, and its programs run there by qemu's user emulation. Node's
 * image is, as in a registry, one name for both architectures; what runs in the one for ARM is only copied into it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Containers, makeDebian, NODE_IMAGE, NODE_VERSION, skipContainers } from './containers.js';
import { unlessInstalled } from './debian-package.js';
import { ElfFile } from './elf-file.js';

/** The image that {@link buildArm64Image} makes. */
export const ARM64_IMAGE = 'localhost/percpu-metrics:arm64';

/** The base that it has to have. */
export const ARM64_NODE_IMAGE = 'localhost/node:arm64';

/** Where the emulator is in a container that is started with {@link emulated}. */
export const EMULATOR = '/qemu-aarch64-static';

/** Why the image for ARM cannot be tested here, or `false`. */
export const skipArm64Image =
  skipContainers ||
  unlessInstalled('qemu-user-static', 'qemu-aarch64-static') ||
  (process.arch === 'x64' ? false : 'is about an image for another architecture than x86-64');

/** Options of `podman run` that start a program of the image, at its path there, by the emulator. */
export function emulated(program: string): string[] {
  const volume = `/usr/bin/qemu-aarch64-static:${EMULATOR}:ro`;
  return ['--volume', volume, '--entrypoint', JSON.stringify([EMULATOR, program])];
}

function fetchNode(): string {
  const script = fileURLToPath(new URL('../../../scripts/downloads.mjs', import.meta.url));
  return execFileSync(process.execPath, [script, 'node', NODE_VERSION, 'arm64'], { encoding: 'utf8' }).trim();
}

/** Makes Node's image of both architectures, and this project's for 64-bit ARM as its Dockerfile says. */
export function buildArm64Image(containers: Containers): void {
  const nativeImage = 'localhost/node:amd64';
  containers.makeNodeImage(nativeImage);

  const context = join(containers.directory, 'node-image-arm64');
  mkdirSync(context);
  cpSync(join(fetchNode(), 'bin', 'node'), join(context, 'node'));
  // Unpacked only: no script of a package could run here.
  const debian = makeDebian('debian-arm64.tar', '--variant=extract', '--arch=arm64');
  containers.podman('import', '--quiet', '--arch', 'arm64', debian, 'localhost/debian:arm64');
  writeFileSync(join(context, 'Dockerfile'), 'FROM localhost/debian:arm64\nCOPY node /usr/local/bin/\nCMD ["node"]\n');
  containers.build(context, ARM64_NODE_IMAGE, '--platform', 'linux/arm64');

  containers.podman('manifest', 'create', NODE_IMAGE);
  for (const image of [nativeImage, ARM64_NODE_IMAGE]) {
    containers.podman('manifest', 'add', NODE_IMAGE, `containers-storage:${image}`);
  }
  containers.buildImage(ARM64_IMAGE, '--platform', 'linux/arm64', '--build-arg', 'BUILDPLATFORM=linux/amd64');
}

/** The machine of each program and library below a directory, by its path there. */
export function machinesBelow(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  const programs = paths.filter((path) => readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF');
  return Object.fromEntries(programs.map((path) => [relative(directory, path), new ElfFile(path).machine]));
}
