/**
 * Where a store is: the only file below the server that reads the environment. In this order: the path that the
 * caller gives; PERCPU_METRICS_STORE, which a parent, the operator or this process has set; the path that this process
 * made up before, for threads whose copy of the environment is older; a new path in a directory that only this user can
 * enter.
 *
 * Invariants: a made-up path is settled for the process before the store is made, so that threads that start together
 * meet in one store. PERCPU_METRICS_STORE is only ever set where it was unset. When the store that it names because of us is
 * closed, it names the next one that this thread has open, or is taken back: it never names one that nobody has open.
 * A store that is named in the place of a closed one gives way to that when it is opened again.
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { addon } from '../binding.js';
import { PercpuMetricsError } from '../errors.js';
import { nativeError } from './native-error.js';

/** The environment variable that tells child processes the path of their parent's store. */
export const STORE_VARIABLE = 'PERCPU_METRICS_STORE';

/** A settled path. */
export interface Location {
  readonly path: string;
  /** The file goes with the last process that has it open. */
  readonly ephemeral: boolean;
}

/** Stores that this thread has open for writing, in the order of their opening, with the number of times. */
const open = new Map<string, number>();
/** What this thread has set the variable to. */
let announced: string | undefined;
/** What it was set to where it was unset. */
let first: string | undefined;

function userId(): number {
  return process.getuid?.() ?? 0;
}

/** Places for made-up stores, the best first: memory before disk. */
function roots(): string[] {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return ['/dev/shm', ...(runtime ? [runtime] : []), tmpdir()];
}

function privateDirectory(root: string): string {
  return join(root, `percpu-metrics-${userId()}`);
}

function isUsable(root: string): boolean {
  try {
    accessSync(root, constants.W_OK | constants.X_OK);
    return statSync(root).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Makes a directory, or makes sure that it is ours alone: whoever can write there could plant a store.
 *
 * @throws PercpuMetricsError `ERR_PCM_UNSAFE_PATH`, `ERR_PCM_PERMISSION`, `ERR_PCM_NO_SPACE`, `ERR_PCM_SYSTEM`
 */
export function ensurePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw nativeError(cause, { action: 'make the directory of the store', path: directory });
    }
  }
  const stats = lstatSync(directory);
  if (!stats.isDirectory() || stats.uid !== userId() || (stats.mode & 0o077) !== 0) {
    throw new PercpuMetricsError(
      'ERR_PCM_UNSAFE_PATH',
      `${directory} must be a directory that belongs to user ${userId()} with mode 0700, because stores of this user ` +
        'are made there; remove it, or give the store a path of its own',
      { details: { path: directory } },
    );
  }
}

/** Removes what dead processes left behind. Never a reason not to open a store: what is in the way is found there. */
function sweep(directory: string): void {
  try {
    addon.sweep(directory);
  } catch {
    // A file that could not be removed costs memory, and the next start tries again.
  }
}

function makeUpPath(): string {
  const root = roots().find(isUsable) ?? tmpdir();
  const directory = privateDirectory(root);
  ensurePrivate(directory);
  sweep(directory);
  const candidate = join(directory, `${process.pid}-${randomBytes(8).toString('hex')}.pcm`);
  return addon.setDefaultPath(candidate);
}

function inherited(): string {
  const told = process.env[STORE_VARIABLE];
  const madeUp = addon.getDefaultPath();
  // What is named in the place of a made-up store that was closed is for children: all threads go on with the made-up one.
  const isInPlace = told === announced && told !== first;
  const path = told && !(isInPlace && madeUp !== '') ? told : madeUp;
  return path === '' ? '' : resolve(path);
}

/**
 * Settles the path of a store.
 *
 * @param explicit - The path that the caller gave, if any.
 * @param readOnly - A store that is only read is never made up.
 * @throws PercpuMetricsError `ERR_PCM_NOT_FOUND`, `ERR_PCM_UNSAFE_PATH`, `ERR_PCM_PERMISSION`, `ERR_PCM_NO_SPACE`,
 * `ERR_PCM_SYSTEM`, `ERR_PCM_ADDON`
 */
export function locate(explicit: string | undefined, readOnly: boolean): Location {
  if (explicit !== undefined) return { path: resolve(explicit), ephemeral: false };
  const path = inherited();
  if (readOnly) {
    if (path !== '') return { path, ephemeral: false };
    throw new PercpuMetricsError(
      'ERR_PCM_NOT_FOUND',
      `there is no store to read: neither this process nor ${STORE_VARIABLE} names one; give the path of the store`,
    );
  }
  if (path === '') return { path: makeUpPath(), ephemeral: true };
  // A made-up store whose last process has ended is made anew, and is made-up again.
  const directory = dirname(path);
  const ephemeral = roots().some((root) => privateDirectory(root) === directory);
  if (ephemeral) ensurePrivate(directory);
  return { path, ephemeral };
}

function tellChildren(path: string | undefined): void {
  announced = path;
  if (path === undefined) delete process.env[STORE_VARIABLE];
  else process.env[STORE_VARIABLE] = path;
}

/**
 * Lets child processes and later threads find a store that was opened for writing, unless they find another one already.
 *
 * @returns what takes it back, to be called once
 */
export function announce(path: string): () => void {
  open.set(path, (open.get(path) ?? 0) + 1);
  const told = process.env[STORE_VARIABLE];
  if (!told) first = path;
  if (!told || (told === announced && path === first)) tellChildren(path);
  return () => {
    const left = (open.get(path) ?? 0) - 1;
    if (left > 0) open.set(path, left);
    else open.delete(path);
    if (announced === undefined || open.has(announced) || process.env[STORE_VARIABLE] !== announced) return;
    const [next] = open.keys();
    tellChildren(next);
  };
}
