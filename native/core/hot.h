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
    char *lanes;          /* lane 0 */
    uint64_t lane_stride; /* bytes from one lane to the next */
    uint32_t
        rseq_lanes; /* lanes on the rseq back end that may be written, else 0: all attempts leave to the slow path */
    uint32_t cell_count; /* capacity */
};

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
    intptr_t area = pcm__rseq_libc_area;
    enum pcm__rseq_result result = PCM__RSEQ_OUT_OF_RANGE;
    if (__builtin_expect(area != 0, 1))
        result = pcm__rseq_load_cpu_add_i64(area, hot->rseq_lanes, hot->lane_stride,
                                            hot->lanes + (uint64_t)cell * sizeof(uint64_t), amount);
    if (__builtin_expect(result != PCM__RSEQ_DONE, 0))
        pcm__cell_add_slow(store, cell, amount, result);
}

/* The same for a double cell. */
static inline __attribute__((always_inline)) void pcm__cell_add_double(struct pcm_store *store, uint32_t cell,
                                                                       double amount) {
    const struct pcm__hot *hot = (const struct pcm__hot *)store;
    intptr_t area = pcm__rseq_libc_area;
    enum pcm__rseq_result result = PCM__RSEQ_OUT_OF_RANGE;
    if (__builtin_expect(area != 0, 1))
        result = pcm__rseq_load_cpu_add_f64(area, hot->rseq_lanes, hot->lane_stride,
                                            hot->lanes + (uint64_t)cell * sizeof(uint64_t), amount);
    if (__builtin_expect(result != PCM__RSEQ_DONE, 0))
        pcm__cell_add_double_slow(store, cell, amount, result);
}

#ifdef __cplusplus
}
#endif

#endif
