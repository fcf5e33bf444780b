/* Series that are removed, and whose cells and records other series get. */
#include "core_check.h"
#include "life.h"
#include "reader.h"
#include "reserve.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pcm_family_id counters(pcm_store *store, const char *name) {
    pcm_bytes label = bytes("label");
    pcm_family_definition definition = {
        .type = PCM_COUNTER, .name = bytes(name), .label_names = &label, .label_count = 1};
    pcm_family_id family = 0;
    pcm_family_declare(store, &definition, &family);
    return family;
}

static int find(pcm_store *store, pcm_family_id family, const char *label, pcm_series_id *out) {
    pcm_bytes value = bytes(label);
    return pcm_series_find(store, family, &value, 1, out);
}

/* Looks and moves on: how many removals it was told about, or -1 for all. */
static int move_on(pcm_holder *holder) {
    pcm_series_id removed[PCM_MAX_REMOVALS];
    size_t count;
    bool all;
    pcm_holder_look(holder, removed, PCM_MAX_REMOVALS, &count, &all);
    return pcm_holder_move_on(holder) != PCM_OK ? -2 : all ? -1 : (int)count;
}

static int rendered_series(pcm_reader *reader) {
    int count = 0;
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++)
        count += !pcm_reader_series(reader, i).is_removed;
    return count;
}

void a_removed_series_is_gone_and_begins_anew(void) {
    pcm_store *store;
    pcm_series_id first;
    pcm_series_id second;
    pcm_number number;
    uint32_t cell;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &first));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, first, &cell));
    pcm_cell_add(store, cell, 5);
    pcm_family_id family;
    pcm_family_definition definition;
    CHECK_STATUS(PCM_OK, pcm_family_find(store, bytes("c_total"), &family, &definition));
    CHECK_STATUS(PCM_OK, find(store, family, "a", &second));
    CHECK(second == first);
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, first));
    CHECK_STATUS(PCM_REMOVED, pcm_series_remove(store, first));
    CHECK_STATUS(PCM_NOT_FOUND, find(store, family, "a", &second));
    CHECK_STATUS(PCM_REMOVED, pcm_series_add_double(store, first, 0.5));
    CHECK_STATUS(PCM_REMOVED, pcm_series_reset(store, first));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_remove(store, 0));
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_remove_all(store, 8));
    pcm_cell_add(store, cell, 5);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &second));
    /* There is no holder: nothing may be used again. */
    CHECK(second != first);
    CHECK_STATUS(PCM_OK, check_value(store, "c_total", &number));
    CHECK(number.is_integer && number.integer == 0);
    pcm_store_close(store);
}

void cells_and_records_are_used_again_when_all_have_moved_on(void) {
    pcm_store *store;
    pcm_holder *here;
    pcm_holder *there;
    pcm_series_id first;
    pcm_series_id second;
    uint32_t cell;
    uint32_t other;
    pcm_store_info info;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &here));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &there));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &first));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, first, &cell));
    pcm_cell_add(store, cell, 5);
    CHECK(!pcm_holder_is_behind(here));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, first));
    CHECK(pcm_holder_is_behind(here));
    CHECK(move_on(here) == 1 && move_on(here) == 0);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &second));
    CHECK(second != first); /* the other holder may still add */
    CHECK(move_on(there) == 1);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "c", &second));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, second, &other));
    CHECK(second == first && other == cell);
    pcm_cell_add(store, cell, 2);
    pcm_reader *reader;
    pcm_number number;
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.integer == 2);
    CHECK(pcm_reader_label_value(reader, 0, 0).data[0] == 'c');
    pcm_store_get_info(store, &info);
    CHECK(info.cells_used == 2);
    pcm_reader_destroy(reader);
    pcm_holder_destroy(here);
    pcm_holder_destroy(there);
    pcm_store_close(store);
}

static bool has_label_values(const pcm_store *store, pcm_series_id series, const char *first, const char *second) {
    pcm_bytes values[PCM_MAX_LABELS];
    uint32_t count;
    return pcm_series_label_values(store, series, values, &count) == PCM_OK && count == 2 &&
           values[0].size == strlen(first) && memcmp(values[0].data, first, values[0].size) == 0 &&
           values[1].size == strlen(second) && memcmp(values[1].data, second, values[1].size) == 0;
}

void label_values_of_a_removed_series_stay_until_all_have_moved_on(void) {
    pcm_store *store;
    pcm_holder *holder;
    pcm_family_id family;
    pcm_series_id series;
    pcm_series_id next;
    pcm_bytes out[PCM_MAX_LABELS];
    uint32_t count;
    const pcm_bytes names[2] = {bytes("x"), bytes("y")};
    const pcm_bytes former[2] = {bytes(""), bytes("former")};
    const pcm_bytes latter[2] = {bytes("latter"), bytes("")};
    const pcm_bytes last[2] = {bytes("last"), bytes("one")};
    pcm_family_definition definition = {
        .type = PCM_COUNTER, .name = bytes("c_total"), .label_names = names, .label_count = 2};
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, pcm_family_declare(store, &definition, &family));
    CHECK_STATUS(PCM_OK, pcm_series_bind(store, family, former, 2, &series));
    CHECK(has_label_values(store, series, "", "former"));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, series));
    CHECK_STATUS(PCM_OK, pcm_series_bind(store, family, latter, 2, &next));
    CHECK(has_label_values(store, series, "", "former"));
    CHECK(has_label_values(store, next, "latter", ""));
    CHECK(move_on(holder) == 1);
    CHECK_STATUS(PCM_OK, pcm_series_bind(store, family, last, 2, &next));
    CHECK(next == series && has_label_values(store, series, "last", "one"));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_label_values(store, 0, out, &count));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_label_values(store, family, out, &count));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_label_values(store, series + 4, out, &count));
    CHECK_STATUS(PCM_ARGUMENT, pcm_series_label_values(store, UINT64_MAX - 6, out, &count));
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

void cells_of_gauges_and_histograms_are_used_again_from_zero(void) {
    pcm_store *store;
    pcm_holder *holder;
    pcm_store_info before;
    pcm_store_info after;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    for (int round = 0; round < 20; round++) {
        pcm_series_id gauge;
        pcm_series_id observed;
        pcm_histogram histogram;
        pcm_number number;
        uint32_t cell;
        char label[32];
        snprintf(label, sizeof label, "%d", round);
        CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", label, &gauge));
        CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", label, &observed));
        CHECK_STATUS(PCM_OK, pcm_series_cell(store, gauge, &cell));
        check_run_on(check_cpu(round % 2 == 0));
        pcm_cell_add(store, cell, -3);
        CHECK_STATUS(PCM_OK, pcm_series_add_double(store, gauge, 0.1));
        CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, observed, &histogram));
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 0.1));
        pcm_reader *reader;
        int64_t buckets[4];
        double sum;
        CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
        CHECK(rendered_series(reader) == 2);
        for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
            if (pcm_reader_series(reader, i).id == gauge)
                CHECK(pcm_reader_value(reader, i, &number) == PCM_OK && number.real == -3 + 0.1);
            if (pcm_reader_series(reader, i).id == observed)
                CHECK(pcm_reader_histogram(reader, i, buckets, &sum) == PCM_OK && buckets[0] == 1 && sum == 0.1);
        }
        pcm_reader_destroy(reader);
        CHECK_STATUS(PCM_OK, pcm_series_remove(store, gauge));
        CHECK_STATUS(PCM_OK, pcm_series_remove(store, observed));
        CHECK(move_on(holder) == 2);
        pcm_store_get_info(store, &after);
        if (round == 0)
            before = after;
        CHECK(after.catalog_bytes == before.catalog_bytes && after.reserved_bytes == before.reserved_bytes);
    }
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

void a_removal_is_seen_by_readers_and_other_processes(void) {
    pcm_store *store;
    pcm_series_id series[3];
    pcm_reader *reader;
    pcm_number number;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &series[0]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &series[1]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "other_total", "b", &series[2]));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    uint64_t version = pcm_reader_version(reader);
    int pid = fork();
    if (pid == 0) {
        pcm_store *own;
        pcm_family_id family;
        pcm_family_definition definition;
        pcm_store_close(store);
        if (check_open("a", (pcm_open_options){0}, &own) != PCM_OK ||
            pcm_family_find(own, bytes("c_total"), &family, &definition) != PCM_OK ||
            pcm_family_remove_all(own, family) != PCM_OK)
            _exit(1);
        _exit(0);
    }
    CHECK(check_child(pid));
    /* What the pass has found is still read. */
    CHECK(pcm_reader_value(reader, 0, &number) == PCM_OK && !pcm_reader_is_current(reader, 0));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK(pcm_reader_version(reader) != version);
    CHECK_STATUS(PCM_REMOVED, pcm_reader_value(reader, 0, &number));
    CHECK_STATUS(PCM_REMOVED, pcm_reader_value(reader, 1, &number));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 2, &number));
    pcm_number two[2];
    CHECK_STATUS(PCM_OK, pcm_reader_values(reader, (uint32_t[]){2, 2}, 2, two));
    CHECK_STATUS(PCM_REMOVED, pcm_reader_values(reader, (uint32_t[]){0, 2}, 2, two));
    CHECK_STATUS(PCM_REMOVED, pcm_reader_values(reader, (uint32_t[]){2, 1}, 2, two));
    CHECK(rendered_series(reader) == 1);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void a_new_series_leaves_what_readers_have_as_it_was(void) {
    pcm_store *store;
    pcm_store *sidecar;
    pcm_series_id series;
    pcm_reader *readers[2];
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &series));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &sidecar));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &readers[0]));
    CHECK_STATUS(PCM_OK, pcm_reader_create(sidecar, &readers[1]));
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(readers[i]));
    uint64_t versions[2] = {pcm_reader_version(readers[0]), pcm_reader_version(readers[1])};
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &series));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "other_total", "b", &series));
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(readers[i]));
        CHECK(rendered_series(readers[i]) == 3 && pcm_reader_series(readers[i], 2).id == series);
        CHECK(pcm_reader_version(readers[i]) == versions[i]);
        pcm_reader_destroy(readers[i]);
    }
    pcm_store_close(sidecar);
    pcm_store_close(store);
}

void a_dead_process_holds_nothing_up(void) {
    pcm_store *store;
    pcm_holder *holder;
    pcm_series_id first;
    pcm_series_id second;
    int pipes[2];
    char byte;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &first));
    CHECK(pipe(pipes) == 0);
    int pid = fork();
    if (pid == 0) {
        pcm_holder *own;
        if (pcm_holder_create(store, &own) != PCM_OK || write(pipes[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    CHECK(read(pipes[0], &byte, 1) == 1);
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, first));
    CHECK(move_on(holder) == 1);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &second));
    bool held_up = second != first;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK(held_up);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "c", &second));
    CHECK(second == first);
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

void a_forked_child_lets_go_of_everything(void) {
    pcm_store *store;
    pcm_holder *holder;
    pcm_series_id series;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &series));
    int pid = fork();
    if (pid == 0)
        _exit(pcm_holder_is_behind(holder) && move_on(holder) == -1 && move_on(holder) == 0 ? 0 : 1);
    CHECK(check_child(pid));
    CHECK(!pcm_holder_is_behind(holder));
    /* More than the ring of changes holds. */
    for (uint32_t i = 0; i <= PCM_MAX_REMOVALS / 2; i++) {
        CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &series));
        CHECK_STATUS(PCM_OK, pcm_series_remove(store, series));
        if (i == 100)
            CHECK(move_on(holder) == 101);
    }
    for (uint32_t i = 0; i <= PCM_MAX_REMOVALS / 2; i++) {
        CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &series));
        CHECK_STATUS(PCM_OK, pcm_series_remove(store, series));
    }
    CHECK(move_on(holder) == -1 && move_on(holder) == 0);
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

/* Takes cells and a record, as if for a new series, and dies with the lock held. */
static void die_with_the_lock(pcm_store *store) {
    uint32_t first;
    uint32_t real;
    if (pcm_store_close(store), check_open("a", (pcm_open_options){0}, &store) != PCM_OK)
        _exit(1);
    if (pthread_mutex_lock(&store->mutex) != 0)
        _exit(1);
    pthread_mutex_unlock(&store->mutex);
    store->header->busy = 1;
    if (pcm__reserve_cells(store, PCM__CELL_COUNT, 3, 1, &first, &real) != PCM_OK)
        _exit(1);
    _exit(0);
}

void what_a_dead_process_left_is_found(void) {
    pcm_store *store;
    pcm_holder *holder;
    pcm_series_id series[2];
    pcm_store_info before;
    pcm_store_info after;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &series[0]));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "b", &series[1]));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, series[1]));
    pcm_store_get_info(store, &before);
    CHECK(before.cells_used == 2);
    int pid = fork();
    if (pid == 0)
        die_with_the_lock(store);
    CHECK(check_child(pid));
    pcm_store_get_info(store, &after);
    CHECK(after.cells_used == before.cells_used + 4);
    CHECK_STATUS(PCM_OK, pcm_series_reset(store, series[0]));
    pcm_store_get_info(store, &after);
    CHECK(after.cells_used == before.cells_used);
    /* Everybody is to let go of everything, and then all of it is used again. */
    CHECK(move_on(holder) == -1);
    for (int i = 0; i < 4; i++) {
        char label[32];
        snprintf(label, sizeof label, "new %d", i);
        CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", label, &series[1]));
    }
    pcm_store_get_info(store, &after);
    CHECK(after.cells_used == 5 && atomic_load(&store->header->integers_used) == 5);
    pcm_holder_destroy(holder);
    pcm_store_close(store);
}

void records_that_later_families_use_again_are_read_from_the_start(void) {
    pcm_store *store;
    pcm_store *late;
    pcm_series_id removed;
    pcm_series_id series;
    pcm_number number;
    uint32_t cell;
    pcm_holder *holder;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_holder_create(store, &holder));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "old_total", "a", &removed));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, removed));
    CHECK(move_on(holder) == 1);
    pcm_holder_destroy(holder);
    for (int i = 0; i < 3; i++)
        counters(store, i == 0 ? "x_total" : i == 1 ? "y_total" : "z_total");
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "new_total", "a", &series));
    CHECK(series == removed);
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
    pcm_cell_add(store, cell, 5);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &late));
    CHECK_STATUS(PCM_OK, check_value(late, "new_total", &number));
    CHECK(number.real == 5);
    /* Each family is read once, also what comes after those that were read ahead. */
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "last_total", "a", &series));
    CHECK_STATUS(PCM_OK, check_value(late, "last_total", &number));
    CHECK(pcm__index_family_count(&late->index) == 6);
    pcm_store_close(late);
    pcm_store_close(store);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_value(store, "new_total", &number));
    CHECK(number.real == 5);
    pcm_store_close(store);
}

void removals_are_refused_where_nothing_may_be_changed(void) {
    pcm_store *store;
    pcm_store *read_only;
    pcm_holder *holder;
    pcm_series_id series;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "c_total", "a", &series));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &read_only));
    CHECK_STATUS(PCM_READ_ONLY, pcm_series_remove(read_only, series));
    CHECK_STATUS(PCM_READ_ONLY, pcm_series_reset(read_only, series));
    CHECK_STATUS(PCM_READ_ONLY, pcm_family_remove_all(read_only, counters(store, "x_total")));
    CHECK_STATUS(PCM_READ_ONLY, pcm_family_reset(read_only, counters(store, "x_total")));
    CHECK_STATUS(PCM_READ_ONLY, pcm_holder_create(read_only, &holder));
    pcm_store_close(read_only);
    pcm_store_close(store);
}
