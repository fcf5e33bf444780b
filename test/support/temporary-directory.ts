/**
 * Directories that tests put their stores and files into: in memory where the machine has /dev/shm, private to the
 * test, removed when it ends.
 */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

function base(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** Makes an empty directory and gives its absolute path. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(base(), 'percpu-metrics-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
