/* What a store tells of its lanes. */
#include "core_check.h"
#include "store.h"

#include <stdatomic.h>

/* One more than three times the cells that are told of at once what they are for: counts only, both, gauges only, a count. */
enum { SERIES = 193, COUNTS_UNTIL = 64, GAUGES_FROM = 128 };

static bool is_gauge(uint32_t number) {
    if (number < COUNTS_UNTIL || number == SERIES - 1)
        return false;
    return number >= GAUGES_FROM || number % 3 == 0;
}

static void fill(pcm_store *store, uint64_t *expected) {
    uint32_t lanes = pcm__store_all_lanes(store);
    memset(expected, 0, lanes * sizeof *expected);
    for (uint32_t i = 0; i < SERIES; i++) {
        char label[16];
        pcm_series_id series;
        uint32_t cell = 0;
        snprintf(label, sizeof label, "%u", i);
        CHECK_STATUS(PCM_OK, is_gauge(i) ? check_series(store, PCM_GAUGE, "g", label, &series)
                                         : check_series(store, PCM_COUNTER, "c_total", label, &series));
        CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
        CHECK(cell == i);
        for (uint32_t lane = 0; lane < lanes; lane++) {
            uint64_t amount = (uint64_t)(i + 1) * (lane + 1);
            atomic_store(pcm__store_word(store, lane, cell), amount);
            expected[lane] += is_gauge(i) ? 0 : amount;
        }
    }
}

void what_lanes_have_counted_is_told_without_gauges(void) {
    const pcm_backend backends[] = {PCM_BACKEND_RSEQ, PCM_BACKEND_PERCPU_ATOMIC, PCM_BACKEND_ATOMIC,
                                    PCM_BACKEND_ATOMIC_PADDED};
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        pcm_store *store;
        pcm_activity activity;
        uint64_t expected[PCM_MAX_LANES];
        uint64_t found[PCM_MAX_LANES];
        const char name[] = {(char)('a' + i), '\0'};
        CHECK_STATUS(PCM_OK, check_open(name, (pcm_open_options){.backend = backends[i]}, &store));
        fill(store, expected);
        uint32_t lanes = pcm__store_all_lanes(store);
        CHECK_STATUS(PCM_ARGUMENT, pcm_store_get_activity(store, &activity, found, lanes - 1));
        CHECK_STATUS(PCM_OK, pcm_store_get_activity(store, &activity, found, PCM_MAX_LANES));
        CHECK(memcmp(found, expected, lanes * sizeof *expected) == 0);
        pcm_store_close(store);
    }
}
