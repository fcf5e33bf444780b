/*
 * Loads the core as a shared library, counts and unloads it, over and over, in several threads at once: a thread's rseq
 * area still points to a critical section of the library when that is gone, unless the library stays.
 *
 *     unloading LIBRARY STORE THREADS ROUNDS AMOUNTS
 *
 * Prints what was counted, who registered the first thread for rseq, and whether the library is still mapped.
 */
#include "percpu_metrics.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *library;
static const char *path;
static int rounds;
static int amounts;

/* The functions of one loading of the library. */
struct core {
    void *handle;
    typeof(pcm_store_open) *open;
    typeof(pcm_store_close) *close;
    typeof(pcm_family_declare) *declare;
    typeof(pcm_series_bind) *bind;
    typeof(pcm_series_cell) *cell;
    typeof(pcm_cell_add) *add;
    typeof(pcm_thread_get_mode) *mode;
    typeof(pcm_reader_create) *create_reader;
    typeof(pcm_reader_refresh) *refresh;
    typeof(pcm_reader_value) *value;
    typeof(pcm_reader_destroy) *destroy_reader;
};

static bool load(struct core *core) {
    core->handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (core->handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return false;
    }
    core->open = dlsym(core->handle, "pcm_store_open");
    core->close = dlsym(core->handle, "pcm_store_close");
    core->declare = dlsym(core->handle, "pcm_family_declare");
    core->bind = dlsym(core->handle, "pcm_series_bind");
    core->cell = dlsym(core->handle, "pcm_series_cell");
    core->add = dlsym(core->handle, "pcm_cell_add");
    core->mode = dlsym(core->handle, "pcm_thread_get_mode");
    core->create_reader = dlsym(core->handle, "pcm_reader_create");
    core->refresh = dlsym(core->handle, "pcm_reader_refresh");
    core->value = dlsym(core->handle, "pcm_reader_value");
    core->destroy_reader = dlsym(core->handle, "pcm_reader_destroy");
    return true;
}

static bool open_counter(const struct core *core, pcm_store **store, uint32_t *cell) {
    pcm_family_id family;
    pcm_series_id series;
    pcm_family_definition definition = {.type = PCM_COUNTER, .name = {"c_total", 7}, .help = {"", 0}, .unit = {"", 0}};
    return core->open(&(pcm_open_options){.path = path, .capacity = 1024}, store) == PCM_OK &&
           core->declare(*store, &definition, &family) == PCM_OK &&
           core->bind(*store, family, NULL, 0, &series) == PCM_OK && core->cell(*store, series, cell) == PCM_OK;
}

/* Counts last, so that the area points into the library when that is unloaded, and then lets the kernel look at it. */
static void *work(void *failures) {
    for (int round = 0; round < rounds; round++) {
        struct core core;
        pcm_store *store;
        uint32_t cell;
        if (!load(&core) || !open_counter(&core, &store, &cell)) {
            __atomic_fetch_add((int *)failures, 1, __ATOMIC_RELAXED);
            return NULL;
        }
        for (int i = 0; i < amounts; i++)
            core.add(store, cell, 1);
        core.close(store);
        dlclose(core.handle);
        sched_yield();
    }
    return NULL;
}

static bool is_mapped(void) {
    char line[8192];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        found = found || strstr(line, library) != NULL;
    if (maps != NULL)
        fclose(maps);
    return found;
}

static bool read_total(long long *out, pcm_mode *mode) {
    struct core core;
    pcm_store *store;
    pcm_reader *reader;
    pcm_number number;
    uint32_t cell;
    if (!load(&core) || !open_counter(&core, &store, &cell) || core.create_reader(store, &reader) != PCM_OK)
        return false;
    bool ok = core.refresh(reader) == PCM_OK && core.value(reader, 0, &number) == PCM_OK;
    *out = ok ? number.integer : -1;
    core.mode(store, mode);
    core.destroy_reader(reader);
    core.close(store);
    return ok;
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    library = argv[1];
    path = argv[2];
    int count = atoi(argv[3]);
    rounds = atoi(argv[4]);
    amounts = atoi(argv[5]);
    pthread_t threads[64];
    int failures = 0;
    if (count < 1 || count > 64)
        return 2;
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, work, &failures) != 0)
            return 1;
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    bool mapped = is_mapped();
    static const char *const registrations[] = {"none", "libc", "self"};
    long long total;
    pcm_mode mode;
    if (failures != 0 || !read_total(&total, &mode))
        return 1;
    printf("counted %lld, registered by %s, %s\n", total, registrations[mode.registration],
           mapped ? "mapped" : "unmapped");
    return 0;
}
