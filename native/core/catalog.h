/*
 * Records of the catalog: how they are laid out, checked and appended. Every byte is shared with processes that may be
 * broken or hostile, so a view is made of one copy of a record's numbers, checked against what is mapped.
 */
#ifndef PCM_CATALOG_H
#define PCM_CATALOG_H

#include "store.h"

/* A family's record; pointers go into the mapping. */
struct pcm__family_view {
    uint32_t type;
    uint32_t label_count;
    uint32_t bound_count;
    int32_t schema;
    bool negative;
    bool per_process;
    uint32_t aggregation;
    pcm_bytes name;
    pcm_bytes help;
    pcm_bytes unit;
    const double *bounds;
    const uint16_t *label_sizes;
    const char *label_names;
    const char *end; /* of the record */
};

struct pcm__series_view {
    struct pcm__series_record *record;
    uint64_t family;
    uint32_t label_count;
    const uint16_t *label_sizes;
    const char *label_values;
    const char *end; /* of the record */
};

/* Length of the catalog that is committed and mapped. CORRUPT where the header says more than there can be. */
int pcm__catalog_length(const struct pcm_store *store, uint64_t *out);

/* Size and kind of the record at an offset below `length`. CORRUPT where it does not fit. */
int pcm__catalog_record(const struct pcm_store *store, uint64_t offset, uint64_t length, struct pcm__record *out);

/* Views of a record whose size was checked by pcm__catalog_record. CORRUPT. */
int pcm__catalog_family(const struct pcm_store *store, uint64_t offset, uint32_t size, struct pcm__family_view *out);
int pcm__catalog_series(const struct pcm_store *store, uint64_t offset, uint32_t size, struct pcm__series_view *out);

/* The series with this id, found again and checked. ARGUMENT where the id names no series. */
int pcm__catalog_series_by_id(const struct pcm_store *store, pcm_series_id id, struct pcm__series_view *out);

/* Label value number `label`, empty where sizes do not add up. */
pcm_bytes pcm__catalog_label_value(const struct pcm__series_view *view, uint32_t label);

/*
 * Append, with the store locked: reserve, write, publish. `size` is the whole record's, a multiple of 8; cells are encoded as in struct pcm__series_record.
 * CAPACITY, NO_SPACE, SYSTEM.
 */
int pcm__catalog_append_family(struct pcm_store *store, const pcm_family_definition *definition);
int pcm__catalog_append_series(struct pcm_store *store, uint64_t size, uint64_t family_offset, uint64_t owner,
                               const pcm_bytes *values, uint32_t count, uint32_t integer_cell, uint32_t double_cell);

/* The same for a record of zeros behind its head; gives its offset. */
int pcm__catalog_append_zeros(struct pcm_store *store, uint64_t size, uint32_t kind, uint64_t *offset);

/* Bytes that the record of a series needs at least. */
uint64_t pcm__catalog_series_bytes(const pcm_bytes *values, uint32_t count);

/* Writes all of a record that is no series yet but its cells. */
void pcm__catalog_write_series(struct pcm__series_record *record, uint64_t family_offset, uint64_t owner,
                               const pcm_bytes *values, uint32_t count);

#endif
