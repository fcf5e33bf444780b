/**
 * Decides what has to be done again. A finished build leaves a stamp whose time is the start of that build and whose
 * content says under which conditions it was made; it is stale as soon as an input is younger than the stamp, a
 * condition differs, or its main product is gone. The time of directories counts as well: it changes when a file is
 * added or removed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The time of the last change of a file or of anything in a directory, in milliseconds; 0 where it does not exist. */
export function newestChange(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) {
    return 0;
  }
  if (!stats.isDirectory()) {
    return stats.mtimeMs;
  }
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), stats.mtimeMs);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether the build that left this stamp has to be made again. A development build serves any other purpose too. */
export function isStale({ stamp, product, inputs, conditions, development }) {
  const made = readJson(stamp);
  if (!made || !existsSync(product) || (development && !made.development)) {
    return true;
  }
  if (JSON.stringify(made.conditions) !== JSON.stringify(conditions)) {
    return true;
  }
  const stampedAt = statSync(stamp).mtimeMs;
  return inputs.some((input) => newestChange(input) > stampedAt);
}

/** Leaves a stamp of a build that began at a time, in milliseconds. */
export function leaveStamp({ stamp, conditions, development }, startedAt) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${JSON.stringify({ conditions, development })}\n`);
  utimesSync(stamp, startedAt / 1000, startedAt / 1000);
}

/**
 * Whether node_modules holds another set of packages than the lock file asks for. npm keeps its own copy of what it
 * installed; packages for other platforms are in the lock file only.
 */
export function dependenciesAreStale(root) {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!wanted || !installed) {
    return true;
  }
  const differs = Object.entries(wanted).some(([path, entry]) => {
    const found = installed[path];
    return path !== '' && (found ? found.version !== entry.version : !entry.optional);
  });
  return differs || Object.keys(installed).some((path) => !(path in wanted));
}

/** Removes what an earlier compilation made of sources that are gone, or a removed test would still run. */
export function removeOrphans(output, source) {
  if (!existsSync(output)) {
    return;
  }
  for (const entry of readdirSync(output, { withFileTypes: true })) {
    const made = join(output, entry.name);
    const stem = join(source, entry.name.replace(/(\.d\.ts|\.js)(\.map)?$/, ''));
    if (entry.isDirectory() && existsSync(join(source, entry.name))) {
      removeOrphans(made, join(source, entry.name));
    } else if (entry.isDirectory() || !existsSync(`${stem}.ts`)) {
      rmSync(made, { recursive: true });
    }
  }
}
