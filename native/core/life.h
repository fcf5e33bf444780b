/*
 * How series end, and how their records and cells get to other series.
 *
 * The life of a record is a number that is odd while the record is a series. Removing makes it even, and notes a change
 * in the ring; from then on nobody finds the series. Threads that hold it learn of it when they move on (holder.h):
 * whatever was removed before the oldest change that some thread of a living process has not taken in yet may be used
 * again. Readers hold nothing up: they compare lives, and leave out what is not the series that it was.
 *
 * A removed record keeps its cells and waits in a queue; when its grace period is over the cells get their bit among the
 * free ones and the record goes to a list of free records of its size, with no cells. What a process that died with
 * the lock held has left is put right by the next one that takes the lock.
 *
 * A set or a reset gives a series another double cell. The old ones wait in a list that goes through their base words: all
 * that were given away while the list before them waited, with one change for all of them, so that many sets leave the
 * ring to removals.
 *
 * All functions but pcm__life_change want the lock of the store.
 */
#ifndef PCM_LIFE_H
#define PCM_LIFE_H

#include "store.h"

static inline bool pcm__life_is_lived(uint32_t life) {
    return life % 2 == 1;
}

/* The record at a link (an offset divided by 8), which may come from anywhere: NULL where it is no series' record. */
struct pcm__series_record *pcm__life_record(const struct pcm_store *store, uint32_t link);

/* Ends the life of a record that is a series. CORRUPT. */
int pcm__life_end(struct pcm_store *store, uint32_t link);

/* Makes the cells and records of what was removed long enough ago free, some at a time. CORRUPT, SYSTEM. */
int pcm__life_collect(struct pcm_store *store);

/* The size that a series' record of at least so many bytes is given, and its class. */
uint64_t pcm__life_size(uint64_t bytes, uint32_t *size_class);

/*
 * Takes a free record of a class: a link to it, 0 where there is none. `record` has the size of the class, whatever anybody
 * writes into the catalog from now on. It is to be begun. CORRUPT.
 */
int pcm__life_take(struct pcm_store *store, uint32_t size_class, uint32_t *link, struct pcm__series_record **record);

/* Gives a free record back. */
void pcm__life_give(struct pcm_store *store, uint32_t size_class, uint32_t link);

/* A record that was taken and filled becomes a series. */
void pcm__life_begin(struct pcm_store *store, uint32_t link);

/* Whether so few double cells wait that one more may; else some that have waited long enough become free first. */
bool pcm__life_may_retire(struct pcm_store *store);

/* A double cell that no series has any more, but that some thread may be about to add to, becomes free in time. */
void pcm__life_retire_double(struct pcm_store *store, uint32_t cell);

/* Puts right what a process left half done. CORRUPT, NO_MEMORY. */
int pcm__life_repair(struct pcm_store *store);

/* The record of change `number` and whether it was a removal; false where the ring does not hold it any more. */
bool pcm__life_change(const struct pcm_store *store, uint64_t number, uint32_t *link, bool *is_removal);

#endif
