/*
 * Space in the store file. It is reserved before anything is put there, so that a full file system is an error when a
 * series is created and never a SIGBUS when it is incremented. Everything here needs the store's lock.
 */
#ifndef PCM_RESERVE_H
#define PCM_RESERVE_H

#include "store.h"

/* Backs a range of a file. Only for ranges that nobody uses yet. NO_SPACE, SYSTEM. */
int pcm__reserve_range(int fd, uint64_t offset, uint64_t bytes);

/* Makes room for `bytes` more of catalog. CAPACITY, NO_SPACE, SYSTEM. */
int pcm__reserve_catalog(struct pcm_store *store, uint64_t bytes);

/*
 * Takes `count` cells in a row. Should the process die before it publishes what it took them for, they stay unused.
 * CAPACITY, NO_SPACE, SYSTEM.
 */
int pcm__reserve_integers(struct pcm_store *store, uint32_t count, uint32_t *first);
int pcm__reserve_double(struct pcm_store *store, uint32_t *cell);

#endif
