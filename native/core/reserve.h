/*
 * Space in the store file. It is reserved before anything is put there, so that a full file system is an error when a
 * series is created and never a SIGBUS when it is incremented. Everything here needs the store's lock.
 */
#ifndef PCM_RESERVE_H
#define PCM_RESERVE_H

#include "free_cells.h"
#include "store.h"

/* Counts something that could not be made. Not read-only stores. Needs no lock. */
void pcm__count_refusal(struct pcm_store *store);

/* Backs a range of a file. Only for ranges that nobody uses yet. NO_SPACE, SYSTEM. */
int pcm__reserve_range(int fd, uint64_t offset, uint64_t bytes);

/* Makes room for `bytes` more of catalog. CAPACITY, NO_SPACE, SYSTEM. */
int pcm__reserve_catalog(struct pcm_store *store, uint64_t bytes);

/*
 * Makes sure that cells that only grow are there and backed, without taking them: all of them, or the capacity is left as it was.
 * CAPACITY, NO_SPACE, CORRUPT, SYSTEM.
 */
int pcm__reserve_room(struct pcm_store *store, uint32_t integers, uint32_t doubles);

/*
 * Takes integer cells in a row, and double cells, of which at most one is ever asked for: those of series that are gone,
 * where their grace period is over, before new ones. Should the process die before it publishes what it took them for,
 * they become free again. Errors as pcm__reserve_room; nothing is taken then. What is not asked for is not written.
 */
int pcm__reserve_cells(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t integers, uint32_t doubles,
                       uint32_t *first_integer, uint32_t *double_cell);

/* The same for whoever can do without: that there was no room is not counted. */
int pcm__try_cells(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t integers, uint32_t doubles,
                   uint32_t *first_integer, uint32_t *double_cell);

#endif
