/**
 * Faults of the critical sections, for x86-64 and for 64-bit ARM: who attacks the sections must find each of them, or
 * proves nothing.
 */
import type { Mutation, NativeMachine } from './native-variant.js';

/**
 * The negative control: the same sections, which the kernel is not told of. Where the probe of the start announced none
 * either, it would find that out, and nothing would ever be added unprotected.
 */
export const unprotected: Mutation = {
  name: 'unprotected',
  changes: [
    {
      find: 'PCM__RSEQ_ENTER PCM__RSEQ_LOAD_LANE',
      replace: '"1:\\n\\t" PCM__INJECT(1) PCM__RSEQ_LOAD_LANE',
      times: 2,
    },
  ],
};

const commit = '"2:\\n\\t" PCM__INJECT(5)';

/** The beginnings of the instructions that commit, an integer and a double, and the one that ends the probe. */
const lastInstructions = {
  x86_64: { commits: ['"addq %[amount], ', '"movsd %%xmm15, '], probe: '"jnz 5b\\n\\t"' },
  aarch64: { commits: ['"str x17, ', '"str d31, '], probe: '"b.ne 5b\\n\\t"' },
} as const satisfies Record<NativeMachine, object>;

/** The sections end one instruction before the commit; that of the probe does not. */
export const commitEarly = (machine: NativeMachine): Mutation => {
  const { commits, probe } = lastInstructions[machine];
  return {
    name: 'commit-early',
    changes: [
      { find: commit, replace: 'PCM__INJECT(5)' },
      ...commits.map((text) => ({ find: text, replace: `"2:\\n\\t${text.slice(1)}` })),
      { find: probe, replace: `${probe} "2:\\n\\t"` },
    ],
  };
};

/** The sections end one instruction behind the commit. */
export const commitLate: Mutation = {
  name: 'commit-late',
  changes: [{ find: commit, replace: 'PCM__INJECT(5) "nop\\n\\t2:\\n\\t"' }],
};
