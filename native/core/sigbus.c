/*
 * See sigbus.h. Guards form a list that only grows, so that the handler can walk it at any time; a guard that was
 * released is used again. mmap is not on POSIX's list of async-signal-safe functions, but is one system call here.
 */
#include "sigbus.h"

#include "percpu_metrics.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    _Atomic uintptr_t start; /* 0: free; published last */
    size_t bytes;
    int protection;
    _Atomic bool *broken;
    struct guard *next;
};

static _Atomic(struct guard *) guards;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static bool installed;
static uintptr_t page_bytes;

static bool repair(uintptr_t address) {
    for (struct guard *guard = atomic_load_explicit(&guards, memory_order_acquire); guard; guard = guard->next) {
        uintptr_t start = atomic_load_explicit(&guard->start, memory_order_acquire);
        if (start == 0 || address < start || address - start >= guard->bytes)
            continue;
        void *page = (void *)(address & ~(page_bytes - 1)); // NOLINT(performance-no-int-to-ptr)
        if (mmap(page, page_bytes, guard->protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            return false;
        atomic_store_explicit(guard->broken, true, memory_order_release);
        return true;
    }
    return false;
}

static void chain(int number, siginfo_t *info, void *context) {
    if ((previous.sa_flags & SA_SIGINFO) != 0) {
        previous.sa_sigaction(number, info, context);
        return;
    }
    if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(number);
        return;
    }
    if (previous.sa_handler == SIG_IGN && info->si_code <= 0)
        return;
    /* Not ours: as if this handler had never been. A fault happens again on return, a sent signal is sent again. */
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(number, &standard, NULL);
    if (info->si_code <= 0)
        raise(number);
}

static void handle(int number, siginfo_t *info, void *context) {
    int saved = errno;
    /* Faults have a positive code; a signal that somebody sent has no address. */
    bool repaired = info->si_code > 0 && repair((uintptr_t)info->si_addr);
    if (!repaired)
        chain(number, info, context);
    errno = saved;
}

static int install(void) {
    if (installed)
        return PCM_OK;
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (sigaction(SIGBUS, NULL, &previous) != 0 || sigaction(SIGBUS, &action, NULL) != 0)
        return PCM_SYSTEM;
    installed = true;
    return PCM_OK;
}

static struct guard *free_guard(void) {
    struct guard *guard = atomic_load_explicit(&guards, memory_order_relaxed);
    while (guard != NULL && atomic_load_explicit(&guard->start, memory_order_relaxed) != 0)
        guard = guard->next;
    if (guard != NULL)
        return guard;
    guard = calloc(1, sizeof *guard);
    if (guard == NULL)
        return NULL;
    guard->next = atomic_load_explicit(&guards, memory_order_relaxed);
    atomic_store_explicit(&guards, guard, memory_order_release);
    return guard;
}

int pcm__sigbus_guard(void *start, size_t bytes, bool writable, _Atomic bool *broken) {
    pthread_mutex_lock(&mutex);
    int status = install();
    if (status == PCM_OK) {
        struct guard *guard = free_guard();
        if (guard == NULL) {
            status = PCM_NO_MEMORY;
        } else {
            guard->bytes = bytes;
            guard->protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
            guard->broken = broken;
            atomic_store_explicit(&guard->start, (uintptr_t)start, memory_order_release);
        }
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

void pcm__sigbus_release(void *start) {
    pthread_mutex_lock(&mutex);
    for (struct guard *guard = atomic_load_explicit(&guards, memory_order_relaxed); guard; guard = guard->next)
        if (atomic_load_explicit(&guard->start, memory_order_relaxed) == (uintptr_t)start)
            atomic_store_explicit(&guard->start, 0, memory_order_release);
    pthread_mutex_unlock(&mutex);
}
