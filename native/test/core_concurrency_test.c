/* Several threads and processes on one store: exact totals, and readers that see no impossible value. */
#include "core_check.h"
#include "layout.h"
#include "reader.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define INCREMENTS check_count(200000)
#define MOST_READS 10000000

struct work {
    pcm_store *store;
    pcm_series_id series;
    uint32_t cell;
    pcm_histogram histogram;
};

static void *add_all(void *argument) {
    const struct work *work = argument;
    int increments = INCREMENTS;
    for (int i = 0; i < increments; i++) {
        pcm_cell_add(work->store, work->cell, 3);
        pcm_histogram_observe(work->store, &work->histogram, 0.75);
    }
    return NULL;
}

static void count_with_threads(pcm_backend backend, const char *name) {
    struct work work;
    pcm_series_id series;
    pcm_number number;
    pthread_t threads[64];
    int count = 6 * (int)sysconf(_SC_NPROCESSORS_ONLN);
    count = count > 64 ? 64 : count;
    CHECK_STATUS(PCM_OK, check_open(name, (pcm_open_options){.backend = backend, .capacity = 512 * 4}, &work.store));
    CHECK_STATUS(PCM_OK, check_counter(work.store, "c_total", &work.cell));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_HISTOGRAM, "h", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(work.store, series, &work.histogram));
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, add_all, &work) == 0);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    CHECK_STATUS(PCM_OK, check_value(work.store, "c_total", &number));
    CHECK(number.is_integer && number.integer == 3ll * count * INCREMENTS);
    pcm_reader *reader;
    int64_t buckets[4];
    double sum;
    CHECK_STATUS(PCM_OK, pcm_reader_create(work.store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_histogram(reader, 1, buckets, &sum));
    CHECK(buckets[1] == (int64_t)count * INCREMENTS && sum == 0.75 * count * INCREMENTS);
    pcm_reader_destroy(reader);
    pcm_store_close(work.store);
}

void every_back_end_counts_exactly_with_six_threads_per_cpu(void) {
    count_with_threads(PCM_BACKEND_RSEQ, "rseq");
    count_with_threads(PCM_BACKEND_PERCPU_ATOMIC, "percpu-atomic");
    count_with_threads(PCM_BACKEND_ATOMIC, "atomic");
    count_with_threads(PCM_BACKEND_ATOMIC_PADDED, "atomic-padded");
}

void processes_count_exactly_on_one_store(void) {
    struct work work;
    pcm_number number;
    pcm_series_id series;
    int pids[8];
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &work.store));
    CHECK_STATUS(PCM_OK, check_counter(work.store, "c_total", &work.cell));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_HISTOGRAM, "h", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(work.store, series, &work.histogram));
    for (int i = 0; i < 8; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            /* Half of them attach by themselves, half go on with what they inherited. */
            uint32_t cell = work.cell;
            if (i % 2 == 0) {
                pcm_store_close(work.store);
                if (check_open("a", (pcm_open_options){0}, &work.store) != PCM_OK ||
                    check_counter(work.store, "c_total", &cell) != PCM_OK ||
                    check_series(work.store, PCM_HISTOGRAM, "h", NULL, &series) != PCM_OK ||
                    pcm_histogram_bind(work.store, series, &work.histogram) != PCM_OK)
                    _exit(1);
            }
            work.cell = cell;
            add_all(&work);
            _exit(0);
        }
    }
    for (int i = 0; i < 8; i++)
        CHECK(check_child(pids[i]));
    CHECK_STATUS(PCM_OK, check_value(work.store, "c_total", &number));
    CHECK(number.integer == 8ll * 3 * INCREMENTS);
    pcm_store_close(work.store);
}

void a_killed_process_leaves_its_counts_and_no_lock(void) {
    pcm_store *store;
    uint32_t cell;
    pcm_number number;
    pcm_process processes[4];
    size_t count;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    for (int round = 0; round < 20; round++) {
        int pipes[2];
        CHECK(pipe(pipes) == 0);
        int pid = fork();
        if (pid == 0) {
            /* Creates series, so that it is killed with the lock held now and then. */
            pcm_store *own;
            pcm_store_close(store);
            if (check_open("a", (pcm_open_options){0}, &own) != PCM_OK)
                _exit(1);
            for (int64_t i = 0;; i++) {
                char label[32];
                pcm_series_id series;
                snprintf(label, sizeof label, "%d-%lld", round, (long long)i);
                if (i < 4000)
                    check_series(own, PCM_COUNTER, "labelled_total", label, &series);
                pcm_cell_add(own, cell, 1);
                if (i == 100 && write(pipes[1], "x", 1) != 1)
                    _exit(1);
            }
        }
        char byte;
        CHECK(read(pipes[0], &byte, 1) == 1);
        usleep((unsigned)round * 100);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(pipes[0]);
        close(pipes[1]);
    }
    CHECK_STATUS(PCM_OK, check_value(store, "c_total", &number));
    CHECK(number.integer >= 20 * 101);
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(store, processes, 4, &count));
    CHECK(count == 2 && processes[0].alive != processes[1].alive);
    uint32_t other;
    CHECK_STATUS(PCM_OK, check_counter(store, "after_total", &other));
    CHECK(other != cell);
    pcm_store_close(store);
}

void parent_and_forked_child_create_series_apart(void) {
    pcm_store *store;
    uint32_t cell;
    pcm_series_id series;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    int pid = fork();
    for (int i = 0; i < 3000; i++) {
        char label[32];
        snprintf(label, sizeof label, "%s-%d", pid == 0 ? "child" : "parent", i);
        int status = check_series(store, PCM_COUNTER, "labelled_total", label, &series);
        if (status == PCM_OK)
            status = pcm_series_cell(store, series, &cell);
        if (pid == 0 && status != PCM_OK)
            _exit(1);
        CHECK_STATUS(PCM_OK, status);
        pcm_cell_add(store, cell, 1);
    }
    if (pid == 0)
        _exit(0);
    CHECK(check_child(pid));
    pcm_reader *reader;
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK(pcm_reader_series_count(reader) == 6001);
    for (uint32_t i = 1; i < 6001; i++) {
        pcm_number number;
        CHECK_STATUS(PCM_OK, pcm_reader_value(reader, i, &number));
        CHECK(number.integer == 1);
    }
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

/* The thread pins itself: musl has no attribute for that. */
static void *add_all_on_lowest(void *work) {
    check_run_on(check_cpu(false));
    return add_all(work);
}

static void *add_all_on_highest(void *work) {
    check_run_on(check_cpu(true));
    return add_all(work);
}

/* Threads on CPUs beyond the only lane take the atomic lanes, which must be words of their own. */
void cpus_without_a_lane_count_exactly(void) {
    struct work work = {0};
    pcm_series_id series;
    pcm_number number;
    pcm_process process;
    size_t count;
    pthread_t threads[4];
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.lanes = 1}, &work.store));
    CHECK_STATUS(PCM_OK, check_counter(work.store, "c_total", &work.cell));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_HISTOGRAM, "h", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(work.store, series, &work.histogram));
    /* Looked up before the threads ask for it at once. */
    CHECK(check_cpu(true) >= 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, i % 2 == 1 ? add_all_on_highest : add_all_on_lowest, &work) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_STATUS(PCM_OK, check_value(work.store, "c_total", &number));
    CHECK(number.integer == 4ll * 3 * INCREMENTS);
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(work.store, &process, 1, &count));
    CHECK(count == 1 && (process.fallbacks > 0) == (check_cpu(true) > 0));
    pcm_store_close(work.store);
}

static _Atomic bool stop;

static void *add_until_stopped(void *argument) {
    const struct work *work = argument;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        pcm_cell_add(work->store, work->cell, 1);
        pcm_series_add_double(work->store, work->series, 0.125);
    }
    return NULL;
}

void readers_never_see_a_counter_go_down(void) {
    struct work work;
    pthread_t threads[4];
    pcm_reader *reader;
    double last = 0;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &work.store));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_COUNTER, "c_total", NULL, &work.series));
    CHECK_STATUS(PCM_OK, pcm_series_cell(work.store, work.series, &work.cell));
    CHECK_STATUS(PCM_OK, pcm_reader_create(work.store, &reader));
    atomic_store(&stop, false);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, add_until_stopped, &work) == 0);
    bool fell = false;
    int reads = check_count(20000);
    /* On a busy machine the writers may begin late. */
    for (int i = 0; (i < reads || (last == 0 && i < MOST_READS)) && !fell; i++) {
        pcm_number number;
        fell = pcm_reader_refresh(reader) != PCM_OK || pcm_reader_value(reader, 0, &number) != PCM_OK ||
               number.real < last;
        last = number.real;
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(!fell && last > 0);
    pcm_reader_destroy(reader);
    pcm_store_close(work.store);
}

/* 0 or 0.5 (after the set), 1000 or 1000.5 (after the first add): nothing else is ever the gauge's value. */
static void *set_until_stopped(void *argument) {
    const struct work *work = argument;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        pcm_gauge_set(work->store, work->series, 0.5);
        pcm_cell_add(work->store, work->cell, 1000);
        pcm_gauge_set(work->store, work->series, 0);
        pcm_cell_add(work->store, work->cell, 1000);
    }
    return NULL;
}

void readers_see_all_or_nothing_of_a_set(void) {
    struct work work;
    pthread_t thread;
    pcm_reader *reader;
    double odd = 0;
    bool changed = false;
    double last = -1;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &work.store));
    CHECK_STATUS(PCM_OK, check_series(work.store, PCM_GAUGE, "g", NULL, &work.series));
    CHECK_STATUS(PCM_OK, pcm_series_cell(work.store, work.series, &work.cell));
    CHECK_STATUS(PCM_OK, pcm_reader_create(work.store, &reader));
    atomic_store(&stop, false);
    CHECK(pthread_create(&thread, NULL, set_until_stopped, &work) == 0);
    int reads = check_count(100000);
    for (int i = 0; (i < reads || (!changed && i < MOST_READS)) && odd == 0; i++) {
        pcm_number number;
        if (pcm_reader_refresh(reader) != PCM_OK || pcm_reader_value(reader, 0, &number) != PCM_OK)
            odd = -1;
        else if (number.real != 0 && number.real != 0.5 && number.real != 1000 && number.real != 1000.5)
            odd = number.real;
        changed = changed || (last >= 0 && number.real != last);
        last = number.real;
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    if (odd != 0)
        printf("# a reader saw %f\n", odd);
    CHECK(odd == 0 && changed);
    pcm_reader_destroy(reader);
    pcm_store_close(work.store);
}

/* Its sum has a cell then that was made after the pass. */
void a_reset_after_the_pass_is_seen_whole(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_histogram histogram;
    pcm_reader *reader;
    int64_t buckets[4];
    double sum;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, series, &histogram));
    CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 0.75));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_series_reset(store, series));
    for (int i = 0; i < 8; i++)
        CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 0.25));
    /* As where it falls between the pass and what follows it. */
    CHECK_STATUS(PCM_OK, pcm__reader_settle(reader, false));
    CHECK_STATUS(PCM_OK, pcm_reader_histogram(reader, 0, buckets, &sum));
    CHECK(buckets[0] == 8 && buckets[1] == 0);
    CHECK(sum == 2);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void a_set_after_the_pass_is_seen_whole(void) {
    pcm_store *store;
    pcm_series_id series;
    uint32_t cell;
    pcm_reader *reader;
    pcm_number number;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
    pcm_cell_add(store, cell, 1000);
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 5));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.real == 1000);
    /* As where it falls between the pass and what follows it. */
    CHECK_STATUS(PCM_OK, pcm__reader_settle(reader, false));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.real == 5);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void a_setter_that_died_half_way_stops_no_reader(void) {
    pcm_store *store;
    pcm_series_id series;
    uint32_t cell;
    pcm_number number;
    struct pcm__header header;
    uint64_t busy = 3;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
    pcm_cell_add(store, cell, 1000);
    FILE *file = fopen(check_path("a"), "rb");
    CHECK(file != NULL && fread(&header, sizeof header, 1, file) == 1 && fclose(file) == 0);
    check_patch("a", (long)(header.catalog_offset + series - 1 + offsetof(struct pcm__series_record, rebase)), &busy,
                sizeof busy);
    CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
    CHECK(number.real == 1000);
    CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 7));
    CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
    CHECK(number.real == 7);
    pcm_store_close(store);
}
