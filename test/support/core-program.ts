/**
 * Programs around the core for machines and systems other than this one's: the core's own suite, and threads that
 * move from CPU to CPU, built for 64-bit ARM, against musl, or without critical sections.
 */
import { buildVariant, coreSuite, type Variant } from './native-variant.js';

const targets = {
  arm64: { compiler: 'aarch64-linux-gnu-gcc', flags: ['-O2'] },
  musl: { compiler: 'musl-gcc', flags: ['-O2'], linkFlags: ['-static'] },
  'no-rseq': { flags: ['-O2', '-DPCM_NO_RSEQ'] },
} as const satisfies Record<string, Pick<Variant, 'compiler' | 'flags' | 'linkFlags'>>;

export type Target = keyof typeof targets;

/** Compiles a program for a target; gives its path. */
export function buildCoreProgram(target: Target, program: 'suite' | 'moving_threads'): Promise<string> {
  const sources = program === 'suite' ? coreSuite() : ['test/moving_threads.c'];
  return buildVariant({ name: `${target}-${program}`, sources: ['core', ...sources], ...targets[target] });
}
