/*
 * Names that are different and meet all the same: a histogram x is exposed as x_bucket, x_sum and x_count, so a family of
 * one of these names would make a scrape that Prometheus refuses in part. OpenMetrics adds x_created to it, and to a
 * counter x_total. native/exposition/sample-names.cc makes the names.
 */
#ifndef PCM_NAME_CLASH_H
#define PCM_NAME_CLASH_H

#include "store.h"

/* Whether a definition's lines would have names that another family of the store has. Needs the store's mutex. */
bool pcm__name_clashes(const struct pcm_store *store, const pcm_family_definition *definition);

#endif
