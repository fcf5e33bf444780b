/**
 * Programs of Debian packages that some tests want. Where one is not installed the test is skipped, with a reason that
 * names the package; the test runner turns that into a failure where nothing may be skipped.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function isInstalled(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** For the `skip` option of a test: `false` if the commands are there, else why the test is skipped. */
export function unlessInstalled(debianPackage: string, ...commands: readonly string[]): string | false {
  const missing = commands.filter((command) => !isInstalled(command));
  return missing.length === 0 ? false : `needs ${missing.join(', ')} (Debian package ${debianPackage})`;
}
