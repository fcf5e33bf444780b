/*
 * What has happened in a store: sums over the slots of all processes, and over the integer cells of each lane. Cells of
 * gauges are left out, for what goes up and down tells nothing of the work of a CPU; all others only ever grow, those of
 * series that are gone included.
 */
#include "exponential.h"
#include "layout.h"
#include "store.h"

#include <stdlib.h>

enum { BITS = 64 };

static void sum_slots(const struct pcm_store *store, pcm_activity *out) {
    const struct pcm__slot *slots = (const struct pcm__slot *)pcm__store_at(store, store->geometry.slots_offset);
    const struct pcm__totals *totals = (const struct pcm__totals *)pcm__store_at(store, PCM__TOTALS_OFFSET);
    *out = (pcm_activity){.refusals = atomic_load_explicit(&totals->refusals, memory_order_relaxed)};
    for (uint32_t number = 0; number < PCM_MAX_PROCESSES; number++) {
        out->aborts += atomic_load_explicit(&slots[number].aborts, memory_order_relaxed);
        out->fallbacks += atomic_load_explicit(&slots[number].fallbacks, memory_order_relaxed);
    }
}

static bool only_grows(pcm_type type) {
    return type == PCM_COUNTER || pcm__has_buckets(type);
}

/* Marks the integer cells of gauges, and of what is counted like one, among the first `count` cells. */
static void mark_gauges(const struct pcm_store *store, uint32_t series_count, uint64_t *gauges, uint64_t count) {
    for (uint32_t number = 0; number < series_count; number++) {
        const struct pcm__series *series = pcm__index_series(&store->index, number);
        if (only_grows(pcm__index_family(&store->index, series->family)->definition.type))
            continue;
        const struct pcm__series_record *record = (const struct pcm__series_record *)pcm__store_at(
            store, store->geometry.catalog_offset + (uint64_t)series->record * 8);
        uint32_t cell = atomic_load_explicit(&record->integer_cell, memory_order_acquire);
        if (cell != 0 && cell <= count)
            gauges[(cell - 1) / BITS] |= 1ull << (cell - 1) % BITS;
    }
}

static uint64_t sum_lane(const struct pcm_store *store, uint32_t lane, const uint64_t *gauges, uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t cell = 0; cell < count; cell++) {
        uint64_t word = atomic_load_explicit(pcm__store_word(store, lane, (uint32_t)cell), memory_order_relaxed);
        sum += (gauges[cell / BITS] >> cell % BITS & 1) != 0 ? 0 : word;
    }
    return sum;
}

int pcm_store_get_activity(pcm_store *store, pcm_activity *out, uint64_t *lanes, size_t size) {
    if (size < pcm__store_all_lanes(store))
        return PCM_ARGUMENT;
    if (pcm_store_is_broken(store))
        return PCM_BROKEN;
    /* Before the catalog: a gauge's cell that comes later is beyond it, and not taken for a counter's. */
    uint64_t count = atomic_load_explicit(&store->header->integers_used, memory_order_acquire);
    if (count > store->geometry.capacity)
        return PCM_CORRUPT;
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    uint32_t series_count = pcm__index_series_count(&store->index);
    pthread_mutex_unlock(&store->mutex);
    if (status != PCM_OK)
        return status;
    uint64_t *gauges = calloc(count / BITS + 1, sizeof *gauges);
    if (gauges == NULL)
        return PCM_NO_MEMORY;
    mark_gauges(store, series_count, gauges, count);
    pcm_activity activity;
    sum_slots(store, &activity);
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        lanes[lane] = sum_lane(store, lane, gauges, count);
    free(gauges);
    if (pcm_store_is_broken(store))
        return PCM_BROKEN;
    *out = activity;
    return PCM_OK;
}
