/* Families, series and their values, by one thread. */
#include "core_check.h"
#include "reader.h"

#include <float.h>
#include <math.h>
#include <string.h>

static pcm_store *open_default(const char *name) {
    pcm_store *store = NULL;
    if (check_open(name, (pcm_open_options){0}, &store) != PCM_OK)
        check_failed = 1;
    return store;
}

void families_are_found_again_or_conflict(void) {
    pcm_store *store = open_default("a");
    static const double bounds[] = {1, 2};
    static const double other_bounds[] = {1, 3};
    pcm_bytes labels[] = {bytes("method"), bytes("route")};
    pcm_bytes swapped[] = {bytes("route"), bytes("method")};
    pcm_family_definition definition = {.type = PCM_HISTOGRAM,
                                        .name = bytes("f_seconds"),
                                        .help = bytes("Help"),
                                        .unit = bytes("seconds"),
                                        .label_names = labels,
                                        .label_count = 2,
                                        .bounds = bounds,
                                        .bound_count = 2};
    pcm_family_definition found;
    pcm_family_id first;
    pcm_family_id second = 0;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, pcm_family_declare(store, &definition, &first));
    CHECK_STATUS(PCM_OK, pcm_family_declare(store, &definition, &second));
    CHECK(first == second && first != 0);
    pcm_family_definition changed = definition;
    changed.help = bytes("Other");
    CHECK_STATUS(PCM_DEFINITION_CONFLICT, pcm_family_declare(store, &changed, &second));
    changed = definition;
    changed.label_names = swapped;
    CHECK_STATUS(PCM_DEFINITION_CONFLICT, pcm_family_declare(store, &changed, &second));
    changed = definition;
    changed.bounds = other_bounds;
    CHECK_STATUS(PCM_DEFINITION_CONFLICT, pcm_family_declare(store, &changed, &second));
    changed = definition;
    changed.unit = bytes("");
    CHECK_STATUS(PCM_DEFINITION_CONFLICT, pcm_family_declare(store, &changed, &second));
    changed = definition;
    changed.type = PCM_COUNTER;
    changed.bound_count = 0;
    CHECK_STATUS(PCM_TYPE_CONFLICT, pcm_family_declare(store, &changed, &second));
    CHECK_STATUS(PCM_OK, pcm_family_find(store, bytes("f_seconds"), &second, &found));
    CHECK(first == second && found.label_count == 2 && found.bound_count == 2 && found.bounds[1] == 2);
    CHECK(memcmp(found.label_names[1].data, "route", 5) == 0 && memcmp(found.unit.data, "seconds", 7) == 0);
    CHECK_STATUS(PCM_NOT_FOUND, pcm_family_find(store, bytes("f_second"), &second, &found));
    pcm_store_close(store);
}

void invalid_definitions_are_refused(void) {
    pcm_store *store = open_default("a");
    static const char *const bad_names[] = {
        "", "\xff", "a\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"};
    static const char *const bad_labels[] = {"", "\xff", "__name__", "\xe2\x82"};
    static const double descending[] = {2, 1};
    static const double infinite[] = {1, INFINITY};
    static const double nan_bounds[] = {NAN};
    pcm_bytes twice[] = {bytes("a"), bytes("a")};
    pcm_bytes with_nul = {"a\0b", 3};
    pcm_family_id family;
    CHECK(store != NULL);
    pcm_family_definition named = {.type = PCM_COUNTER, .name = with_nul};
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &named, &family));
    named =
        (pcm_family_definition){.type = PCM_COUNTER, .name = bytes("a"), .label_names = &with_nul, .label_count = 1};
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &named, &family));
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        pcm_family_definition definition = {.type = PCM_COUNTER, .name = bytes(bad_names[i])};
        CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    }
    for (size_t i = 0; i < sizeof bad_labels / sizeof *bad_labels; i++) {
        pcm_bytes label = bytes(bad_labels[i]);
        pcm_family_definition definition = {
            .type = PCM_COUNTER, .name = bytes("a"), .label_names = &label, .label_count = 1};
        CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    }
    pcm_family_definition definition = {
        .type = PCM_COUNTER, .name = bytes("a"), .label_names = twice, .label_count = 2};
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    definition =
        (pcm_family_definition){.type = PCM_HISTOGRAM, .name = bytes("a"), .bounds = descending, .bound_count = 2};
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    definition.bounds = infinite;
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    definition.bounds = nan_bounds;
    definition.bound_count = 1;
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    definition = (pcm_family_definition){.type = (pcm_type)9, .name = bytes("a")};
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    pcm_store_info info;
    pcm_store_get_info(store, &info);
    CHECK(info.catalog_bytes == 0 && info.cells_used == 0);
    pcm_store_close(store);
}

void label_values_do_not_collide(void) {
    pcm_store *store = open_default("a");
    pcm_bytes names[] = {bytes("x"), bytes("y")};
    pcm_family_definition definition = {
        .type = PCM_COUNTER, .name = bytes("a"), .label_names = names, .label_count = 2};
    pcm_bytes values[][2] = {{bytes("ab"), bytes("c")}, {bytes("a"), bytes("bc")}, {bytes(""), bytes("abc")},
                             {bytes("abc"), bytes("")}, {{"a\0b", 3}, bytes("c")}, {bytes("a"), {"\0bc", 3}}};
    pcm_family_id family;
    pcm_series_id ids[6];
    pcm_series_id again;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, pcm_family_declare(store, &definition, &family));
    for (int i = 0; i < 6; i++) {
        CHECK_STATUS(PCM_OK, pcm_series_bind(store, family, values[i], 2, &ids[i]));
        for (int k = 0; k < i; k++)
            CHECK(ids[k] != ids[i]);
    }
    for (int i = 0; i < 6; i++) {
        CHECK_STATUS(PCM_OK, pcm_series_bind(store, family, values[i], 2, &again));
        CHECK(again == ids[i]);
    }
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_bind(store, family, values[0], 1, &again));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_bind(store, family + 8, values[0], 2, &again));
    pcm_store_close(store);
}

void integers_are_exact_to_the_last_bit(void) {
    pcm_store *store = open_default("a");
    uint32_t cell;
    pcm_number number;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_counter(store, "big_total", &cell));
    pcm_cell_add(store, cell, INT64_MAX - 10);
    pcm_cell_add(store, cell, 9);
    CHECK_STATUS(PCM_OK, check_value(store, "big_total", &number));
    CHECK(number.is_integer && number.integer == INT64_MAX - 1);
    pcm_cell_add(store, cell, -(INT64_MAX - 1));
    pcm_cell_add(store, cell, 9007199254740993);
    CHECK_STATUS(PCM_OK, check_value(store, "big_total", &number));
    CHECK(number.is_integer && number.integer == 9007199254740993);
    pcm_cell_add(store, 0xffffffffu, 1);
    pcm_cell_add(store, PCM_DEFAULT_CAPACITY, 1);
    pcm_store_close(store);
}

/* Half of it on each of two CPUs, where there are two. */
void integers_reach_both_ends_of_their_range(void) {
    pcm_store *store = open_default("a");
    pcm_series_id gauge;
    uint32_t down;
    uint32_t up;
    pcm_number number;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_counter(store, "up_total", &up));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "down", NULL, &gauge));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, gauge, &down));
    for (int half = 0; half < 2; half++) {
        check_run_on(check_cpu(half == 1));
        pcm_cell_add(store, up, INT64_MAX / 2 + half);
        pcm_cell_add(store, down, INT64_MIN / 2);
    }
    CHECK_STATUS(PCM_OK, check_value(store, "up_total", &number));
    CHECK(number.is_integer && number.integer == INT64_MAX);
    CHECK_STATUS(PCM_OK, check_value(store, "down", &number));
    CHECK(number.is_integer && number.integer == INT64_MIN);
    pcm_cell_add(store, down, INT64_MAX);
    CHECK_STATUS(PCM_OK, check_value(store, "down", &number));
    CHECK(number.is_integer && number.integer == -1);
    pcm_store_close(store);
}

void fractions_go_to_a_double_cell(void) {
    pcm_store *store = open_default("a");
    pcm_series_id series;
    uint32_t cell;
    pcm_number number;
    pcm_store_info info;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "f_total", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
    pcm_store_get_info(store, &info);
    CHECK(info.cells_used == 1);
    pcm_cell_add(store, cell, 3);
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.25));
    CHECK_STATUS(PCM_OK, check_value(store, "f_total", &number));
    CHECK(!number.is_integer && number.real == 3.25);
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.75));
    CHECK_STATUS(PCM_OK, check_value(store, "f_total", &number));
    CHECK(number.is_integer && number.integer == 4);
    pcm_store_get_info(store, &info);
    CHECK(info.cells_used == 2);
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 1e300));
    CHECK_STATUS(PCM_OK, check_value(store, "f_total", &number));
    CHECK(!number.is_integer && number.real == 1e300);
    pcm_store_close(store);
}

void a_gauge_reads_back_what_was_set(void) {
    static const double values[] = {
        0, 1, -1, 0.1, -0.1, 1e300, -1e300, 5e-324, DBL_MAX, 1e15, INFINITY, -INFINITY, 9007199254740993.0, 42};
    pcm_store *store = open_default("a");
    pcm_series_id series;
    uint32_t cell;
    pcm_number number;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    for (int touched = 0; touched < 3; touched++) {
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, values[i]));
            CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
            CHECK(number.real == values[i] && signbit(number.real) == signbit(values[i]));
        }
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, NAN));
        CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
        CHECK(isnan(number.real));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, -0.0));
        CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
        CHECK(number.real == 0 && signbit(number.real));
        /* From now on its cells have something in them. */
        if (touched == 0) {
            CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
            pcm_cell_add(store, cell, 1000);
            pcm_cell_add(store, cell, -7);
        } else {
            CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.1));
        }
    }
    CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 5));
    pcm_cell_add(store, cell, 2);
    CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
    CHECK(number.is_integer && number.integer == 7);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series));
    CHECK_STATUS(PCM_ARGUMENT, pcm_gauge_set(store, series, 5));
    CHECK_STATUS(PCM_ARGUMENT, pcm_gauge_set(store, series + 1, 5));
    pcm_store_close(store);
}

void a_set_cancels_the_fractions_of_all_lanes(void) {
    static const double amounts[][2] = {{0.1, 0.2}, {1e16, 1.5}, {-0.3, 1e-3}};
    pcm_store *store = open_default("a");
    pcm_series_id series;
    pcm_number number;
    pcm_reader *reader;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    for (int i = 0; i < 3; i++) {
        check_run_on(check_cpu(false));
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, amounts[i][0]));
        check_run_on(check_cpu(true));
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, amounts[i][1]));
        for (int value = 0; value <= 7; value += 7) {
            /* Once by a reader whose pass was before, which looks at this gauge by itself, and once by a pass. */
            CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
            CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, value));
            CHECK_STATUS(PCM_OK, pcm__reader_settle(reader, false));
            CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
            CHECK(number.real == value);
            CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
            CHECK(number.real == value);
        }
    }
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void a_set_makes_up_for_amounts_that_are_too_large(void) {
    static const double amounts[] = {1e308, -1e308, 1e17};
    pcm_store *store = open_default("a");
    pcm_series_id series;
    pcm_number number;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, amounts[i]));
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, amounts[i]));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 5));
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.25));
        CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
        CHECK(number.real == 5.25);
    }
    pcm_store_close(store);
}

void a_gauge_that_is_only_set_takes_no_cell(void) {
    pcm_store *store = open_default("a");
    pcm_series_id series;
    pcm_store_info info;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 12.5));
    pcm_store_get_info(store, &info);
    CHECK(info.cells_used == 0);
    pcm_store_close(store);
}

void histograms_count_into_the_right_bucket(void) {
    static const double values[] = {-1, 0, 0.5, 0.5000001, 1, 2.5, 2.6, 1e9};
    pcm_store *store = open_default("a");
    pcm_series_id series;
    pcm_histogram histogram;
    pcm_reader *reader;
    int64_t buckets[4];
    double sum;
    double expected = 0;
    uint32_t cell;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", "x", &series));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series, &histogram));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_cell(store, series, &cell));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_add_double(store, series, 1.5));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, values[i]));
        expected += values[i];
    }
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_histogram(reader, 0, buckets, &sum));
    CHECK(buckets[0] == 3 && buckets[1] == 2 && buckets[2] == 1 && buckets[3] == 2);
    CHECK(fabs(sum - expected) < 1e-6);
    pcm_number number;
    CHECK_STATUS(PCM_ARGUMENT, pcm_reader_value(reader, 0, &number));
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void amounts_that_are_not_finite_change_nothing(void) {
    pcm_store *store = open_default("a");
    pcm_series_id series;
    pcm_histogram histogram;
    pcm_number number;
    CHECK(store != NULL);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series, &histogram));
    CHECK_STATUS(PCM_AMOUNT, pcm_histogram_observe(store, &histogram, NAN));
    CHECK_STATUS(PCM_AMOUNT, pcm_histogram_observe(store, &histogram, INFINITY));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series));
    CHECK_STATUS(PCM_AMOUNT, pcm_series_add_double(store, series, NAN));
    CHECK_STATUS(PCM_AMOUNT, pcm_series_add_double(store, series, -INFINITY));
    CHECK_STATUS(PCM_OK, check_value(store, "c_total", &number));
    CHECK(number.is_integer && number.integer == 0);
    pcm_reader *reader;
    int64_t buckets[4];
    double sum;
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_histogram(reader, 0, buckets, &sum));
    CHECK(buckets[0] + buckets[1] + buckets[2] + buckets[3] == 0 && sum == 0);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void lanes_add_up_to_the_value(void) {
    pcm_store *store = open_default("a");
    pcm_series_id series;
    uint32_t cell;
    pcm_reader *reader;
    pcm_store_info info;
    pcm_number lanes[PCM_MAX_LANES + 4];
    double sum = 0;
    CHECK(store != NULL);
    pcm_store_get_info(store, &info);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
    for (int i = 0; i < 1000; i++)
        pcm_cell_add(store, cell, 1);
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.5));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_ARGUMENT, pcm_reader_lanes(reader, 0, lanes, 1));
    CHECK_STATUS(PCM_OK, pcm_reader_lanes(reader, 0, lanes, PCM_MAX_LANES + 4));
    for (uint32_t i = 0; i < info.lanes + info.atomic_lanes; i++)
        sum += lanes[i].real;
    CHECK(sum == 1000.5);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

/* Readers add several lanes in one go, and those that are left over one by one. */
void every_lane_counts_however_many_there_are(void) {
    for (uint32_t lanes = 1; lanes <= 9; lanes++) {
        pcm_store *store;
        pcm_series_id series;
        uint32_t cell;
        pcm_number number;
        char name[] = {'a', (char)('0' + lanes), '\0'};
        CHECK_STATUS(PCM_OK, check_open(name, (pcm_open_options){.lanes = lanes}, &store));
        CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series));
        CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
        uint32_t all = pcm__store_all_lanes(store);
        for (uint32_t lane = 0; lane < all; lane++)
            atomic_store(pcm__store_word(store, lane, cell), UINT64_C(1) << lane);
        CHECK_STATUS(PCM_OK, check_value(store, "c_total", &number));
        CHECK(number.is_integer && number.integer == (INT64_C(1) << all) - 1);
        pcm_store_close(store);
    }
}

void gauges_are_set_together_or_not_at_all(void) {
    pcm_store *store;
    pcm_family_id family;
    pcm_series_id states[3];
    pcm_series_id mixed[3];
    size_t count;
    pcm_series_id counter;
    pcm_number number;
    pcm_reader *reader;
    const pcm_bytes label = bytes("phase");
    const pcm_family_definition definition = {.type = PCM_STATE_SET,
                                              .name = bytes("phase"),
                                              .help = bytes("Phase."),
                                              .label_names = &label,
                                              .label_count = 1};
    const char *const names[3] = {"a", "b", "c"};
    const double only[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_family_declare(store, &definition, &family));
    for (int i = 0; i < 3; i++) {
        const pcm_bytes value = bytes(names[i]);
        CHECK_STATUS(PCM_OK, pcm_series_bind(store, family, &value, 1, &states[i]));
    }
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c", NULL, &counter));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    for (uint32_t chosen = 0; chosen < 3; chosen++) {
        CHECK_STATUS(PCM_OK, pcm_gauge_set_all(store, states, only[chosen], 3));
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
        for (uint32_t i = 0; i < 3; i++)
            CHECK(pcm_reader_value(reader, i, &number) == PCM_OK && number.real == (i == chosen ? 1 : 0));
    }
    CHECK_STATUS(PCM_OK, pcm_family_list_series(store, family, mixed, 2, &count));
    CHECK(count == 3 && mixed[0] == states[0] && mixed[1] == states[1]);
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_list_series(store, family + 1, mixed, 2, &count));
    /* From here on nothing is set. */
    memcpy(mixed, states, sizeof mixed);
    mixed[1] = counter;
    CHECK_STATUS(PCM_ARGUMENT, pcm_gauge_set_all(store, mixed, only[0], 3));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, states[1]));
    CHECK_STATUS(PCM_REMOVED, pcm_gauge_set_all(store, states, only[0], 3));
    CHECK_STATUS(PCM_OK, pcm_family_list_series(store, family, mixed, 3, &count));
    CHECK(count == 2 && mixed[0] == states[0] && mixed[1] == states[2]);
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK(pcm_reader_value(reader, 0, &number) == PCM_OK && number.real == 0);
    CHECK(pcm_reader_value(reader, 2, &number) == PCM_OK && number.real == 1);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}
