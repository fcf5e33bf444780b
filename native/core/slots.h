/*
 * One record per process that is attached for writing. A slot belongs to whoever holds the lock on its first byte, so
 * that it is free again the moment its process is gone. A process that closes the store clears its slot; one that was
 * killed leaves its record behind until the slot is taken again.
 */
#ifndef PCM_SLOTS_H
#define PCM_SLOTS_H

#include "store.h"

/* Takes a slot, with the catalog's lock held. TOO_MANY_PROCESSES, SYSTEM. */
int pcm__slots_attach(struct pcm_store *store);
void pcm__slots_detach(struct pcm_store *store);

/* In the child of a fork: a file description and a slot of its own, with the store's mutex held. */
int pcm__slots_adopt_fork(struct pcm_store *store);

/* Changes that every living process has taken in, see life.h; with the catalog's lock held. */
uint64_t pcm__slots_moved_on(const struct pcm_store *store);

/* Whether anybody is attached through another file description than this one. */
bool pcm__slots_any_alive(int fd, uint64_t slots_offset);

#endif
