/* What types have in common, and the buckets of native histograms and summaries; see exponential.c. */
#ifndef PCM_EXPONENTIAL_H
#define PCM_EXPONENTIAL_H

#include "percpu_metrics.h"

static inline bool pcm__has_buckets(pcm_type type) {
    return type == PCM_HISTOGRAM || type == PCM_NATIVE_HISTOGRAM || type == PCM_SUMMARY;
}

/* Counted by inc, dec and set. */
static inline bool pcm__is_like_gauge(pcm_type type) {
    return type != PCM_COUNTER && !pcm__has_buckets(type);
}

/* Whether the parameters of a definition of any type fit it. */
bool pcm__exponential_is_valid(const pcm_family_definition *definition);

/* The cell, counted from the first one of the series, that counts a finite value. */
uint32_t pcm__exponential_cell(const pcm_exponential *shape, double value);

#endif
