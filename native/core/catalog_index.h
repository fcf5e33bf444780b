/*
 * What one process has read of a store's catalog: its families, copied and checked, its series, and a hash table to
 * find both. Families never move and never go, so that readers may use them while others append. A series has the number
 * of its record, whose place another series may take later on; all changes are made under the store's mutex.
 */
#ifndef PCM_CATALOG_INDEX_H
#define PCM_CATALOG_INDEX_H

#include "chunked.h"
#include "percpu_metrics.h"

#include <stdint.h>

struct pcm__family {
    pcm_family_id id;                 /* offset of its record in the catalog, plus one */
    pcm_family_definition definition; /* one allocation of its own holds all that it points to */
    uint32_t series_count;
    uint64_t *memory;
};

struct pcm__series {
    uint32_t record; /* offset of its record in the catalog, divided by 8 */
    uint32_t family; /* number; where there is such a series, as is the hash */
    uint32_t life;   /* of the record, when it was read; see life.h */
    uint32_t hash;
};

struct pcm__index_entry {
    uint32_t hash;
    uint32_t number; /* of a series times 2, or of a family times 2 plus 1, plus 1; 0 is empty, or GONE */
};

struct pcm__catalog_index {
    uint64_t position; /* of the first record not read yet */
    uint64_t ahead;    /* families before this have been read, though position may not have come there */
    uint64_t changes;  /* number of the first change not read yet */
    uint64_t version;  /* goes up with every series that was taken out, or in at a place that was there before */
    struct pcm__chunked families;
    struct pcm__chunked series;
    struct pcm__index_entry *entries;
    uint32_t entry_mask;
    uint32_t entry_count;
    uint32_t gone_count;
};

#ifdef __cplusplus
extern "C" {
#endif

uint32_t pcm__index_family_count(const struct pcm__catalog_index *index);
struct pcm__family *pcm__index_family(const struct pcm__catalog_index *index, uint32_t number);
uint32_t pcm__index_series_count(const struct pcm__catalog_index *index);
struct pcm__series *pcm__index_series(const struct pcm__catalog_index *index, uint32_t number);

/* The family with this id, or NULL. */
struct pcm__family *pcm__index_family_by_id(const struct pcm__catalog_index *index, pcm_family_id id, uint32_t *number);

void pcm__index_destroy(struct pcm__catalog_index *index);

/* The rest needs the store's mutex. */

/* Reads what was committed to the catalog since the last call. CORRUPT, NO_MEMORY. */
int pcm__index_read(struct pcm_store *store);

/* Series that there are; pcm__index_series_count() is all places that they have or had. */
uint32_t pcm__index_lived_count(const struct pcm__catalog_index *index);

/* The family with this name, which may be given in two parts. NOT_FOUND where there is none. */
int pcm__index_find_family(const struct pcm_store *store, pcm_bytes name, uint32_t *number);
int pcm__index_find_joined(const struct pcm_store *store, pcm_bytes start, pcm_bytes end, uint32_t *number);

/* The series of a family with these label values: several where it is aggregated, at most one else. */
struct pcm__index_search {
    const struct pcm_store *store;
    uint32_t family;
    const pcm_bytes *values;
    uint32_t hash;
    uint32_t at; /* place in the table */
};

struct pcm__index_search pcm__index_search(const struct pcm_store *store, uint32_t family, const pcm_bytes *values);

/* The next one that is found; false where there are no more. Nothing may be read into the index meanwhile. */
bool pcm__index_next(struct pcm__index_search *search, uint32_t *number);

#ifdef __cplusplus
}
#endif

#endif
