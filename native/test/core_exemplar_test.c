/* Exemplars: kept per bucket, by all processes, whole or not at all, and gone with the life of their series. */
#include "catalog.h"
#include "core_check.h"
#include "cpu.h"
#include "exemplars.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static int put(pcm_store *store, pcm_series_id series, uint32_t life, double value, const char *name,
               const char *text) {
    pcm_bytes names = bytes(name);
    pcm_bytes values = bytes(text);
    return pcm_exemplar_put(store, series, life, value, &names, &values, 1);
}

/* Of the only series of the store. */
static int get(pcm_store *store, uint32_t bucket, pcm_exemplar *out) {
    pcm_reader *reader;
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = pcm_reader_series_count(reader) == 1 ? pcm_reader_exemplar(reader, 0, bucket, out) : PCM_CORRUPT;
    pcm_reader_destroy(reader);
    return status;
}

static bool is_text(pcm_bytes text, const char *expected) {
    return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static struct pcm__exemplar_slot *first_slot(const pcm_store *store, pcm_series_id series) {
    struct pcm__series_view view;
    uint32_t count;
    if (pcm__catalog_series_by_id(store, series, &view) != PCM_OK)
        return NULL;
    return pcm__exemplar_slots(store, atomic_load(&view.record->exemplars), &count);
}

void an_exemplar_is_kept_for_each_bucket(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_exemplar exemplar;
    uint32_t life;
    uint64_t before = pcm__now_ms();
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", "a", &series));
    CHECK_STATUS(PCM_NOT_FOUND, get(store, 0, &exemplar));
    CHECK_STATUS(PCM_ARGUMENT, put(store, series, 1, 0.5, "trace", "early"));
    CHECK_STATUS(PCM_OK, pcm_series_keep_exemplars(store, series, &life));
    CHECK_STATUS(PCM_OK, put(store, series, life, 0.5, "trace", "first"));
    CHECK_STATUS(PCM_OK, put(store, series, life, 0.4, "trace", "last"));
    CHECK_STATUS(PCM_OK, put(store, series, life, 99, "trace", "far"));
    /* Another process's are the same. */
    int pid = fork();
    if (pid == 0)
        _exit(put(store, series, life, 1, "trace", "child") != PCM_OK);
    CHECK(check_child(pid));
    const char *expected[] = {"last", "child", NULL, "far"};
    const double values[] = {0.4, 1, 0, 99};
    for (uint32_t bucket = 0; bucket < 4; bucket++) {
        CHECK_STATUS(expected[bucket] == NULL ? PCM_NOT_FOUND : PCM_OK, get(store, bucket, &exemplar));
        if (expected[bucket] == NULL)
            continue;
        CHECK(exemplar.value == values[bucket] && exemplar.label_count == 1);
        CHECK(is_text(exemplar.names[0], "trace") && is_text(exemplar.values[0], expected[bucket]));
        CHECK(exemplar.timestamp_ms >= before && exemplar.timestamp_ms <= pcm__now_ms());
    }
    CHECK_STATUS(PCM_NOT_FOUND, get(store, 4, &exemplar));
    pcm_store_close(store);
}

void what_is_no_exemplar_is_refused(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_series_id gauge;
    pcm_exemplar exemplar;
    uint32_t life;
    char text[PCM_MAX_EXEMPLAR_BYTES + 1];
    pcm_bytes many[PCM_MAX_EXEMPLAR_LABELS + 1];
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_series_keep_exemplars(store, series, &life));
    memset(text, 'x', sizeof text);
    text[128] = 0;
    CHECK_STATUS(PCM_ARGUMENT, put(store, series, life, 1, "a", text));
    CHECK_STATUS(PCM_ARGUMENT, put(store, series, life, 1, "", "x"));
    CHECK_STATUS(PCM_ARGUMENT, put(store, series, life, 1, "1a", "x"));
    CHECK_STATUS(PCM_ARGUMENT, put(store, series, life, 1, "a.b", "x"));
    CHECK_STATUS(PCM_AMOUNT, put(store, series, life, NAN, "a", "x"));
    CHECK_STATUS(PCM_REMOVED, put(store, series, life + 2, 1, "a", "x"));
    CHECK_STATUS(PCM_ARGUMENT, put(store, series + 8, life, 1, "a", "x"));
    for (uint32_t i = 0; i <= PCM_MAX_EXEMPLAR_LABELS; i++)
        many[i] = bytes("a");
    CHECK_STATUS(PCM_ARGUMENT, pcm_exemplar_put(store, series, life, 1, many, many, PCM_MAX_EXEMPLAR_LABELS + 1));
    /* Characters of three bytes: as many as there is room for, and one more. */
    char euros[300] = "";
    for (int i = 0; i < 71; i++)
        strcat(euros, "\xe2\x82\xac");
    CHECK_STATUS(PCM_OK, put(store, series, life, 1, "a", euros));
    CHECK_STATUS(PCM_ARGUMENT, put(store, series, life, 1, "ab", euros));
    CHECK_STATUS(PCM_OK, get(store, 0, &exemplar));
    CHECK(is_text(exemplar.values[0], euros));
    text[127] = 0;
    CHECK_STATUS(PCM_OK, put(store, series, life, 2, "a", text));
    CHECK_STATUS(PCM_OK, pcm_exemplar_put(store, series, life, 1, many, many, PCM_MAX_EXEMPLAR_LABELS));
    CHECK_STATUS(PCM_OK, get(store, 0, &exemplar));
    CHECK(exemplar.label_count == PCM_MAX_EXEMPLAR_LABELS);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &gauge));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_keep_exemplars(store, gauge, &life));
    pcm_store_close(store);
}

void exemplars_go_with_a_reset_and_a_removal(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_series_id again;
    pcm_exemplar exemplar;
    pcm_holder *holder;
    pcm_series_id removed[PCM_MAX_REMOVALS];
    uint32_t life;
    uint32_t new_life;
    size_t count;
    bool all;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &series));
    CHECK_STATUS(PCM_OK, pcm_series_keep_exemplars(store, series, &life));
    /* Most of them within a millisecond. */
    for (int i = 0; i < 50; i++) {
        CHECK_STATUS(PCM_OK, put(store, series, life, 1, "a", "x"));
        CHECK_STATUS(PCM_OK, get(store, 0, &exemplar));
        CHECK_STATUS(PCM_OK, pcm_series_reset(store, series));
        CHECK_STATUS(PCM_NOT_FOUND, get(store, 0, &exemplar));
    }
    CHECK_STATUS(PCM_OK, put(store, series, life, 1, "a", "x"));
    CHECK_STATUS(PCM_OK, get(store, 0, &exemplar));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, series));
    CHECK_STATUS(PCM_REMOVED, put(store, series, life, 1, "a", "x"));
    pcm_holder_look(holder, removed, PCM_MAX_REMOVALS, &count, &all);
    CHECK_STATUS(PCM_OK, pcm_holder_move_on(holder));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &again));
    CHECK(again == series);
    CHECK_STATUS(PCM_NOT_FOUND, get(store, 0, &exemplar));
    CHECK_STATUS(PCM_REMOVED, put(store, series, life, 1, "a", "x"));
    pcm_store_info before;
    pcm_store_info after;
    pcm_store_get_info(store, &before);
    CHECK_STATUS(PCM_OK, pcm_series_keep_exemplars(store, again, &new_life));
    CHECK_STATUS(PCM_NOT_FOUND, get(store, 0, &exemplar));
    CHECK_STATUS(PCM_OK, put(store, again, new_life, 1, "a", "y"));
    CHECK_STATUS(PCM_OK, get(store, 0, &exemplar));
    pcm_store_get_info(store, &after);
    CHECK(after.catalog_bytes == before.catalog_bytes);
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

struct writers {
    pcm_store *store;
    pcm_series_id series;
    uint32_t life;
    int count;
};

/* Value and text say the same, so that a mixture is found. */
static void *write_many(void *argument) {
    const struct writers *writers = argument;
    for (int i = 1; i <= writers->count; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", i);
        if (put(writers->store, writers->series, writers->life, i, "a", text) != PCM_OK)
            return argument;
    }
    return NULL;
}

void exemplars_of_several_writers_are_whole(void) {
    struct writers writers = {.count = check_count(20000)};
    pthread_t threads[3];
    pcm_exemplar exemplar;
    void *failed;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &writers.store));
    CHECK_STATUS(PCM_OK, check_series(writers.store, PCM_COUNTER, "c_total", NULL, &writers.series));
    CHECK_STATUS(PCM_OK, pcm_series_keep_exemplars(writers.store, writers.series, &writers.life));
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, write_many, &writers) == 0);
    bool is_whole = true;
    for (int i = 0; i < check_count(2000); i++)
        if (get(writers.store, 0, &exemplar) == PCM_OK) {
            char text[32] = "";
            memcpy(text, exemplar.values[0].data, exemplar.values[0].size < 31 ? exemplar.values[0].size : 31);
            is_whole = is_whole && strtod(text, NULL) == exemplar.value;
        }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &failed);
        is_whole = is_whole && failed == NULL;
    }
    CHECK(is_whole);
    CHECK_STATUS(PCM_OK, get(writers.store, 0, &exemplar));
    pcm_store_close(writers.store);
}

void a_writer_that_died_holds_no_exemplar_up_for_long(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_exemplar exemplar;
    uint32_t life;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_series_keep_exemplars(store, series, &life));
    struct pcm__exemplar_slot *slot = first_slot(store, series);
    CHECK(slot != NULL);
    uint64_t now = pcm__now_ms();
    atomic_store(&slot->claim, now * 2 + 1);
    CHECK_STATUS(PCM_OK, put(store, series, life, 1, "a", "dropped"));
    /* On a machine that was slow all this time the claim has ended. */
    if (pcm__now_ms() - now < 900)
        CHECK_STATUS(PCM_NOT_FOUND, get(store, 0, &exemplar));
    atomic_store(&slot->claim, (now - 5000) * 2 + 1);
    CHECK_STATUS(PCM_OK, put(store, series, life, 1, "a", "kept"));
    CHECK_STATUS(PCM_OK, get(store, 0, &exemplar));
    CHECK(is_text(exemplar.values[0], "kept"));
    pcm_store_close(store);
}

void exemplars_of_noise_are_left_out(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_exemplar exemplar;
    struct pcm__series_view view;
    uint32_t life;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_series_keep_exemplars(store, series, &life));
    CHECK_STATUS(PCM_OK, put(store, series, life, 1, "a", "x"));
    struct pcm__exemplar_slot *slot = first_slot(store, series);
    CHECK(slot != NULL);
    for (uint32_t word = 0; word < PCM__EXEMPLAR_WORDS; word++) {
        uint64_t was = atomic_load(&slot->words[word]);
        atomic_store(&slot->words[word], was ^ UINT64_C(0x8000000000000001));
        CHECK_STATUS(PCM_NOT_FOUND, get(store, 0, &exemplar));
        atomic_store(&slot->words[word], was);
    }
    CHECK_STATUS(PCM_OK, get(store, 0, &exemplar));
    CHECK_STATUS(PCM_OK, pcm__catalog_series_by_id(store, series, &view));
    srand(1);
    for (uint32_t i = 0; i < 1000; i++) {
        /* No record of exemplars is there: nothing is read, and nothing is written. */
        atomic_store(&view.record->exemplars, i == 0 ? UINT32_MAX : (uint32_t)rand() % 64);
        uint32_t count = 0;
        if (pcm__exemplar_slots(store, atomic_load(&view.record->exemplars), &count) != NULL)
            continue;
        CHECK_STATUS(PCM_NOT_FOUND, get(store, 0, &exemplar));
        CHECK_STATUS(PCM_ARGUMENT, put(store, series, life, 1, "a", "x"));
    }
    pcm_store_close(store);
}
