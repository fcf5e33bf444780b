/*
 * Adding to cells where the first attempt of the hot path was not enough: other back ends, threads without an area of
 * libc, aborted sections, CPUs without a lane. On the rseq back end the per-CPU lanes are never touched from here
 * except in a critical section; what cannot be done in one goes to the atomic lanes, which nobody writes otherwise.
 */
#include "store.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Single-stepping aborts every attempt, so that they must be few; preemption hardly ever aborts two in a row. */
#define MOST_ATTEMPTS 8

static __thread uint32_t thread_number;

/* Spreads threads over the atomic lanes, each staying on its own. */
static uint32_t atomic_lane(const struct pcm_store *store) {
    if (thread_number == 0)
        thread_number = (uint32_t)syscall(SYS_gettid);
    return store->geometry.lanes + thread_number % store->geometry.atomic_lanes;
}

/* The CPU by getcpu: what a program without rseq has. It may be another one by now, hence the atomic add. */
static uint32_t current_cpu(void) {
    unsigned int cpu = 0;
#if defined(__GLIBC__)
    if (getcpu(&cpu, NULL) != 0)
        return UINT32_MAX;
#else
    int number = sched_getcpu();
    cpu = number < 0 ? UINT32_MAX : (unsigned int)number;
#endif
    return cpu;
}

static uint32_t shared_lane(const struct pcm_store *store) {
    if (store->geometry.backend == PCM_BACKEND_PERCPU_ATOMIC) {
        uint32_t cpu = current_cpu();
        if (cpu < store->geometry.lanes)
            return cpu;
    }
    return atomic_lane(store);
}

static void add_atomic(struct pcm_store *store, uint32_t cell, int64_t amount) {
    _Atomic uint64_t *word = pcm__store_word(store, shared_lane(store), cell);
    atomic_fetch_add_explicit(word, (uint64_t)amount, memory_order_relaxed);
}

static void add_atomic_double(struct pcm_store *store, uint32_t cell, double amount) {
    _Atomic uint64_t *word = pcm__store_word(store, shared_lane(store), cell);
    uint64_t before = atomic_load_explicit(word, memory_order_relaxed);
    uint64_t after;
    do {
        double value;
        memcpy(&value, &before, sizeof value);
        value += amount;
        memcpy(&after, &value, sizeof after);
    } while (!atomic_compare_exchange_weak_explicit(word, &before, after, memory_order_relaxed, memory_order_relaxed));
}

static void count_abort(struct pcm_store *store) {
    if (store->slot != NULL)
        atomic_fetch_add_explicit(&store->slot->aborts, 1, memory_order_relaxed);
}

static void count_fallback(struct pcm_store *store) {
    if (store->slot != NULL)
        atomic_fetch_add_explicit(&store->slot->fallbacks, 1, memory_order_relaxed);
}

/*
 * The area to try again with, or 0 where the atomic lane is next. `why` is how the first attempt ended; a store without
 * an entry had none at all.
 */
static intptr_t area_for_retry(struct pcm_store *store, enum pcm__rseq_result why) {
    if (why == PCM__RSEQ_ABORTED) {
        count_abort(store);
        return pcm__rseq_thread_area();
    }
    return store->hot.entry == 0 ? pcm__rseq_thread_area() : 0;
}

/* Out of line, so that no call is near the hot path. */
__attribute__((noinline, cold)) void pcm__cell_add_slow(struct pcm_store *store, uint32_t cell, int64_t amount,
                                                        enum pcm__rseq_result why) {
    if (store->read_only)
        return;
    if (store->geometry.backend != PCM_BACKEND_RSEQ) {
        add_atomic(store, cell, amount);
        return;
    }
    intptr_t area = area_for_retry(store, why);
    for (int attempt = 1; area != 0 && attempt < MOST_ATTEMPTS; attempt++) {
        why = pcm__rseq_load_cpu_add_i64(area, (uint16_t)store->geometry.lanes, store->geometry.lane_stride,
                                         store->hot.lanes + (uint64_t)cell * sizeof(uint64_t), amount);
        if (why == PCM__RSEQ_DONE)
            return;
        if (why == PCM__RSEQ_OUT_OF_RANGE)
            break;
        count_abort(store);
    }
    count_fallback(store);
    add_atomic(store, cell, amount);
}

__attribute__((noinline, cold)) void pcm__cell_add_double_slow(struct pcm_store *store, uint32_t cell, double amount,
                                                               enum pcm__rseq_result why) {
    if (store->read_only)
        return;
    if (store->geometry.backend != PCM_BACKEND_RSEQ) {
        add_atomic_double(store, cell, amount);
        return;
    }
    intptr_t area = area_for_retry(store, why);
    for (int attempt = 1; area != 0 && attempt < MOST_ATTEMPTS; attempt++) {
        why = pcm__rseq_load_cpu_add_f64(area, (uint16_t)store->geometry.lanes, store->geometry.lane_stride,
                                         store->hot.lanes + (uint64_t)cell * sizeof(uint64_t), amount);
        if (why == PCM__RSEQ_DONE)
            return;
        if (why == PCM__RSEQ_OUT_OF_RANGE)
            break;
        count_abort(store);
    }
    count_fallback(store);
    add_atomic_double(store, cell, amount);
}

/* A call and a return are most of it, and cost least where it begins at a cache line. */
__attribute__((aligned(64))) void pcm_cell_add(pcm_store *store, uint32_t cell, int64_t amount) {
    if (pcm__cell_exists(store, cell))
        pcm__cell_add(store, cell, amount);
}

void pcm_thread_get_mode(const pcm_store *store, pcm_mode *out) {
    static const char *const reasons[] = {
        [PCM_BACKEND_PERCPU_ATOMIC] = "the store was made with the percpu-atomic back end",
        [PCM_BACKEND_ATOMIC] = "the store was made with the atomic back end",
        [PCM_BACKEND_ATOMIC_PADDED] = "the store was made with the atomic-padded back end",
    };
    pcm_mode mode;
    mode.registration = pcm__rseq_thread_registration(&mode.reason);
    mode.backend = (pcm_backend)store->geometry.backend;
    if (mode.backend != PCM_BACKEND_RSEQ)
        mode.reason = reasons[mode.backend];
    else if (mode.registration == PCM_REGISTRATION_NONE)
        mode.backend = PCM_BACKEND_ATOMIC;
    *out = mode;
}
