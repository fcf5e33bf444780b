/* Families whose series are all brought back to zero. */
#include "core_check.h"
#include "lock.h"
#include "store.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

void a_family_is_reset_but_for_what_there_is_no_room_for(void) {
    pcm_store *store;
    pcm_series_id series[3];
    pcm_series_id other;
    pcm_family_id family;
    pcm_family_definition definition;
    pcm_histogram histogram;
    pcm_reader *reader;
    int64_t buckets[4];
    double sum;
    char label[32];
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    for (int i = 0; i < 3; i++) {
        snprintf(label, sizeof label, "%d", i);
        CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", label, &series[i]));
        CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series[i], &histogram));
        for (int j = 0; j < 2; j++)
            CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, i < 2 ? 1e308 : 0.25));
    }
    CHECK_STATUS(PCM_CAPACITY, check_fill(store, &other));
    uint64_t before = check_refusals(store);
    CHECK_STATUS(PCM_OK, pcm_family_find(store, (pcm_bytes){"h", 1}, &family, &definition));
    CHECK_STATUS(PCM_CAPACITY, pcm_family_reset(store, family));
    CHECK(check_refusals(store) == before + 2);
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    for (uint32_t i = 0; i < 2; i++)
        CHECK(pcm_reader_histogram(reader, i, buckets, &sum) == PCM_OK && buckets[3] == 2 && isinf(sum));
    CHECK(pcm_reader_histogram(reader, 2, buckets, &sum) == PCM_OK && buckets[0] == 0 && sum == 0);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

struct family_work {
    pcm_store *store;
    pcm_family_id family;
    pcm_histogram first;
    pcm_histogram last;
    atomic_bool stop;
    _Atomic int status;
};

static void *reset_until_stopped(void *argument) {
    struct family_work *work = argument;
    int status = PCM_OK;
    while (status == PCM_OK && !atomic_load(&work->stop)) {
        pcm_histogram_observe(work->store, &work->first, 0.25);
        pcm_histogram_observe(work->store, &work->last, 0.25);
        status = pcm_family_reset(work->store, work->family);
    }
    atomic_store(&work->status, status);
    return NULL;
}

static uint64_t count_in_first_bucket(const pcm_store *store, const pcm_histogram *histogram) {
    uint64_t count = *pcm__store_base(store, histogram->first_cell);
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        count += *pcm__store_word(store, lane, histogram->first_cell);
    return count;
}

void the_lock_is_to_be_had_while_a_family_is_reset(void) {
    struct family_work work = {0};
    pcm_family_definition definition;
    pcm_series_id series;
    pthread_t thread;
    char label[32];
    bool between = false;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 4096}, &work.store));
    for (int i = 0; i < 400; i++) {
        snprintf(label, sizeof label, "%d", i);
        CHECK_STATUS(PCM_OK, check_series(work.store, PCM_HISTOGRAM, "h", label, &series));
        CHECK_STATUS(PCM_OK, pcm_histogram_bind(work.store, series, i == 0 ? &work.first : &work.last));
    }
    CHECK_STATUS(PCM_OK, pcm_family_find(work.store, (pcm_bytes){"h", 1}, &work.family, &definition));
    CHECK(pthread_create(&thread, NULL, reset_until_stopped, &work) == 0);
    for (int i = 0; i < 100000 && !between; i++) {
        CHECK_STATUS(PCM_OK, pcm__store_lock(work.store));
        /* The last one got its observation behind the first one, and nothing is reset while this thread has the lock. */
        between = count_in_first_bucket(work.store, &work.last) == 1;
        between = between && count_in_first_bucket(work.store, &work.first) == 0;
        pcm__store_unlock(work.store);
    }
    atomic_store(&work.stop, true);
    pthread_join(thread, NULL);
    CHECK(between);
    CHECK_STATUS(PCM_OK, atomic_load(&work.status));
    pcm_store_close(work.store);
}
