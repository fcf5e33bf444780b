/*
 * What has happened in a store: sums over the slots of all processes, and over the integer cells of each lane. Cells of
 * gauges are left out, for what goes up and down tells nothing of the work of a CPU; all others only ever grow, those of
 * series that are gone included.
 */
#include "courtesy.h"
#include "free_cells.h"
#include "layout.h"
#include "store.h"

/* As many as are told of at once what they are for. */
#define CELLS_AT_A_TIME 64u
/* So many series that counts as. */
#define WORK_OF_CELLS 4u

static void sum_slots(const struct pcm_store *store, pcm_activity *out) {
    const struct pcm__slot *slots = (const struct pcm__slot *)pcm__store_at(store, store->geometry.slots_offset);
    const struct pcm__totals *totals = (const struct pcm__totals *)pcm__store_at(store, PCM__TOTALS_OFFSET);
    *out = (pcm_activity){.refusals = atomic_load_explicit(&totals->refusals, memory_order_relaxed)};
    for (uint32_t number = 0; number < PCM_MAX_PROCESSES; number++) {
        out->aborts += atomic_load_explicit(&slots[number].aborts, memory_order_relaxed);
        out->fallbacks += atomic_load_explicit(&slots[number].fallbacks, memory_order_relaxed);
    }
}

/* Of cells that lie one behind the other, without those that have a bit in `is_signed`. */
static uint64_t sum_counts(const char *words, size_t cell_bytes, uint64_t count, uint64_t is_signed) {
    uint64_t sum = 0;
    /* In vectors. */
    if (is_signed == 0 && cell_bytes == sizeof(uint64_t)) {
        for (uint64_t i = 0; i < count; i++)
            sum += pcm__word_load(words + i * sizeof(uint64_t));
        return sum;
    }
    for (uint64_t i = 0; i < count; i++)
        sum += (is_signed >> i & 1) != 0 ? 0 : pcm__word_load(words + i * cell_bytes);
    return sum;
}

static uint64_t sum_lane(const struct pcm_store *store, uint32_t lane, uint64_t count, struct pcm__courtesy *courtesy) {
    const struct pcm__geometry *geometry = &store->geometry;
    const char *words = store->hot.lanes + lane * geometry->lane_stride;
    uint64_t sum = 0;
    for (uint64_t cell = 0; cell < count; cell += CELLS_AT_A_TIME) {
        uint64_t left = count - cell;
        pcm__give_way(courtesy, WORK_OF_CELLS);
        sum += sum_counts(words + cell * geometry->cell_bytes, geometry->cell_bytes,
                          left < CELLS_AT_A_TIME ? left : CELLS_AT_A_TIME, pcm__cells_signed(store, cell));
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
    struct pcm__courtesy courtesy = {.is_wanted = true};
    sum_slots(store, &activity);
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        lanes[lane] = sum_lane(store, lane, count, &courtesy);
    if (pcm_store_is_broken(store))
        return PCM_BROKEN;
    *out = activity;
    return PCM_OK;
}
