/**
 * The conditions under which a process gets at restartable sequences, and how to start a process under each: as the
 * machine is, without the registration of the C library, and behind a filter that refuses the system call.
 */
import { fileURLToPath } from 'node:url';

/** `libc`: nothing special. `self`: the C library does not register. `eperm`, `enosys`: the kernel seems to refuse. */
export type RseqCondition = 'libc' | 'self' | 'eperm' | 'enosys';

const launcher = fileURLToPath(new URL('../../../build/Release/seccomp_launcher', import.meta.url));

/** A command and an environment that run another command under a condition. */
export interface ConditionedCommand {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Says how a command is run under a condition. */
export function underCondition(condition: RseqCondition, command: readonly string[]): ConditionedCommand {
  switch (condition) {
    case 'libc':
      return { command, env: {} };
    case 'self':
      return { command, env: { GLIBC_TUNABLES: 'glibc.pthread.rseq=0' } };
    case 'eperm':
    case 'enosys':
      return { command: [launcher, condition, ...command], env: {} };
  }
}
