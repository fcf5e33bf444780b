/**
 * Why a store could not be opened, where more is known than by the code: what is at the path, what is missing on the way
 * to it, and how the store was made. Looking is only done once something is wrong.
 */
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { addon, type NativeOpenOptions } from '../binding.js';
import type { PercpuMetricsError } from '../errors.js';
import { nativeError } from './native-error.js';

/** What was to be opened. */
export interface Opening {
  readonly path: string;
  readonly readOnly: boolean;
  readonly backend?: string | undefined;
}

/** The code of the file system for what is at a path; undefined where something is. */
function obstacle(path: string): string | undefined {
  try {
    lstatSync(path);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

function backendOf(path: string): string | undefined {
  try {
    const store = addon.open({ path, readOnly: true } as NativeOpenOptions);
    const { backend } = store.info();
    store.close();
    return backend;
  } catch {
    return undefined;
  }
}

function noPermission(path: string): string | undefined {
  const directory = dirname(path);
  switch (obstacle(path)) {
    case 'EACCES':
      return `this user has no permission to enter ${directory}; let it do so, or give the store another path`;
    case 'ENOENT':
      return `this user has no permission to make files in ${directory}; let it do so, or give the store another path`;
    default:
      return undefined;
  }
}

function reasonOf(code: unknown, { path, readOnly, backend }: Opening): string | undefined {
  if (code === 'ERR_PCM_NOT_FOUND' && !readOnly) {
    return `there is no directory ${dirname(path)}, which is not made; make it, or give the store another path`;
  }
  if (code === 'ERR_PCM_PERMISSION') return noPermission(path);
  const existing = code === 'ERR_PCM_BACKEND_MISMATCH' ? backendOf(path) : undefined;
  if (existing === undefined) return undefined;
  return (
    `${path} was made with the back end ${existing}, and cannot be opened with ${backend}; leave the option backend out ` +
    'to use it as it is, or remove the file'
  );
}

/** The error to throw for one that opening a store has thrown. */
export function openError(cause: unknown, opening: Opening): PercpuMetricsError {
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  return nativeError(cause, { action: 'open the store', path: opening.path, reason: reasonOf(code, opening) });
}
