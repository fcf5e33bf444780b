/*
 * Series whose owner, the process that made them, is attached no more. Readers leave them out by themselves; writers
 * remove them, here, or where they bind a series of the same label values.
 *
 * Invariant: where there are orphans, some slot whose process is gone says that it owns series, or the header says that
 * there are more. It is noted before there is an orphan, and withdrawn when the last one was removed.
 */
#ifndef PCM_ORPHANS_H
#define PCM_ORPHANS_H

#include "store.h"

/* Whether the record at a link of the index belongs to a process that is gone. */
bool pcm__is_orphan(const struct pcm_store *store, uint32_t link);

/* Whether it belongs to an owner, see pcm__slots_owner(). */
bool pcm__is_owned_by(const struct pcm_store *store, uint32_t link, uint64_t owner);

#endif
