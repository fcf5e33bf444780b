/* Series that are brought back to zero, also while others count. */
#include "core_check.h"
#include "store.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

void a_reset_brings_every_kind_back_to_zero(void) {
    pcm_store *store;
    pcm_series_id series[3];
    pcm_histogram histogram;
    pcm_reader *reader;
    pcm_number number;
    int64_t buckets[4];
    double sum;
    uint32_t cell;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series[0]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series[1]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series[2]));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series[2], &histogram));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, series[0], &cell));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    for (int round = 0; round < 3; round++) {
        pcm_cell_add(store, cell, 7);
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series[0], 0.1));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series[1], 2.5));
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 0.7));
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 3e10));
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
        CHECK(pcm_reader_value(reader, 0, &number) == PCM_OK && fabs(number.real - 7.1) < 1e-9);
        CHECK(pcm_reader_histogram(reader, 2, buckets, &sum) == PCM_OK && buckets[1] == 1 && buckets[3] == 1);
        CHECK(fabs(sum - 3e10 - 0.7) < 1e-3);
        for (int i = 0; i < 3; i++)
            CHECK_STATUS(PCM_OK, pcm_series_reset(store, series[i]));
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
        CHECK(pcm_reader_value(reader, 0, &number) == PCM_OK && number.is_integer && number.integer == 0);
        CHECK(pcm_reader_value(reader, 1, &number) == PCM_OK && number.is_integer && number.integer == 0);
        CHECK(pcm_reader_histogram(reader, 2, buckets, &sum) == PCM_OK && sum == 0);
        CHECK(buckets[0] == 0 && buckets[1] == 0 && buckets[2] == 0 && buckets[3] == 0);
    }
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

struct reset_work {
    pcm_store *store;
    uint32_t cell;
    pcm_histogram histogram;
    atomic_bool stop;
    _Atomic uint64_t observed;
};

static void *count_until_stopped(void *argument) {
    struct reset_work *work = argument;
    uint64_t count = 0;
    for (; !atomic_load_explicit(&work->stop, memory_order_relaxed); count++) {
        pcm_cell_add(work->store, work->cell, 1);
        pcm_histogram_observe(work->store, &work->histogram, 0.25);
    }
    work->observed += count;
    return NULL;
}

void resets_while_others_count_never_show_less_than_zero(void) {
    struct reset_work work = {0};
    pcm_series_id series[2];
    pthread_t threads[2];
    pcm_reader *reader;
    pcm_number number;
    int64_t buckets[4];
    double sum;
    bool odd = false;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 65536}, &work.store));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_COUNTER, "c_total", NULL, &series[0]));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_HISTOGRAM, "h", NULL, &series[1]));
    CHECK_STATUS(PCM_OK, pcm_series_cell(work.store, series[0], &work.cell));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(work.store, series[1], &work.histogram));
    CHECK_STATUS(PCM_OK, pcm_reader_create(work.store, &reader));
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, count_until_stopped, &work) == 0);
    for (int i = 0; i < 5000 && !odd; i++) {
        odd = pcm_series_reset(work.store, series[i % 2]) != PCM_OK || pcm_reader_refresh(reader) != PCM_OK ||
              pcm_reader_value(reader, 0, &number) != PCM_OK || number.integer < 0 ||
              pcm_reader_histogram(reader, 1, buckets, &sum) != PCM_OK || buckets[0] < 0 || sum < 0;
    }
    atomic_store(&work.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK(!odd);
    CHECK_STATUS(PCM_OK, pcm_series_reset(work.store, series[0]));
    pcm_cell_add(work.store, work.cell, 3);
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK(pcm_reader_value(reader, 0, &number) == PCM_OK && number.integer == 3);
    pcm_reader_destroy(reader);
    pcm_store_close(work.store);
}

/* What a histogram holds, by a new reader: its count, or -1 where it cannot be read. */
static int64_t observed(pcm_store *store, const char *name, double *sum) {
    pcm_reader *reader;
    int64_t buckets[4];
    int64_t count = -1;
    if (pcm_reader_create(store, &reader) != PCM_OK)
        return -1;
    if (pcm_reader_refresh(reader) == PCM_OK)
        for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
            pcm_bytes found = pcm_reader_family(reader, pcm_reader_series(reader, i).family)->name;
            if (found.size == strlen(name) && memcmp(found.data, name, found.size) == 0 &&
                pcm_reader_histogram(reader, i, buckets, sum) == PCM_OK)
                count = buckets[0] + buckets[1] + buckets[2] + buckets[3];
        }
    pcm_reader_destroy(reader);
    return count;
}

void what_comes_after_a_reset_is_as_exact_as_at_first(void) {
    static const double before[] = {0.1, 4e9, 1e20, 1e308};
    static const double after[] = {0.5, 1e-9, 1e-300};
    pcm_store *store;
    pcm_series_id series[3];
    pcm_histogram histogram;
    pcm_number number;
    double sum;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series[0]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series[1]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series[2]));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series[2], &histogram));
    for (int i = 0; i < 12; i++) {
        /* From two lanes, and of the last size twice from one: that is infinite then. */
        for (int j = 0; j < 3; j++) {
            check_run_on(check_cpu(j == 2));
            for (int k = 0; k < 2; k++)
                CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series[k], before[i % 4]));
            CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, before[i % 4]));
        }
        CHECK_STATUS(PCM_OK, pcm_series_reset(store, series[0]));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series[1], 0));
        CHECK_STATUS(PCM_OK, pcm_series_reset(store, series[2]));
        for (int k = 0; k < 2; k++)
            CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series[k], after[i / 4]));
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, after[i / 4]));
        CHECK(check_value(store, "c_total", &number) == PCM_OK && number.real == after[i / 4]);
        CHECK(check_value(store, "g", &number) == PCM_OK && number.real == after[i / 4]);
        CHECK(observed(store, "h", &sum) == 1 && sum == after[i / 4]);
    }
    pcm_store_close(store);
}

void a_reset_is_found_by_histograms_that_were_bound_before(void) {
    pcm_store *store;
    pcm_series_id series[2];
    pcm_histogram former[2];
    pcm_histogram latter;
    double sum;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series[0]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "other", NULL, &series[1]));
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series[i], &former[i]));
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &former[i], 1e17));
    }
    CHECK_STATUS(PCM_OK, pcm_series_reset(store, series[0]));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series[0], &latter));
    CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &former[0], 1));
    CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &latter, 2));
    CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &former[1], 1e17));
    CHECK(observed(store, "h", &sum) == 2 && sum == 3);
    CHECK(observed(store, "other", &sum) == 2 && sum == 2e17);
    pcm_store_close(store);
}

/* How many removals it was told about, or -1. */
static int move_on(pcm_holder *holder) {
    pcm_series_id removed[PCM_MAX_REMOVALS];
    size_t count;
    bool all;
    pcm_holder_look(holder, removed, PCM_MAX_REMOVALS, &count, &all);
    return pcm_holder_move_on(holder) == PCM_OK && !all ? (int)count : -1;
}

static uint64_t cells_used(const pcm_store *store) {
    pcm_store_info info;
    pcm_store_get_info(store, &info);
    return info.cells_used;
}

void cells_that_sets_give_away_are_used_again_when_all_have_moved_on(void) {
    pcm_store *store;
    pcm_holder *here;
    pcm_holder *there;
    pcm_series_id series;
    pcm_number number;
    uint64_t used = 0;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &here));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &there));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    for (int i = 0; i < 300; i++) {
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 1e17));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, i));
        /* Again, with nothing in between: there is nothing to be given away. */
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, i));
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.25));
        CHECK(check_value(store, "g", &number) == PCM_OK && number.real == i + 0.25);
        CHECK(move_on(here) == 0);
        /* For the first hundred the other one may still be about to add: each set takes another cell. */
        if (i < 100)
            CHECK(cells_used(store) == (uint64_t)i + 2);
        else
            CHECK(move_on(there) == 0);
        if (i == 110)
            used = cells_used(store);
    }
    CHECK(cells_used(store) == used);
    pcm_holder_destroy(here);
    pcm_holder_destroy(there);
    pcm_store_close(store);
}

void sets_that_nobody_moves_on_from_take_no_more_than_a_part_of_the_cells(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_number number;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    for (int i = 0; i < 1000; i++) {
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.75));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, i));
        CHECK(check_value(store, "g", &number) == PCM_OK && number.is_integer && number.integer == i);
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.5));
        CHECK(check_value(store, "g", &number) == PCM_OK && number.real == i + 0.5);
    }
    CHECK(cells_used(store) == 65);
    pcm_store_close(store);
}

/* Nothing else is made meanwhile, which would make cells free as well. */
void sets_are_exact_again_when_too_many_cells_have_waited(void) {
    pcm_store *store;
    pcm_holder *holder;
    pcm_series_id series;
    pcm_number number;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    check_run_on(check_cpu(false));
    for (int i = 0; i < 1000; i++) {
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 1e17));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 0));
    }
    for (int i = 0; i < 3; i++) {
        CHECK(move_on(holder) == 0);
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 1e17));
        CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 0));
    }
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series, 0.25));
    CHECK(check_value(store, "g", &number) == PCM_OK && number.real == 0.25);
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

void a_sum_that_overflowed_in_a_full_store_is_reset_or_stays(void) {
    pcm_store *store;
    pcm_series_id series[3];
    pcm_series_id emptied = 0;
    pcm_histogram histogram;
    pcm_number number;
    double sum;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series[0]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "finite", NULL, &series[1]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series[2]));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series[2], &histogram));
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series[0], 1e308));
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series[1], 1e17));
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 1e308));
    }
    CHECK_STATUS(PCM_CAPACITY, check_fill(store, &emptied));
    uint64_t before = check_refusals(store);
    CHECK_STATUS(PCM_CAPACITY, pcm_series_reset(store, series[2]));
    CHECK(check_refusals(store) == before + 1);
    CHECK(observed(store, "h", &sum) == 2 && isinf(sum));
    CHECK_STATUS(PCM_OK, pcm_gauge_set_all(store, series, (double[]){7, 8}, 2));
    /* Nothing was dropped by these. */
    CHECK(check_refusals(store) == before + 1);
    CHECK(check_value(store, "g", &number) == PCM_OK && number.is_integer && number.integer == 7);
    CHECK(check_value(store, "finite", &number) == PCM_OK && number.is_integer && number.integer == 8);
    CHECK_STATUS(PCM_CAPACITY, pcm_series_add_double(store, series[0], 0.5));
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, series[1], 64));
    CHECK(check_value(store, "finite", &number) == PCM_OK && number.is_integer && number.integer == 72);
    /* With room again. */
    pcm_holder *holder;
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, emptied));
    CHECK(move_on(holder) == 1);
    CHECK_STATUS(PCM_OK, pcm_series_reset(store, series[2]));
    CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 0.5));
    CHECK(observed(store, "h", &sum) == 1 && sum == 0.5);
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

/* What was ever added to double cells, whoever has them. */
static double all_fractions(const pcm_store *store) {
    double sum = 0;
    uint32_t capacity = (uint32_t)store->geometry.capacity;
    for (uint32_t cell = capacity - (uint32_t)store->header->doubles_used; cell < capacity; cell++)
        for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++) {
            uint64_t bits = *pcm__store_word(store, lane, cell);
            double value;
            memcpy(&value, &bits, sizeof value);
            sum += value;
        }
    return sum;
}

void no_observation_is_lost_or_counted_twice_beside_resets(void) {
    struct reset_work work = {0};
    pcm_series_id series[2];
    pthread_t threads[2];
    double sum;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 65536}, &work.store));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_COUNTER, "c_total", NULL, &series[0]));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_HISTOGRAM, "h", NULL, &series[1]));
    CHECK_STATUS(PCM_OK, pcm_series_cell(work.store, series[0], &work.cell));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(work.store, series[1], &work.histogram));
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, count_until_stopped, &work) == 0);
    int status = PCM_OK;
    for (int i = 0; i < 2000 && status == PCM_OK; i++)
        status = pcm_series_reset(work.store, series[1]);
    atomic_store(&work.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_STATUS(PCM_OK, status);
    /* Nobody moves on, so that no cell is used again: each amount is in one of them, once. */
    CHECK(all_fractions(work.store) == 0.25 * (double)work.observed);
    CHECK_STATUS(PCM_OK, pcm_series_reset(work.store, series[1]));
    CHECK(observed(work.store, "h", &sum) == 0 && sum == 0);
    for (int i = 0; i < 8; i++)
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(work.store, &work.histogram, 0.25));
    CHECK(observed(work.store, "h", &sum) == 8 && sum == 2);
    pcm_store_close(work.store);
}
