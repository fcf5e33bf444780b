/* A reader that has read a store before finds what a new one finds, whatever was changed in between and by whom. */
#include "core_check.h"
#include "lock.h"
#include "reader.h"
#include "store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_SERIES = 64 };

static pcm_store *store;

static pcm_series_id bind(pcm_type type, const char *name, const char *label) {
    pcm_series_id series = 0;
    check_series(store, type, name, label, &series);
    return series;
}

static void add(pcm_type type, const char *name, int64_t amount) {
    uint32_t cell;
    if (pcm_series_cell(store, bind(type, name, "a"), &cell) == PCM_OK)
        pcm_cell_add(store, cell, amount);
}

static void observe(double value) {
    pcm_histogram histogram;
    if (pcm_histogram_bind(store, bind(PCM_HISTOGRAM, "h", "a"), &histogram) == PCM_OK)
        pcm_histogram_observe(store, &histogram, value);
}

static void add_whole(void) {
    add(PCM_COUNTER, "c_total", 3);
}
static void add_fraction(void) {
    pcm_series_add_double(store, bind(PCM_COUNTER, "c_total", "a"), 0.25);
}
static void set_gauge(void) {
    pcm_gauge_set(store, bind(PCM_GAUGE, "g", "a"), 7);
}
static void set_to_a_fraction(void) {
    pcm_gauge_set(store, bind(PCM_GAUGE, "g", "a"), 0.5);
}
static void raise_gauge(void) {
    add(PCM_GAUGE, "g", 2);
}
static void set_untouched(void) {
    pcm_gauge_set(store, bind(PCM_GAUGE, "untouched", "a"), 4);
}
static void observe_little(void) {
    observe(0.5);
}
static void observe_infinite(void) {
    observe(1e308);
    observe(1e308);
}
static void reset_counter(void) {
    pcm_series_reset(store, bind(PCM_COUNTER, "c_total", "a"));
}
static void reset_gauge(void) {
    pcm_series_reset(store, bind(PCM_GAUGE, "g", "a"));
}
static void reset_histogram(void) {
    pcm_series_reset(store, bind(PCM_HISTOGRAM, "h", "a"));
}
static void remove_counter(void) {
    pcm_series_remove(store, bind(PCM_COUNTER, "c_total", "a"));
}
static void bind_another(void) {
    bind(PCM_COUNTER, "c_total", "b");
}
static void keep_exemplar(void) {
    uint32_t life;
    const pcm_bytes name = bytes("trace_id");
    const pcm_bytes value = bytes("1");
    pcm_series_id series = bind(PCM_HISTOGRAM, "h", "a");
    if (pcm_series_keep_exemplars(store, series, &life) == PCM_OK)
        pcm_exemplar_put(store, series, life, 0.5, &name, &value, 1);
}
/* As a holder of the lock that dies between what it changes and giving the lock back. */
static void leave_the_lock(void) {
    atomic_store(&store->header->turns, atomic_load(&store->header->turns) | 1);
}

static void (*const changes[])(void) = {
    add_whole,     add_whole,      raise_gauge,    set_gauge,        raise_gauge,     set_to_a_fraction,
    set_gauge,     set_untouched,  observe_little, add_fraction,     add_whole,       add_fraction,
    reset_counter, add_whole,      reset_gauge,    raise_gauge,      reset_histogram, observe_little,
    keep_exemplar, observe_little, leave_the_lock, set_gauge,        add_whole,       remove_counter,
    add_whole,     bind_another,   add_fraction,   observe_infinite, reset_histogram, observe_little,
};
enum { CHANGES = sizeof changes / sizeof *changes };

/* As this process, or as a child of its own. */
static void make(int change, bool in_child) {
    if (!in_child) {
        changes[change]();
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        changes[change]();
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static bool same_series(const pcm_reader *one, const pcm_reader *other, uint32_t series) {
    pcm_series_view views[] = {pcm_reader_series(one, series), pcm_reader_series(other, series)};
    pcm_number numbers[2] = {{0}};
    int64_t buckets[2][8] = {{0}};
    double sums[2] = {0};
    if (views[0].is_removed != views[1].is_removed || views[0].created_at_ms != views[1].created_at_ms)
        return false;
    if (views[0].is_removed)
        return true;
    if (pcm_reader_family(one, views[0].family)->type == PCM_HISTOGRAM)
        return pcm_reader_histogram(one, series, buckets[0], &sums[0]) == PCM_OK &&
               pcm_reader_histogram(other, series, buckets[1], &sums[1]) == PCM_OK && sums[0] == sums[1] &&
               memcmp(buckets[0], buckets[1], sizeof buckets[0]) == 0;
    return pcm_reader_value(one, series, &numbers[0]) == PCM_OK &&
           pcm_reader_value(other, series, &numbers[1]) == PCM_OK && numbers[0].real == numbers[1].real &&
           numbers[0].is_integer == numbers[1].is_integer && numbers[0].integer == numbers[1].integer;
}

static bool finds_the_same(pcm_reader *old) {
    pcm_reader *new;
    if (pcm_reader_refresh(old) != PCM_OK || pcm_reader_create(store, &new) != PCM_OK ||
        pcm_reader_refresh(new) != PCM_OK)
        return false;
    uint32_t count = pcm_reader_series_count(new);
    bool same = pcm_reader_series_count(old) == count && count > 0 && count <= MOST_SERIES &&
                pcm_reader_any_exemplars(old) == pcm_reader_any_exemplars(new);
    for (uint32_t i = 0; same && i < count; i++)
        same = same_series(old, new, i);
    pcm_reader_destroy(new);
    return same;
}

void a_reader_that_has_read_before_finds_each_change(void) {
    pcm_reader *reader;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 4096}, &store));
    bind(PCM_COUNTER, "c_total", "a");
    bind(PCM_GAUGE, "g", "a");
    bind(PCM_GAUGE, "untouched", "a");
    bind(PCM_HISTOGRAM, "h", "a");
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    for (int in_child = 0; in_child < 2; in_child++) {
        for (int change = 0; change < CHANGES; change++) {
            /* Twice, so that it knows that nothing has changed. */
            CHECK(finds_the_same(reader) && finds_the_same(reader));
            make(change, in_child);
            if (!finds_the_same(reader))
                printf("# change %d\n", change);
            CHECK(finds_the_same(reader));
        }
    }
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

/* Records are looked at only where something may have changed: one that is scribbled over is not seen until then. */
void a_reader_looks_at_records_where_something_may_have_changed(void) {
    pcm_reader *reader;
    pcm_number number;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    add_whole();
    set_untouched();
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    struct pcm__series_record *record = pcm__reader_record(reader, 0);
    uint32_t cell = atomic_load(&record->integer_cell);
    atomic_store(&record->integer_cell, 0);
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.integer == 3);
    bind_another();
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.integer == 0);
    atomic_store(&record->integer_cell, cell);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

/* A reader that takes the value of a counter from its cell: what falls between the pass and what follows it. */
void a_counter_that_is_changed_after_the_pass_is_read_whole(void) {
    pcm_reader *reader;
    pcm_number number;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    add_whole();
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    reset_counter();
    CHECK_STATUS(PCM_OK, pcm__reader_settle(reader, false));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.is_integer && number.integer == 0);
    add_whole();
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.is_integer && number.integer == 3);
    remove_counter();
    CHECK_STATUS(PCM_OK, pcm__reader_settle(reader, false));
    CHECK_STATUS(PCM_REMOVED, pcm_reader_value(reader, 0, &number));
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void a_turn_is_odd_while_the_lock_is_held(void) {
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    uint64_t before = atomic_load(&store->header->turns);
    for (int i = 0; i < 4; i++) {
        CHECK_STATUS(PCM_OK, pcm__store_lock(store));
        CHECK(atomic_load(&store->header->turns) % 2 == 1);
        pcm__store_unlock(store);
        CHECK(atomic_load(&store->header->turns) % 2 == 0 && atomic_load(&store->header->turns) > before);
        before = atomic_load(&store->header->turns);
        if (i == 1)
            leave_the_lock();
    }
    pcm_store_close(store);
}
