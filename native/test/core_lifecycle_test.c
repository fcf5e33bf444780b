/*
 * Threads that open, declare, bind, remove and close on one store at the same time, while a reader looks: what a data
 * race in the catalog, the slots or the life of a store would have to show itself in.
 */
#include "core_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define LIVES check_count(1000)

enum { LIVING = 6 };

struct life {
    const char *path;
    int number;
    int lives;
    int status;
    _Atomic int *living;
};

static int bind(pcm_store *store, pcm_family_id family, const char *label, pcm_series_id *series, uint32_t *cell) {
    pcm_bytes value = bytes(label);
    int status = pcm_series_bind(store, family, &value, 1, series);
    return status == PCM_OK ? pcm_series_cell(store, *series, cell) : status;
}

/* Counts in a series of its own, which it removes, and in one that all have. */
static int count_and_remove(pcm_store *store, const char *own_label) {
    pcm_bytes label = bytes("label");
    pcm_family_definition definition = {
        .type = PCM_COUNTER, .name = bytes("lives_total"), .label_names = &label, .label_count = 1};
    pcm_family_id family;
    pcm_series_id own;
    pcm_series_id common;
    uint32_t own_cell;
    uint32_t common_cell;
    int status = pcm_family_declare(store, &definition, &family);
    if (status == PCM_OK)
        status = bind(store, family, own_label, &own, &own_cell);
    if (status == PCM_OK)
        status = bind(store, family, "all", &common, &common_cell);
    if (status != PCM_OK)
        return status;
    pcm_cell_add(store, own_cell, 1);
    pcm_cell_add(store, common_cell, 1);
    return pcm_series_remove(store, own);
}

static int live_once(const char *path, const char *own_label) {
    pcm_store *store;
    pcm_holder *holder;
    int status = pcm_store_open(&(pcm_open_options){.path = path}, &store);
    if (status != PCM_OK)
        return status;
    status = pcm_holder_create(store, &holder);
    if (status == PCM_OK) {
        status = count_and_remove(store, own_label);
        pcm_holder_destroy(holder);
    }
    pcm_store_close(store);
    return status;
}

static void *live(void *argument) {
    struct life *life = argument;
    for (int i = 0; i < life->lives && life->status == PCM_OK; i++) {
        char label[32];
        snprintf(label, sizeof label, "%d-%d", life->number, i);
        life->status = live_once(life->path, label);
    }
    atomic_fetch_sub(life->living, 1);
    return NULL;
}

void threads_that_open_declare_remove_and_close_do_not_meet(void) {
    _Atomic int living = LIVING;
    pthread_t threads[LIVING];
    struct life lives[LIVING];
    pcm_store *store;
    pcm_reader *reader;
    pcm_number number = {0};
    int lived = LIVES;
    int present = 0;
    const char *path = check_path("a");
    CHECK_STATUS(PCM_OK, pcm_store_open(&(pcm_open_options){.path = path}, &store));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    for (int i = 0; i < LIVING; i++) {
        lives[i] = (struct life){.path = path, .number = i, .lives = lived, .living = &living};
        CHECK(pthread_create(&threads[i], NULL, live, &lives[i]) == 0);
    }
    while (atomic_load(&living) > 0)
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    for (int i = 0; i < LIVING; i++) {
        pthread_join(threads[i], NULL);
        CHECK_STATUS(PCM_OK, lives[i].status);
    }
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        if (pcm_reader_series(reader, i).is_removed)
            continue;
        present++;
        CHECK_STATUS(PCM_OK, pcm_reader_value(reader, i, &number));
    }
    CHECK(present == 1 && number.integer == (int64_t)LIVING * lived);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}
