/* Inside of the holders that the core itself uses; the rest is public. See life.h for what they are for. */
#ifndef PCM_HOLDER_H
#define PCM_HOLDER_H

#include "store.h"

/* Writes to the slot of the process what its holder that is furthest behind has taken in. With the store's mutex. */
void pcm__holders_announce(struct pcm_store *store);

#endif
