/* Finds out whether the kernel really aborts critical sections; some versions do not on some architectures. */
#ifndef PCM_RSEQ_PROBE_H
#define PCM_RSEQ_PROBE_H

#include "abi.h"

/*
 * Spins in a critical section of the calling thread, whose area is at this distance from its thread pointer, while another thread asks the kernel to abort
 * all sections of the process. NULL if it was aborted; else one sentence (static storage) that says what went wrong.
 * Takes less than 0.1 s where it succeeds, at most a few seconds else.
 */
const char *pcm__rseq_probe(intptr_t area);

#endif
