/*
 * How a thread gets an rseq area: the C library's where it registers threads, else one of our own, else none. Decided
 * once per process, at the first question; an area of our own is registered per thread, at its first question, and
 * unregistered when the thread ends. The decision includes the probe (probe.h).
 */
#ifndef PCM_RSEQ_REGISTRATION_H
#define PCM_RSEQ_REGISTRATION_H

#include "abi.h"
#include "percpu_metrics.h"

/*
 * Areas are named by their distance from the thread pointer, 0 being none, as no area can be at the thread pointer
 * itself. This is the C library's, the same for every thread, once it is known to work; else 0. Written once, before
 * any store is open. Hidden, so that position-independent code reads it without a detour through the GOT.
 */
extern __attribute__((visibility("hidden"))) intptr_t pcm__rseq_libc_area;

/* The calling thread's area, registered now if need be, or 0. Signal-safe from the second call of a thread on. */
intptr_t pcm__rseq_thread_area(void);

/* How the calling thread got its area, and one sentence that says why. */
pcm_registration pcm__rseq_thread_registration(const char **reason);

#endif
