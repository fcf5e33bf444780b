/*
 * See sigbus.h. Guards form a list that only grows, so that the handler can walk it at any time; a guard that was
 * released is used again. mmap is not on POSIX's list of async-signal-safe functions, but is one system call here.
 *
 * Whoever takes this handler's place may call it for what is not theirs, or may have forgotten it. So it comes back as
 * another function, with a predecessor of its own that is written once and never again: each way through all of these
 * leads from younger to older handlers, and ends, unless somebody else comes back in front as the same function: a
 * signal that is nobody's then goes round between the two. Faults in stores do not, for they are mended first.
 */
#include "sigbus.h"

#include "percpu_metrics.h"

#include <assert.h>
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
static uintptr_t page_bytes;

/* Times that the handler comes back; whoever still puts others in front of it has the last word. */
#define PLACES        8
#define EACH_PLACE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

/* What was in force before each of the functions. */
static struct sigaction predecessors[PLACES];
static int places_taken;

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

static void chain(const struct sigaction *to, int number, siginfo_t *info, void *context) {
    if ((to->sa_flags & SA_SIGINFO) != 0) {
        to->sa_sigaction(number, info, context);
        return;
    }
    if (to->sa_handler != SIG_DFL && to->sa_handler != SIG_IGN) {
        to->sa_handler(number);
        return;
    }
    if (to->sa_handler == SIG_IGN && info->si_code <= 0)
        return;
    /* Not ours: as if this handler had never been. A fault happens again on return, a sent signal is sent again. */
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(number, &standard, NULL);
    if (info->si_code <= 0)
        raise(number);
}

static void handle(int place, int number, siginfo_t *info, void *context) {
    int saved = errno;
    /* Faults have a positive code; a signal that somebody sent has no address. */
    bool repaired = info->si_code > 0 && repair((uintptr_t)info->si_addr);
    if (!repaired)
        chain(&predecessors[place], number, info, context);
    errno = saved;
}

#define X(place)                                                                                                       \
    static void handle_##place(int number, siginfo_t *info, void *context) {                                           \
        handle(place, number, info, context);                                                                          \
    }
EACH_PLACE(X)
#undef X

#define X(place) handle_##place,
static void (*const handlers[])(int, siginfo_t *, void *) = {EACH_PLACE(X)};
#undef X

static_assert(sizeof handlers / sizeof *handlers == PLACES, "a function for each place");

static bool is_ours(const struct sigaction *action) {
    for (int place = 0; place < PLACES; place++)
        if ((action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == handlers[place])
            return true;
    return false;
}

static bool is_same(const struct sigaction *one, const struct sigaction *other) {
    if (one->sa_flags != other->sa_flags)
        return false;
    return (one->sa_flags & SA_SIGINFO) != 0 ? one->sa_sigaction == other->sa_sigaction
                                             : one->sa_handler == other->sa_handler;
}

/* With the mutex held. */
static int install(void) {
    struct sigaction now;
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    int place = 0;
    sigemptyset(&action.sa_mask);
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (sigaction(SIGBUS, NULL, &now) != 0)
        return PCM_SYSTEM;
    /* Listeners of Node.js come and go, and are the same handler each time. */
    while (place < places_taken && !is_same(&predecessors[place], &now))
        place++;
    if (is_ours(&now) || place == PLACES)
        return PCM_OK;
    if (place == places_taken)
        predecessors[places_taken++] = now;
    action.sa_sigaction = handlers[place];
    return sigaction(SIGBUS, &action, NULL) == 0 ? PCM_OK : PCM_SYSTEM;
}

int pcm_sigbus_keep(void) {
    struct sigaction now;
    if (sigaction(SIGBUS, NULL, &now) != 0)
        return PCM_SYSTEM;
    if (is_ours(&now))
        return PCM_OK;
    pthread_mutex_lock(&mutex);
    int status = install();
    pthread_mutex_unlock(&mutex);
    return status;
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

void pcm__sigbus_before_fork(void) {
    pthread_mutex_lock(&mutex);
}

void pcm__sigbus_after_fork(void) {
    pthread_mutex_unlock(&mutex);
}
