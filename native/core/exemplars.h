/*
 * Exemplars: what an amount or an observation was about, such as the trace in force, the last one for a counter, for each
 * bucket of a histogram, and for each tenth of the buckets of a native one, so that frequent values leave those of rare
 * ones alone. They are in a record of the catalog that the series' record links to, one slot each.
 *
 * A writer never waits: where another one has the slot, its exemplar is dropped, never the amount. A claim says since
 * when it holds, so that one whose writer died ends after a second. Readers take no claim. What they copy counts if its
 * checksum fits, which also covers two writers at once, and if it was written in this life of the series and after its
 * last reset; so nothing has to be wiped when a record is used again.
 */
#ifndef PCM_EXEMPLARS_H
#define PCM_EXEMPLARS_H

#include "store.h"

enum { PCM__EXEMPLAR_WORDS = 31, PCM__EXEMPLAR_HEAD_WORDS = 4 };

struct pcm__exemplar_slot {
    _Atomic uint64_t claim; /* milliseconds of the last claim, times 2, plus 1 while it holds */
    /* A checksum of the others; life and sizes; the value's bits; the time in milliseconds; then the text. */
    _Atomic uint64_t words[PCM__EXEMPLAR_WORDS];
};

/* Followed by the slots. */
struct pcm__exemplar_record {
    struct pcm__record head;
    uint32_t slot_count;
    uint32_t unused;
};

static_assert(sizeof(struct pcm__exemplar_slot) == 256, "exemplar slot");
static_assert(sizeof(struct pcm__exemplar_record) == 16, "exemplar record");
static_assert((PCM__EXEMPLAR_WORDS - PCM__EXEMPLAR_HEAD_WORDS) * 8 == PCM_MAX_EXEMPLAR_BYTES, "text of an exemplar");

/* The slots at a link, which may come from anywhere: NULL where there are none. */
struct pcm__exemplar_slot *pcm__exemplar_slots(const struct pcm_store *store, uint32_t link, uint32_t *count);

/* None of what was noted for the series is read from now on. */
void pcm__exemplars_forget(const struct pcm_store *store, const struct pcm__series_record *record);

#endif
