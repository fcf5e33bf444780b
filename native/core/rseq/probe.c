/*
 * See probe.h. The abort comes from membarrier(PRIVATE_EXPEDITED_RSEQ), which interrupts every CPU that runs a thread of
 * this process. Where both threads share one CPU, the preemption that lets the other thread run must abort the section
 * just as well.
 */
#include "probe.h"

#include "section.h"

#if PCM__HAVE_RSEQ

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Values of linux/membarrier.h, which older headers lack. */
#define MEMBARRIER_PRIVATE_EXPEDITED_RSEQ          (1 << 7)
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ (1 << 8)

#define PROBE_ATTEMPTS 200
#define PROBE_TURNS    200000ull

static _Atomic bool finished;

static void *interrupt(void *failed) {
    while (!atomic_load_explicit(&finished, memory_order_acquire)) {
        if (syscall(__NR_membarrier, MEMBARRIER_PRIVATE_EXPEDITED_RSEQ, 0, 0) != 0) {
            atomic_store_explicit((_Atomic bool *)failed, true, memory_order_release);
            break;
        }
    }
    return NULL;
}

/* Signals of the host are for the host's threads. */
static bool start_interrupting(pthread_t *thread, _Atomic bool *failed) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    int status = pthread_create(thread, NULL, interrupt, failed);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status == 0;
}

const char *pcm__rseq_probe(intptr_t area) {
    if (syscall(__NR_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) != 0)
        return "membarrier cannot restart critical sections here, so that rseq cannot be proven to work";
    _Atomic bool failed = false;
    pthread_t thread;
    atomic_store_explicit(&finished, false, memory_order_relaxed);
    if (!start_interrupting(&thread, &failed))
        return "no thread could be started to prove that rseq works";
    bool aborted = false;
    for (int attempt = 0; attempt < PROBE_ATTEMPTS && !aborted; attempt++) {
        aborted = pcm__rseq_spin(area, PROBE_TURNS) == PCM__RSEQ_ABORTED;
        if (atomic_load_explicit(&failed, memory_order_acquire))
            break;
    }
    atomic_store_explicit(&finished, true, memory_order_release);
    pthread_join(thread, NULL);
    if (aborted)
        return NULL;
    return "this kernel did not restart a critical section that was interrupted";
}

#else

const char *pcm__rseq_probe(intptr_t area) {
    (void)area;
    return "this build has no critical sections for its architecture";
}

#endif
