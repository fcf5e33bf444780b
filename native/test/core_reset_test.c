/* Series that are brought back to zero, also while others count. */
#include "core_check.h"

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
};

static void *count_until_stopped(void *argument) {
    struct reset_work *work = argument;
    while (!atomic_load_explicit(&work->stop, memory_order_relaxed)) {
        pcm_cell_add(work->store, work->cell, 1);
        pcm_histogram_observe(work->store, &work->histogram, 0.25);
    }
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
