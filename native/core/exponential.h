/* Whether the parameters of a native histogram or a summary can be taken in; see exponential.c. */
#ifndef PCM_EXPONENTIAL_H
#define PCM_EXPONENTIAL_H

#include "percpu_metrics.h"

static inline bool pcm__has_buckets(pcm_type type) {
    return type == PCM_HISTOGRAM || type == PCM_NATIVE_HISTOGRAM || type == PCM_SUMMARY;
}

bool pcm__exponential_is_valid(const pcm_family_definition *definition);

/* The cell, counted from the first one of the series, that counts a finite value. */
uint32_t pcm__exponential_cell(const pcm_exponential *shape, double value);

#endif
