/*
 * Changes of a series' value other than by adding: sets, resets, and cells that it gets. Each is all or nothing for readers,
 * and for whoever comes after a process that died in the middle of one: what it was about to do is written down first, and
 * the next process that takes the lock finishes it, or leaves the value as it was where nothing of it was done yet.
 */
#ifndef PCM_REBASE_H
#define PCM_REBASE_H

#include "store.h"

/* What a set or a reset that is under way makes of a series. */
struct pcm__rebase_view {
    uint64_t set_bits;
    uint64_t integer_base; /* of what has no buckets */
    uint64_t double_base;
    uint32_t double_cell; /* plus one, 0 is none; as in the record where the change has begun to count */
    bool is_done;         /* of what has buckets: all of it is there already */
};

static inline _Atomic uint64_t *pcm__rebase_moves(const struct pcm_store *store) {
    return &((struct pcm__totals *)pcm__store_at(store, PCM__TOTALS_OFFSET))->moves;
}

/* A change of a series, with the lock held: begun with a number, and ended with it. */
uint64_t pcm__rebase_begin(struct pcm_store *store, struct pcm__series_record *record);
void pcm__rebase_end(struct pcm_store *store, struct pcm__series_record *record, uint64_t number);

/*
 * Begins a series anew with a value that is set, which is 0 where that is no gauge. With the lock held. CORRUPT; CAPACITY
 * and NO_SPACE of a histogram whose sum is infinite; SYSTEM.
 */
int pcm__rebase(struct pcm_store *store, struct pcm__series_record *record, const pcm_family_definition *definition,
                double value);

/*
 * What the change makes of the series for which its record's `rebase` is this odd number, and whether it has begun to
 * count: until then the value is what it was. True only if all of it was read while the record had that number, so that
 * readers need no lock; false for a change that is none of the value as well.
 */
bool pcm__rebase_foresee(const struct pcm_store *store, const struct pcm__series_record *record, uint64_t rebase,
                         struct pcm__rebase_view *out);

/* Finishes or undoes what a process that died has left, before anything else is repaired. With the lock held. CORRUPT. */
int pcm__rebase_repair(struct pcm_store *store);

#endif
