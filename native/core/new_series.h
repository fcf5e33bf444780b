/*
 * Making series, in two steps: what a series needs is taken first, so that several are made or none, and then it is there
 * for all. With the lock of the store held.
 */
#ifndef PCM_NEW_SERIES_H
#define PCM_NEW_SERIES_H

#include "store.h"

struct pcm__new_series {
    bool is_wanted;  /* there was none */
    bool is_taken;   /* what it needs is */
    uint32_t family; /* number in the index */
    const pcm_bytes *values;
    uint64_t size;
    uint32_t size_class;
    uint32_t link; /* of the record that is used again, 0 where one is appended */
    struct pcm__series_record *record;
    uint32_t first_integer; /* these two plus one, 0 is none */
    uint32_t double_cell;
};

/* Whether the series of a family belong to processes. */
bool pcm__is_owned(const pcm_family_definition *definition);

/*
 * Takes a record and cells. `appended` is what others that are not begun yet will append to the catalog, and grows. CAPACITY,
 * NO_SPACE, CORRUPT, SYSTEM; nothing is taken then, and `out` is as it was.
 */
int pcm__new_series_prepare(struct pcm_store *store, uint32_t family, const pcm_bytes *values, pcm_series_cells more,
                            uint64_t *appended, struct pcm__new_series *out);

/* It is a series from now on, in the index as well. */
int pcm__new_series_begin(struct pcm_store *store, const struct pcm__new_series *new);

/* Gives all that was taken back. */
void pcm__new_series_give(struct pcm_store *store, const struct pcm__new_series *new);

#endif
