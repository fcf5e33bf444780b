/**
 * What some tests want to be allowed, for the `skip` option of a test: `false` where this process is, else why the test
 * is skipped; the test runner turns that into a failure where nothing may be skipped.
 */
import { spawnSync } from 'node:child_process';

/** Only root can be somebody else. */
export const unlessRoot: string | false = process.getuid?.() === 0 ? false : 'needs root';

function mounts(...unshared: string[]): boolean {
  return spawnSync('unshare', [...unshared, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
}

/** Some machines, themselves containers, have a root that may not mount. */
export const unlessMayMount: string | false =
  unlessRoot || (mounts('--mount') ? false : 'needs a root that may mount (unshare --mount)');

/** Containers want process ids of their own as well. */
export const unlessMayContain: string | false =
  unlessMayMount ||
  (mounts('--mount', '--pid', '--fork') ? false : 'needs a root that may make process ids (unshare --mount --pid)');
