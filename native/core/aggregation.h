/*
 * Gauges of which each process has a series of its own, and a reader shows one in the place of all of them: the first
 * whose owner lives, with a value made of theirs.
 *
 * Invariant: as long as a reader's version stays the same it shows the same ones.
 */
#ifndef PCM_AGGREGATION_H
#define PCM_AGGREGATION_H

#include "reader.h"

/* A series of an aggregated family. Those under the same label values follow one another, in the order of their numbers. */
struct pcm__member {
    uint32_t family;
    uint32_t hash;
    uint32_t group; /* number of the first series under these label values */
    uint32_t series;
};

/* Finds out which series belong together, where the series have changed since the last call. NO_MEMORY. */
int pcm__aggregation_group(pcm_reader *reader);

/* After all series were settled: hides those that are not shown, and gives the others their values. */
void pcm__aggregation_apply(pcm_reader *reader);

/* The members that a series which is shown stands for; none where it stands for itself. */
const struct pcm__member *pcm__aggregation_members(const pcm_reader *reader, uint32_t series, uint32_t *count);

#endif
