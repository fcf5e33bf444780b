/* Systems without critical sections: every attempt leaves to the slow path, which uses the atomic lanes. */
#ifndef PCM_RSEQ_SECTION_NONE_H
#define PCM_RSEQ_SECTION_NONE_H

#include "abi.h"

static inline enum pcm__rseq_result pcm__rseq_load_cpu_add_i64(intptr_t area, uint16_t lanes, uint64_t stride,
                                                               char *cell, int64_t amount) {
    (void)area, (void)lanes, (void)stride, (void)cell, (void)amount;
    return PCM__RSEQ_OUT_OF_RANGE;
}

static inline enum pcm__rseq_result pcm__rseq_load_cpu_add_f64(intptr_t area, uint16_t lanes, uint64_t stride,
                                                               char *cell, double amount) {
    (void)area, (void)lanes, (void)stride, (void)cell, (void)amount;
    return PCM__RSEQ_OUT_OF_RANGE;
}

#endif
