/*
 * The two kinds of locks on a store file, both OFD byte-range locks, which the kernel drops when the last descriptor of
 * their file description goes, however its process ended.
 */
#ifndef PCM_LOCK_H
#define PCM_LOCK_H

#include "percpu_metrics.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How many milliseconds one waits for another process to release the store's lock, which is held for microseconds. Opening
 * waits longest, as a thousand processes may do so in one moment. Whoever has the store open waits less, because it may
 * be an event loop; and once in vain, as each wait of those that follow would add up: until a wait has succeeded, the
 * others are only for a holder that is about to release.
 */
enum {
    PCM__OPEN_PATIENCE_MS = 5000,
    PCM__LOCK_PATIENCE_MS = 1000,
    PCM__STUCK_PATIENCE_MS = 1,
};

/* Waits, with a limit: LOCK_TIMEOUT, SYSTEM. */
int pcm__file_lock(int fd, uint64_t offset, int patience_ms);
/* The same for the lock of an open store, with its mutex held: as patient as the last wait has taught. */
int pcm__store_file_lock(struct pcm_store *store);
/* PCM_OK and `taken`: whether it is ours now. SYSTEM. */
int pcm__file_try_lock(int fd, uint64_t offset, bool *taken);
void pcm__file_unlock(int fd, uint64_t offset);
/* Whether another file description holds a lock in a range. Works on a descriptor opened for reading only. */
bool pcm__file_is_locked(int fd, uint64_t offset, uint64_t bytes);

/*
 * The store's lock, for everything that changes the catalog or a base: the mutex of the process, then the file's lock.
 * When it is held, the index is up to date. The header counts the turns of its holders, by which readers know that nothing
 * has changed: all but the lanes, and the values of gauges that were never added to. LOCK_TIMEOUT, READ_ONLY, BROKEN,
 * CORRUPT, NO_MEMORY, SYSTEM.
 */
int pcm__store_lock(struct pcm_store *store);
void pcm__store_unlock(struct pcm_store *store);

/*
 * Whether nobody holds the store's lock: whoever has begun a change before, and has not ended it, is dead. The question
 * waits for nobody, and keeps threads of this process from the lock for one system call. False where it cannot be told.
 */
bool pcm__store_is_unlocked(struct pcm_store *store);

#endif
