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
 * Distance from the thread pointer to the C library's area, once it is known to work; 0 otherwise, as an area at the
 * thread pointer itself cannot be. Written once, before any store is open.
 */
extern intptr_t pcm__rseq_libc_offset;

/* The calling thread's area, without any work where the C library owns it; else NULL. */
static inline struct pcm__rseq_area *pcm__rseq_libc_area(void) {
    intptr_t offset = pcm__rseq_libc_offset;
    if (__builtin_expect(offset == 0, 0))
        return NULL;
    return (struct pcm__rseq_area *)((char *)__builtin_thread_pointer() + offset);
}

/* The calling thread's area, registered now if need be, or NULL. Signal-safe from the second call of a thread on. */
struct pcm__rseq_area *pcm__rseq_thread_area(void);

/* How the calling thread got its area, and one sentence that says why. */
pcm_registration pcm__rseq_thread_registration(const char **reason);

#endif
