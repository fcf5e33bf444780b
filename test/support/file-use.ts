/** What this process has mapped and opened of a file, as the kernel tells it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The permissions of each mapping of a file, such as `rw-s`. */
export function mappingsOf(path: string): string[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return lines.filter((line) => line.endsWith(` ${path}`)).map((line) => line.split(' ')[1] ?? '');
}

function linkOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // That of the list itself is closed by now.
    return undefined;
  }
}

/** The flags with which each descriptor of a file was opened, such as `O_RDWR`, as a number. */
export function openFlagsOf(path: string): number[] {
  const descriptors = readdirSync('/proc/self/fd').filter((descriptor) => linkOf(descriptor) === path);
  return descriptors.map((descriptor) => {
    const [, flags = ''] = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
    return Number.parseInt(flags, 8);
  });
}
