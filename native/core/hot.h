/*
 * The hot path, inline: one critical section. Everything else
 * (another back end, a thread that is not registered by libc, an abort, a CPU without a lane) is out of line.
 * Included by the core and, as C++, by the addon.
 */
#ifndef PCM_HOT_H
#define PCM_HOT_H

#include "rseq/registration.h"
#include "rseq/section.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first member of every pcm_store; by itself, so that the addon need not know the rest. */
struct pcm__hot {
    char *lanes;         /* lane 0 */
    uint64_t entry;      /* what a section is entered with, see pcm__hot_pack; 0: all additions take the slow path */
    uint32_t cell_count; /* capacity */
};

/*
 * The number of lanes, the pages from one lane to the next and the distance of libc's area in one word: an addition
 * consists of hardly more than loads, and each one that is spared shows (docs/benchmarks.md). 0 where there is no lane,
 * or where a number has no room: an area farther than 8 MiB from the thread pointer, lanes of 2 GiB.
 */
static inline uint64_t pcm__hot_pack(intptr_t area, uint32_t lanes, uint64_t stride) {
    if (lanes == 0 || lanes > INT16_MAX || stride % 4096 != 0 || stride >= UINT64_C(1) << 31 ||
        area >= INT32_C(1) << 23 || area < -(INT32_C(1) << 23))
        return 0;
    return lanes | stride << 4 | (uint64_t)area << 40;
}

static inline uint16_t pcm__hot_lanes(uint64_t entry) {
    return (uint16_t)entry;
}

static inline uint64_t pcm__hot_stride(uint64_t entry) {
    return entry >> 4 & 0x7ffff000;
}

static inline intptr_t pcm__hot_area(uint64_t entry) {
    return (intptr_t)((int64_t)entry >> 40);
}

void pcm__cell_add_slow(struct pcm_store *store, uint32_t cell, int64_t amount, enum pcm__rseq_result why);
void pcm__cell_add_double_slow(struct pcm_store *store, uint32_t cell, double amount, enum pcm__rseq_result why);

/* Whether a cell that came from elsewhere may be handed to the functions below, which do not look. */
static inline bool pcm__cell_exists(const struct pcm_store *store, uint32_t cell) {
    return cell < ((const struct pcm__hot *)store)->cell_count;
}

/* See pcm_cell_add; the cell exists. */
static inline __attribute__((always_inline)) void pcm__cell_add(struct pcm_store *store, uint32_t cell,
                                                                int64_t amount) {
    const struct pcm__hot *hot = (const struct pcm__hot *)store;
    uint64_t entry = hot->entry;
    enum pcm__rseq_result result = PCM__RSEQ_OUT_OF_RANGE;
    if (__builtin_expect(entry != 0, 1))
        result = pcm__rseq_load_cpu_add_i64(pcm__hot_area(entry), pcm__hot_lanes(entry), pcm__hot_stride(entry),
                                            hot->lanes + (uint64_t)cell * sizeof(uint64_t), amount);
    if (__builtin_expect(result != PCM__RSEQ_DONE, 0))
        pcm__cell_add_slow(store, cell, amount, result);
}

/* The same for a double cell. */
static inline __attribute__((always_inline)) void pcm__cell_add_double(struct pcm_store *store, uint32_t cell,
                                                                       double amount) {
    const struct pcm__hot *hot = (const struct pcm__hot *)store;
    uint64_t entry = hot->entry;
    enum pcm__rseq_result result = PCM__RSEQ_OUT_OF_RANGE;
    if (__builtin_expect(entry != 0, 1))
        result = pcm__rseq_load_cpu_add_f64(pcm__hot_area(entry), pcm__hot_lanes(entry), pcm__hot_stride(entry),
                                            hot->lanes + (uint64_t)cell * sizeof(uint64_t), amount);
    if (__builtin_expect(result != PCM__RSEQ_DONE, 0))
        pcm__cell_add_double_slow(store, cell, amount, result);
}

#ifdef __cplusplus
}
#endif

#endif
