/* What series.c and amounts.c have in common. */
#ifndef PCM_AMOUNTS_H
#define PCM_AMOUNTS_H

#include "catalog.h"

/* Cells that a new series has from the start; a gauge gets its own when something is added to it. */
uint32_t pcm__first_integers(const pcm_family_definition *definition);
uint32_t pcm__first_doubles(const pcm_family_definition *definition);

/* The series and its family's definition; the id may come from anywhere. ARGUMENT, REMOVED, CORRUPT. */
int pcm__series_find(const struct pcm_store *store, pcm_series_id id, struct pcm__series_view *view,
                     const pcm_family_definition **definition);

/* Makes the cells of a counter or gauge that it has not got yet, with the lock of the store held. Errors as pcm__series_find, CAPACITY, NO_SPACE. */
int pcm__series_make_cells(struct pcm_store *store, pcm_series_id id, pcm_series_cells cells);

/* Brings a series back to 0, with the lock of the store held. Errors as pcm__series_find. */
int pcm__series_reset(struct pcm_store *store, uint32_t link);

#endif
