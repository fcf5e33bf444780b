/**
 * From what the native code (or the file system) says to what a user can act on: one table that has, for every code,
 * the sentence with the value and the remedy. The original error stays the `cause`.
 */
import { type ErrorCode, isErrorCode, PercpuMetricsError } from '../errors.js';

/** What was being done when it failed. */
export interface Attempt {
  /** As it continues "cannot ...". */
  readonly action: string;
  /** The file of the store, or a directory. */
  readonly path: string;
  /** The sentence with the value and the remedy, where it is known better than by the code. */
  readonly reason?: string | undefined;
}

interface NativeFailure {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly syscallMessage?: unknown;
  /** Of ERR_PCM_VERSION: the format of the file, and the one of this package. */
  readonly foundVersion?: unknown;
  readonly wantedVersion?: unknown;
}

/** The versions of the format in words, where native code could read them. */
function formats({ foundVersion, wantedVersion }: NativeFailure): string {
  if (typeof foundVersion !== 'number') return 'with another file format';
  return `with file format ${foundVersion}, and this one has format ${wantedVersion}`;
}

const REMEDIES: Partial<Record<ErrorCode, (path: string, failure: NativeFailure) => string>> = {
  ERR_PCM_NO_MEMORY: () => 'this process is out of memory; raise its limit, or the address space that it may map',
  ERR_PCM_NOT_FOUND: (path) =>
    `there is no store at ${path}; start the application that writes it first, and make sure that its directory exists`,
  ERR_PCM_NOT_A_STORE: (path) => `${path} is not a percpu-metrics store; give another path, or remove the file`,
  ERR_PCM_VERSION: (path, failure) =>
    `${path} was written by another version of percpu-metrics ${formats(failure)}; ` +
    'use the same version in every process, or remove the file once none of them runs',
  ERR_PCM_OTHER_BOOT: (path) =>
    `${path} was written before the last boot, or on another machine; open it with persist: true to carry its ` +
    'values over, or delete it',
  ERR_PCM_PERMISSION: (path) =>
    `this user has no permission for ${path}; run as the user who made it, or make it with a mode such as 0o660 ` +
    'and a common group',
  ERR_PCM_UNSAFE_PATH: (path) => `${path} is a symbolic link or not a regular file; give the path of the file itself`,
  ERR_PCM_NO_SPACE: (path) =>
    `the file system of ${path} has no space left; enlarge it (containers: --shm-size, or sizeLimit of the volume), ` +
    'give the store a path elsewhere, or open it with a smaller capacity',
  ERR_PCM_CAPACITY: (path) =>
    `the capacity of ${path} is exhausted; look for labels with too many values (percpu-metrics inspect), or make the ` +
    'store with a larger capacity',
  ERR_PCM_TOO_MANY_PROCESSES: (path) =>
    `all slots for processes of ${path} are taken; end some of them, or spread them over several stores`,
  ERR_PCM_READ_ONLY: (path) => `${path} is attached read-only; open it without readOnly in order to change it`,
  ERR_PCM_BACKEND_MISMATCH: (path) =>
    `${path} was made with another back end; leave the option backend out to use it as it is, or remove the file`,
  ERR_PCM_CORRUPT: (path) =>
    `the contents of ${path} contradict themselves; stop the processes that have it open, remove it and start anew`,
  ERR_PCM_BROKEN: (path) =>
    `${path} was truncated while it was open, and what is counted from now on is lost; remove it, restart its ` +
    'processes and keep whatever truncates it away from it',
  ERR_PCM_LOCK_TIMEOUT: (path) =>
    `another process has held the lock of ${path} for too long; look for one that is stopped (SIGSTOP, a debugger), ` +
    'let it go on or end it, and try again',
  ERR_PCM_REMOVED: (path) =>
    `the series was removed from ${path} by another program; open the store again, whose handles make new ones`,
  ERR_PCM_CLOSED: (path) => `the store at ${path} is closed; open it again, and close it after its last use`,
};

/** What Node's own file system calls say, in our codes. */
const FILE_SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'ERR_PCM_PERMISSION',
  EPERM: 'ERR_PCM_PERMISSION',
  EROFS: 'ERR_PCM_PERMISSION',
  ENOSPC: 'ERR_PCM_NO_SPACE',
  EDQUOT: 'ERR_PCM_NO_SPACE',
  ENOENT: 'ERR_PCM_NOT_FOUND',
};

function codeOf(failure: NativeFailure): ErrorCode {
  if (isErrorCode(failure.code)) return failure.code;
  return FILE_SYSTEM_CODES[String(failure.code)] ?? 'ERR_PCM_SYSTEM';
}

/**
 * The error to throw for one that native code or the file system has thrown.
 *
 * @param known - The code, where it is known better than by the error itself.
 */
export function nativeError(cause: unknown, attempt: Attempt, known?: ErrorCode): PercpuMetricsError {
  if (cause instanceof PercpuMetricsError) return cause;
  const failure: NativeFailure = typeof cause === 'object' && cause !== null ? cause : { message: cause };
  const code = known ?? codeOf(failure);
  const reason =
    attempt.reason ?? REMEDIES[code]?.(attempt.path, failure) ?? `${String(failure.message)} (${attempt.path})`;
  const system = typeof failure.syscallMessage === 'string' ? ` (${failure.syscallMessage})` : '';
  return new PercpuMetricsError(code, `cannot ${attempt.action}: ${reason}${system}`, {
    ...(cause === undefined ? {} : { cause }),
    details: { path: attempt.path },
  });
}
