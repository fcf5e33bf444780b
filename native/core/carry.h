/* Carrying a store of an earlier boot over into this one (`persist`). */
#ifndef PCM_CARRY_H
#define PCM_CARRY_H

#include "store.h"

/*
 * Replaces the file at options->path, which `fd` is open on, by a new one with the same families, series and values,
 * its lanes folded into the base. A set or a reset that was left half-way is finished or undone before. Nobody can be
 * attached to the old one, as its boot is over; the new one gets its name at once, when it is complete. Errors as
 * pcm_store_open, LOCK_TIMEOUT.
 */
int pcm__carry_over(const pcm_open_options *options, int fd, const struct pcm__geometry *geometry);

#endif
