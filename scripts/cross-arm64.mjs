/**
 * Builds the addon for 64-bit ARM with Debian's cross compiler (packages gcc-aarch64-linux-gnu, g++-aarch64-linux-gnu
 * and libc6-dev-arm64-cross) in a copy of the sources, and prints the path of the addon: `node scripts/cross-arm64.mjs`.
 */
import { fileURLToPath } from 'node:url';
import { buildAddon } from './addon-build.mjs';
import { fetchNode } from './downloads.mjs';

const nodeVersion = '24.21.0';

/** Builds the addon unless it is there already, and gives its path. */
export function crossBuildArm64() {
  return buildAddon('arm64', {
    nodedir: fetchNode(nodeVersion, 'arm64'),
    arguments: ['--arch=arm64'],
    env: { CC: 'aarch64-linux-gnu-gcc', CXX: 'aarch64-linux-gnu-g++', AR: 'aarch64-linux-gnu-ar' },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(crossBuildArm64());
}
