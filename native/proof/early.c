/*
 * Counts where few programs do: before the constructors of the program run, in one of them, at the end of a thread,
 * before and after the core has unregistered it, and behind main.
 *
 *     early STORE AMOUNTS
 *
 * Prints who registered the first thread for rseq, and how often AMOUNTS were added.
 */
#include "percpu_metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS     8
#define LATE_ROUNDS 2 /* of a thread's destructors, of which the core's takes part in the first */

static pcm_store *store;
static uint32_t cell;
static int amounts;
static pthread_key_t before_core;
static pthread_key_t behind_core;
static _Atomic int places;

static void count(void) {
    for (int i = 0; i < amounts; i++)
        pcm_cell_add(store, cell, 1);
    places++;
}

static bool open_counter(const char *path) {
    pcm_family_id family;
    pcm_series_id series;
    pcm_family_definition definition = {.type = PCM_COUNTER, .name = {"c_total", 7}, .help = {"", 0}, .unit = {"", 0}};
    return pcm_store_open(&(pcm_open_options){.path = path, .capacity = 1024}, &store) == PCM_OK &&
           pcm_family_declare(store, &definition, &family) == PCM_OK &&
           pcm_series_bind(store, family, NULL, 0, &series) == PCM_OK &&
           pcm_series_cell(store, series, &cell) == PCM_OK;
}

/* The value of a key is the number of rounds that are left. */
static void count_before_core(void *round) {
    count();
    if ((intptr_t)round > 1)
        pthread_setspecific(before_core, (void *)((intptr_t)round - 1));
}

static void count_behind_core(void *round) {
    count();
    if ((intptr_t)round > 1)
        pthread_setspecific(behind_core, (void *)((intptr_t)round - 1));
}

/* Before the constructors, also those of libraries. The C library calls destructors in the order of their keys. */
static void count_first(int argc, char **argv, char **environment) {
    (void)environment;
    if (argc != 3)
        exit(2);
    amounts = atoi(argv[2]);
    if (pthread_key_create(&before_core, count_before_core) != 0 || !open_counter(argv[1]))
        exit(1);
    count();
    if (pthread_key_create(&behind_core, count_behind_core) != 0)
        exit(1);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = count_first;

__attribute__((constructor)) static void count_in_constructor(void) {
    count();
}

static void *count_in_thread(void *unused) {
    (void)unused;
    pthread_setspecific(before_core, (void *)(intptr_t)LATE_ROUNDS);
    pthread_setspecific(behind_core, (void *)(intptr_t)LATE_ROUNDS);
    count();
    return NULL;
}

__attribute__((destructor)) static void count_behind_main(void) {
    static const char *const registrations[] = {"none", "libc", "self"};
    pcm_mode mode;
    count();
    pcm_thread_get_mode(store, &mode);
    printf("registered by %s, %d times\n", registrations[mode.registration], places);
    pcm_store_close(store);
}

int main(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, count_in_thread, NULL) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
