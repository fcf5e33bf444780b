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

/*
 * A process as an owner of series: its slot and its serial there, so that the next one in the slot is not taken for it.
 * Never 0; with the catalog's lock held, as it notes that the process owns something.
 */
uint64_t pcm__slots_owner(struct pcm_store *store);

/* The same number without noting anything; 0 where this process has no slot of its own, or not yet. */
uint64_t pcm__slots_self(const struct pcm_store *store);

/*
 * Whether an owner, which may be any number, is attached. Once it is not, it never is again. A forked child that has no
 * slot of its own yet takes its parent for alive, whose locks it shares.
 */
bool pcm__slots_is_alive(const struct pcm_store *store, uint64_t owner);

/* Whether there may be series whose owners have gone, see orphans.h; without any lock, for the time being. */
bool pcm__slots_any_orphans(const struct pcm_store *store);

/* Turns what the slots say of it into what the header says, with the catalog's lock held. */
void pcm__slots_gather_orphans(struct pcm_store *store);

/* Changes that every living process has taken in, see life.h; with the catalog's lock held. */
uint64_t pcm__slots_moved_on(const struct pcm_store *store);

/* Whether anybody is attached through another file description than this one. */
bool pcm__slots_any_alive(int fd, uint64_t slots_offset);

#endif
