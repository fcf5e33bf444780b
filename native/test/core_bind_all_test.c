/* Series that are made together, or not at all. */
#include "core_check.h"
#include "store.h"

static pcm_family_id family_of(pcm_store *store, const char *name) {
    pcm_family_id family = 0;
    pcm_family_definition definition;
    if (pcm_family_find(store, (pcm_bytes){name, strlen(name)}, &family, &definition) != PCM_OK)
        check_failed = 1;
    return family;
}

static uint32_t series_shown(pcm_store *store) {
    pcm_reader *reader;
    uint32_t shown = 0;
    if (pcm_reader_create(store, &reader) != PCM_OK || pcm_reader_refresh(reader) != PCM_OK)
        return UINT32_MAX;
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++)
        shown += !pcm_reader_series(reader, i).is_removed;
    pcm_reader_destroy(reader);
    return shown;
}

void several_series_are_made_together(void) {
    pcm_store *store;
    pcm_series_id known[2];
    pcm_series_id series[5] = {0};
    uint32_t failed = 77;
    uint32_t cell;
    pcm_number number;
    const pcm_bytes values[] = {{"old", 3}, {"new", 3}};
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "old", &known[0]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", "old", &known[1]));
    pcm_series_request requests[] = {
        {family_of(store, "c_total"), &values[0], 1, {0}},
        {family_of(store, "c_total"), &values[1], 1, {.fraction = true}},
        {family_of(store, "g"), &values[1], 1, {.integer = true}},
        {family_of(store, "c_total"), &values[1], 1, {0}},
        {family_of(store, "g"), &values[0], 1, {0}},
    };
    CHECK_STATUS(PCM_OK, pcm_series_bind_all(store, requests, 5, series, &failed));
    CHECK(series[0] == known[0] && series[4] == known[1] && series[1] == series[3] && failed == 77);
    CHECK(series_shown(store) == 4);
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, series[2], &cell));
    pcm_cell_add(store, cell, -3);
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, known[1]));
    CHECK(check_value(store, "g", &number) == PCM_OK && number.is_integer && number.integer == -3);
    requests[1].family += 8;
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_bind_all(store, requests, 5, series, &failed));
    CHECK(failed == 1);
    pcm_store_close(store);
}

enum { MOST = 600 };

/* Series of "c_total" with a fraction each, without limits; more than a store of 1,024 cells has room for. */
static void ask_for_most(pcm_store *store, pcm_series_request *requests) {
    static char labels[MOST][8];
    static pcm_bytes values[MOST];
    for (int i = 0; i < MOST; i++) {
        snprintf(labels[i], sizeof labels[i], "%d", i);
        values[i] = (pcm_bytes){labels[i], strlen(labels[i])};
        requests[i] = (pcm_series_request){family_of(store, "c_total"), &values[i], 1, {.fraction = true}, {0}};
    }
}

/* The first refusal takes what is left for a moment; the second one finds it again, and so does who needs as much. */
void where_there_is_no_room_for_all_none_is_made(void) {
    static pcm_series_request requests[MOST];
    static pcm_series_id series[MOST];
    pcm_store *store;
    pcm_series_id known;
    uint32_t failed[2] = {0};
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "old", &known));
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, known, 0.5));
    ask_for_most(store, requests);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(PCM_CAPACITY, pcm_series_bind_all(store, requests, MOST, series, &failed[i]));
        CHECK(series_shown(store) == 1 && series[0] == 0);
    }
    CHECK(failed[0] == 511 && failed[1] == 511);
    CHECK_STATUS(PCM_OK, pcm_series_bind_all(store, requests, 511, series, &failed[0]));
    CHECK(series_shown(store) == 512);
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series[510], 0.25));
    pcm_store_close(store);
}

void what_has_limits_is_left_out_where_there_is_no_room(void) {
    enum { COUNT = 6 };
    static const pcm_bytes values[COUNT] = {{"old", 3}, {"1", 1}, {"2", 1}, {"3", 1}, {"1", 1}, {"4", 1}};
    pcm_store *store;
    pcm_series_id known;
    pcm_series_id series[COUNT] = {0};
    pcm_series_request requests[COUNT];
    uint32_t failed = 77;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "old", &known));
    for (int i = 0; i < COUNT; i++)
        requests[i] = (pcm_series_request){family_of(store, "c_total"), &values[i], 1, {0}, {.of_family = 3}};
    requests[3].limits = (pcm_series_limits){.of_store = 3};
    requests[5].limits = (pcm_series_limits){.of_store = 4};
    CHECK_STATUS(PCM_OK, pcm_series_bind_all(store, requests, COUNT, series, &failed));
    CHECK(series[0] == known && series[1] != 0 && series[2] != 0 && series[4] == series[1]);
    CHECK(series[3] == 0 && series[5] != 0 && series_shown(store) == 4 && failed == 77);
    pcm_store_close(store);
}

void what_has_limits_takes_no_room_that_others_need(void) {
    static pcm_series_request requests[MOST];
    static pcm_series_id series[MOST];
    pcm_store *store;
    pcm_series_id known;
    uint32_t failed = 77;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "old", &known));
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, known, 0.5));
    ask_for_most(store, requests);
    for (int i = 0; i < MOST - 1; i++)
        requests[i].limits = (pcm_series_limits){.of_family = 1000};
    CHECK_STATUS(PCM_OK, pcm_series_bind_all(store, requests, MOST, series, &failed));
    CHECK(series[MOST - 1] != 0 && series[0] != 0 && series[509] != 0 && series[510] == 0 && failed == 77);
    CHECK(series_shown(store) == 512);
    pcm_store_close(store);
}
