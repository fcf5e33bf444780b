/**
 * Programs around the core for machines and systems other than this one's: the core's own suite, and threads that
 * move from CPU to CPU, built for 64-bit ARM, against musl, or without critical sections.
 */
import { buildVariant, coreSuite, type Variant, withoutRseq } from './native-variant.js';
import { unprotected } from './section-faults.js';

const targets = {
  arm64: { compiler: 'aarch64-linux-gnu-gcc', flags: ['-O2'] },
  musl: { compiler: 'musl-gcc', flags: ['-O2'], linkFlags: ['-static'] },
  'no-rseq': { flags: ['-O2', withoutRseq] },
} as const satisfies Record<string, Pick<Variant, 'compiler' | 'flags' | 'linkFlags'>>;

export type Target = keyof typeof targets;

const movingThreads = ['core', 'test/moving_threads.c'];

/** Compiles a program for a target; gives its path. */
export function buildCoreProgram(target: Target, program: 'suite' | 'moving_threads'): Promise<string> {
  const sources = program === 'suite' ? ['core', ...coreSuite()] : movingThreads;
  return buildVariant({ name: `${target}-${program}`, sources, ...targets[target] });
}

/**
 * Compiles the threads that move, for 64-bit ARM or for this machine, with delays in their critical sections, for hardly
 * any of them would be interrupted otherwise: as they are, or for the control not announced to the kernel. Gives its path.
 */
export function buildDelayedMoving(target: 'arm64' | 'here', announced: boolean): Promise<string> {
  const { compiler, flags } = target === 'arm64' ? targets.arm64 : { compiler: 'gcc' as const, flags: ['-O2'] };
  return buildVariant({
    name: `${target}-moving_threads-${announced ? 'delayed' : 'control'}`,
    sources: [...movingThreads, 'proof/inject.c'],
    compiler,
    flags: [...flags, '-include', 'proof/inject.h'],
    ...(announced ? {} : { mutation: unprotected }),
  });
}
