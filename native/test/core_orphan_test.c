/* Series that belong to a process, and what becomes of them when it has gone. Owners are children that are killed, and
 * forked before this process opens the store, so that they attach to it by themselves. */
#include "core_check.h"
#include "reader.h"
#include "slots.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int bind(pcm_store *store, const char *value, pcm_series_id *series) {
    pcm_bytes label = bytes("process");
    pcm_bytes text = bytes(value);
    pcm_family_definition definition = {.type = PCM_COUNTER,
                                        .name = bytes("owned_total"),
                                        .label_names = &label,
                                        .label_count = 1,
                                        .per_process = true};
    pcm_family_id family;
    int status = pcm_family_declare(store, &definition, &family);
    return status == PCM_OK ? pcm_series_bind(store, family, &text, 1, series) : status;
}

static int add(pcm_store *store, const char *value, int64_t amount) {
    pcm_series_id series;
    uint32_t cell;
    int status = bind(store, value, &series);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    if (status == PCM_OK)
        pcm_cell_add(store, cell, amount);
    return status;
}

/* A child that has opened the store by itself and counted, and waits to be killed; -1 where it could not. */
static pid_t start_owner(const char *name, const char *value, int64_t amount) {
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        pcm_store *store;
        close(ready[0]);
        if (check_open(name, (pcm_open_options){0}, &store) != PCM_OK || add(store, value, amount) != PCM_OK ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    bool is_ready = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return is_ready ? child : -1;
}

static void end(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* The sum of the series that a reader shows, and their number; -1 where it fails. */
static int64_t sum(pcm_reader *reader, int *count) {
    int64_t total = 0;
    *count = 0;
    if (pcm_reader_refresh(reader) != PCM_OK)
        return -1;
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        pcm_number number;
        if (pcm_reader_series(reader, i).is_removed)
            continue;
        if (pcm_reader_value(reader, i, &number) != PCM_OK)
            return -1;
        total += number.integer;
        ++*count;
    }
    return total;
}

void what_belongs_to_a_dead_process_is_left_out_and_removed(void) {
    pcm_store *sidecar;
    pcm_store *writer;
    pcm_reader *reader;
    int count;
    pid_t first = start_owner("a", "first", 5);
    pid_t second = start_owner("a", "second", 7);
    CHECK(first > 0 && second > 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &sidecar));
    CHECK_STATUS(PCM_OK, pcm_reader_create(sidecar, &reader));
    CHECK(sum(reader, &count) == 12 && count == 2);
    uint64_t version = pcm_reader_version(reader);
    end(first);
    CHECK(sum(reader, &count) == 7 && count == 1);
    CHECK(pcm_reader_version(reader) != version);
    CHECK(sum(reader, &count) == 7 && count == 1);
    CHECK_STATUS(PCM_READ_ONLY, pcm_store_remove_orphans(sidecar));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &writer));
    CHECK(pcm__index_lived_count(&writer->index) == 2);
    CHECK_STATUS(PCM_OK, pcm_store_remove_orphans(writer));
    CHECK(pcm__index_lived_count(&writer->index) == 1);
    CHECK(!pcm__slots_any_orphans(writer));
    CHECK(sum(reader, &count) == 7 && count == 1);
    end(second);
    CHECK(pcm__slots_any_orphans(writer));
    CHECK_STATUS(PCM_OK, pcm_store_remove_orphans(writer));
    CHECK(pcm__index_lived_count(&writer->index) == 0);
    CHECK(sum(reader, &count) == 0 && count == 0);
    pcm_reader_destroy(reader);
    pcm_store_close(writer);
    pcm_store_close(sidecar);
}

void the_next_process_in_a_slot_is_not_the_owner(void) {
    pcm_store *store;
    pcm_reader *reader;
    int count;
    pid_t child = start_owner("a", "child", 5);
    CHECK(child > 0);
    end(child);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK(store->slot_number == 0);
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK(sum(reader, &count) == 0 && count == 0);
    CHECK_STATUS(PCM_OK, add(store, "own", 3));
    CHECK(pcm__index_lived_count(&store->index) == 2);
    CHECK_STATUS(PCM_OK, pcm_store_remove_orphans(store));
    CHECK(pcm__index_lived_count(&store->index) == 1);
    CHECK(!pcm__slots_any_orphans(store));
    CHECK(sum(reader, &count) == 3 && count == 1);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void who_binds_what_a_dead_process_owned_begins_anew(void) {
    pcm_store *store;
    pcm_reader *reader;
    pcm_family_id family;
    pcm_family_definition definition;
    pcm_series_id series;
    pcm_bytes value = bytes("same");
    int count;
    pid_t child = start_owner("a", "same", 5);
    CHECK(child > 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, add(store, "same", 2));
    CHECK(sum(reader, &count) == 7 && count == 1);
    end(child);
    CHECK_STATUS(PCM_OK, pcm_family_find(store, bytes("owned_total"), &family, &definition));
    CHECK(definition.per_process);
    CHECK_STATUS(PCM_NOT_FOUND, pcm_series_find(store, family, &value, 1, &series));
    CHECK_STATUS(PCM_OK, add(store, "same", 3));
    CHECK(sum(reader, &count) == 3 && count == 1);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void what_belongs_to_a_process_goes_when_it_closes(void) {
    pcm_store *store;
    pcm_store *sidecar;
    pcm_reader *reader;
    int count;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &sidecar));
    CHECK_STATUS(PCM_OK, pcm_reader_create(sidecar, &reader));
    CHECK_STATUS(PCM_OK, add(store, "own", 5));
    CHECK(sum(reader, &count) == 5 && count == 1);
    pcm_store_close(store);
    CHECK(sum(reader, &count) == 0 && count == 0);
    /* Again in the same slot of the same process: another attachment. */
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK(sum(reader, &count) == 0 && count == 0);
    CHECK_STATUS(PCM_OK, add(store, "own", 3));
    CHECK(sum(reader, &count) == 3 && count == 1);
    pcm_reader_destroy(reader);
    pcm_store_close(sidecar);
    pcm_store_close(store);
}

void owners_of_noise_are_dead(void) {
    static const uint64_t owners[] = {1, PCM_MAX_PROCESSES + 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    pcm_store *store;
    pcm_reader *reader;
    pcm_series_id series;
    int count;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        CHECK_STATUS(PCM_OK, bind(store, "own", &series));
        CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
        CHECK(sum(reader, &count) == 0 && count == 1);
        struct pcm__series_record *record =
            (struct pcm__series_record *)pcm__store_at(store, store->geometry.catalog_offset + series - 1);
        atomic_store(&record->owner, owners[i]);
        CHECK(sum(reader, &count) == 0 && count == 0);
        pcm_reader_destroy(reader);
    }
    pcm_store_close(store);
}
