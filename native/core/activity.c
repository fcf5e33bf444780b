/*
 * What has happened in a store: sums over the slots of all processes, and over the integer cells of each lane. Cells of
 * gauges are left out, for what goes up and down tells nothing of the work of a CPU; all others only ever grow, those of
 * series that are gone included.
 */
#include "free_cells.h"
#include "layout.h"
#include "store.h"

static void sum_slots(const struct pcm_store *store, pcm_activity *out) {
    const struct pcm__slot *slots = (const struct pcm__slot *)pcm__store_at(store, store->geometry.slots_offset);
    const struct pcm__totals *totals = (const struct pcm__totals *)pcm__store_at(store, PCM__TOTALS_OFFSET);
    *out = (pcm_activity){.refusals = atomic_load_explicit(&totals->refusals, memory_order_relaxed)};
    for (uint32_t number = 0; number < PCM_MAX_PROCESSES; number++) {
        out->aborts += atomic_load_explicit(&slots[number].aborts, memory_order_relaxed);
        out->fallbacks += atomic_load_explicit(&slots[number].fallbacks, memory_order_relaxed);
    }
}

static uint64_t sum_lane(const struct pcm_store *store, uint32_t lane, uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t cell = 0; cell < count; cell++) {
        uint64_t word = atomic_load_explicit(pcm__store_word(store, lane, (uint32_t)cell), memory_order_relaxed);
        sum += pcm__cell_is_signed(store, (uint32_t)cell) ? 0 : word;
    }
    return sum;
}

int pcm_store_get_activity(pcm_store *store, pcm_activity *out, uint64_t *lanes, size_t size) {
    if (size < pcm__store_all_lanes(store))
        return PCM_ARGUMENT;
    if (pcm_store_is_broken(store))
        return PCM_BROKEN;
    /* Acquire: what each of them is for is known by then. */
    uint64_t count = atomic_load_explicit(&store->header->integers_used, memory_order_acquire);
    if (count > store->geometry.capacity)
        return PCM_CORRUPT;
    pcm_activity activity;
    sum_slots(store, &activity);
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        lanes[lane] = sum_lane(store, lane, count);
    if (pcm_store_is_broken(store))
        return PCM_BROKEN;
    *out = activity;
    return PCM_OK;
}
