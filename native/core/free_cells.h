/* Cells of series that are gone: a bit for each. With the lock of the store held. */
#ifndef PCM_FREE_CELLS_H
#define PCM_FREE_CELLS_H

#include "store.h"

/* What cells are for: each is used for one of these only, whatever series it belongs to in turn. */
enum pcm__cell_kind {
    PCM__CELL_COUNT,  /* integers that only grow */
    PCM__CELL_SIGNED, /* integers that go up and down */
    PCM__CELL_DOUBLE,
};

/*
 * Finds `count` free cells in a row and takes them, with a value of 0: false where there are none. What the lanes hold of
 * integers stays, and is made up for in the base.
 */
bool pcm__free_cells_take(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t count, uint32_t *first);

/* Whether there are; nothing is taken. */
bool pcm__free_cells_exist(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t count);

/* Frees cells; those outside of what was ever used are left out. */
void pcm__free_cells_give(struct pcm_store *store, bool doubles, uint32_t first, uint32_t count);

/* Notes what new integer cells are for. */
void pcm__free_cells_mark(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t first, uint32_t count);

/* Which of the 64 integer cells from `first` on, a multiple of 64, go up and down: a bit for each. Needs no lock. */
uint64_t pcm__cells_signed(const struct pcm_store *store, uint64_t first);

/* Makes exactly those cells free that were used and are not in `taken`, a bit per cell. */
void pcm__free_cells_rebuild(struct pcm_store *store, const uint64_t *taken);

#endif
