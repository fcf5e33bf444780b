/* Stores that run out of space: what is there goes on counting, on every CPU. */
#include "core_check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

static int fill_with_series(pcm_store *store, int most, int *created) {
    int status = PCM_OK;
    for (*created = 0; *created < most && status == PCM_OK; (*created)++) {
        char label[32];
        pcm_series_id series;
        snprintf(label, sizeof label, "%d", *created);
        status = check_series(store, PCM_COUNTER, "many_total", label, &series);
    }
    return status;
}

void an_exhausted_capacity_leaves_the_rest_alone(void) {
    pcm_store *store;
    uint32_t cell;
    pcm_number number;
    int created;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 512}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    CHECK_STATUS(PCM_CAPACITY, fill_with_series(store, 1100, &created));
    CHECK(created == 1024);
    pcm_cell_add(store, cell, 1);
    CHECK_STATUS(PCM_OK, check_value(store, "c_total", &number));
    CHECK(number.integer == 1);
    pcm_series_id series;
    CHECK_STATUS(PCM_CAPACITY, check_series(store, PCM_HISTOGRAM, "h", NULL, &series));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "g", NULL, &series));
    CHECK_STATUS(PCM_OK, pcm_gauge_set(store, series, 1.5));
    CHECK_STATUS(PCM_CAPACITY, pcm_series_add_double(store, series, 0.5));
    CHECK_STATUS(PCM_OK, check_value(store, "g", &number));
    CHECK(number.real == 1.5);
    pcm_store_close(store);
}

void what_is_refused_takes_nothing(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_store_info before;
    pcm_store_info after;
    int created;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1}, &store));
    CHECK_STATUS(PCM_OK, fill_with_series(store, 1022, &created));
    pcm_store_get_info(store, &before);
    CHECK(before.capacity == 1024 && before.cells_used == 1022);
    for (int i = 0; i < 600; i++)
        CHECK_STATUS(PCM_CAPACITY, check_series(store, PCM_HISTOGRAM, "h", NULL, &series));
    pcm_store_get_info(store, &after);
    CHECK(after.cells_used == before.cells_used && after.catalog_bytes == before.catalog_bytes);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "h", NULL, &series));
    CHECK_STATUS(PCM_CAPACITY, pcm_series_add_double(store, series, 0.5));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "last_total", NULL, &series));
    pcm_store_close(store);
    /* The smallest store has room for either kind. */
    CHECK_STATUS(PCM_OK, check_open("b", (pcm_open_options){.capacity = 1}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series));
    pcm_store_close(store);
}

#define ROUNDS 1000

/* What is counted in a full store, and where. */
struct existing {
    pcm_store *store;
    uint32_t first_cell;
    uint32_t last_cell; /* of the last series that there was room for */
    pcm_series_id fraction;
    pcm_histogram histogram;
    int cpu;
    int status;
};

/* Integers near both ends of what was reserved, and fractions. */
static int make_existing(pcm_store *store, struct existing *out) {
    pcm_series_id series;
    *out = (struct existing){.store = store};
    int status = check_counter(store, "c_total", &out->first_cell);
    if (status == PCM_OK)
        status = check_series(store, PCM_COUNTER, "fraction_total", NULL, &out->fraction);
    /* With its cell of fractions, and nothing in it. */
    if (status == PCM_OK)
        status = pcm_series_add_double(store, out->fraction, 0);
    if (status == PCM_OK)
        status = check_series(store, PCM_HISTOGRAM, "h", NULL, &series);
    return status == PCM_OK ? pcm_histogram_bind(store, series, &out->histogram) : status;
}

static int find_last(struct existing *existing, int created) {
    char label[32];
    pcm_series_id series;
    snprintf(label, sizeof label, "%d", created - 2);
    int status = check_series(existing->store, PCM_COUNTER, "many_total", label, &series);
    return status == PCM_OK ? pcm_series_cell(existing->store, series, &existing->last_cell) : status;
}

static void *count_on_cpu(void *argument) {
    struct existing *existing = argument;
    check_run_on(existing->cpu);
    for (int i = 0; i < ROUNDS && existing->status == PCM_OK; i++) {
        pcm_cell_add(existing->store, existing->first_cell, 1);
        pcm_cell_add(existing->store, existing->last_cell, 1);
        existing->status = pcm_series_add_double(existing->store, existing->fraction, 0.5);
        if (existing->status == PCM_OK)
            existing->status = pcm_histogram_observe(existing->store, &existing->histogram, 0.25);
    }
    return NULL;
}

/* By a thread of each CPU; how many there are, 0 where one failed. */
static int count_on_every_cpu(struct existing *existing, cpu_set_t *cpus) {
    int count = 0;
    sched_getaffinity(0, sizeof *cpus, cpus);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        pthread_t thread;
        if (!CPU_ISSET(cpu, cpus))
            continue;
        existing->cpu = cpu;
        if (pthread_create(&thread, NULL, count_on_cpu, existing) != 0 || pthread_join(thread, NULL) != 0 ||
            existing->status != PCM_OK)
            return 0;
        count++;
    }
    return count;
}

static bool holds(pcm_reader *reader, uint32_t series, double expected) {
    pcm_number number;
    return pcm_reader_value(reader, series, &number) == PCM_OK && number.real == expected;
}

/* Whether each of these CPUs has counted in a lane of its own, where threads may. */
static bool all_lanes_hold_some(pcm_reader *reader, pcm_store *store, const cpu_set_t *cpus) {
    static pcm_number lanes[PCM_MAX_LANES * 2];
    pcm_store_info info;
    pcm_mode mode;
    pcm_store_get_info(store, &info);
    pcm_thread_get_mode(store, &mode);
    if (mode.registration == PCM_REGISTRATION_NONE)
        return true;
    if (pcm_reader_lanes(reader, 0, lanes, info.lanes + info.atomic_lanes) != PCM_OK)
        return false;
    for (int cpu = 0; cpu < (int)info.lanes; cpu++)
        if (CPU_ISSET(cpu, cpus) && lanes[cpu].integer == 0)
            return false;
    return true;
}

static int check_existing(struct existing *existing, uint32_t last) {
    cpu_set_t cpus;
    pcm_reader *reader;
    int64_t buckets[4];
    double sum;
    double count = (double)count_on_every_cpu(existing, &cpus) * ROUNDS;
    if (count == 0 || pcm_reader_create(existing->store, &reader) != PCM_OK)
        return 1;
    bool ok = pcm_reader_refresh(reader) == PCM_OK && holds(reader, 0, count) && holds(reader, last, count) &&
              holds(reader, 1, count / 2) && pcm_reader_histogram(reader, 2, buckets, &sum) == PCM_OK &&
              (double)buckets[0] == count && sum == count / 4 && all_lanes_hold_some(reader, existing->store, &cpus);
    pcm_reader_destroy(reader);
    return ok ? 0 : 2;
}

/* Takes what the store has left: a page that nobody has reserved is none that somebody finds free. */
static bool take_all_that_is_left(void) {
    static const char zeros[4096];
    int fd = open(check_path("rest"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    return close(fd) == 0 && errno == ENOSPC;
}

/* What a child ends with that may not do what it is for. */
#define NOT_ALLOWED 77

static int fill_a_file_system(void) {
    pcm_store *store;
    struct existing existing;
    int created;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", check_directory, "tmpfs", 0, "size=1m") != 0)
        return errno == EPERM ? NOT_ALLOWED : 1;
    if (check_open("a", (pcm_open_options){0}, &store) != PCM_OK || make_existing(store, &existing) != PCM_OK)
        return 2;
    int status = fill_with_series(store, 100000, &created);
    if (status != PCM_NO_SPACE || created < 1000) {
        printf("# %s after %d series\n", pcm_status_name(status), created);
        return 3;
    }
    if (!take_all_that_is_left() || find_last(&existing, created) != PCM_OK)
        return 4;
    /* Nobody has added to any of these cells on any CPU. Behind the first three come those that have filled it. */
    if (check_existing(&existing, 3 + (uint32_t)created - 2) != 0)
        return 5;
    if (fill_with_series(store, created, &created) != PCM_NO_SPACE)
        return 6;
    pcm_store *other;
    return check_open("b", (pcm_open_options){0}, &other) == PCM_NO_SPACE ? 0 : 7;
}

void a_full_file_system_is_an_error_before_it_is_a_fault(void) {
    /* A mount needs a namespace of its own, and that a process of its own. */
    int pid = fork();
    if (pid == 0)
        _exit(fill_a_file_system());
    int status = check_child_status(pid);
    if (status == NOT_ALLOWED)
        check_skipped = "mounting a tmpfs wants root, or a user namespace";
    else
        CHECK(status == 0);
}

void every_cpu_goes_on_counting_in_a_full_store(void) {
    pcm_store *store;
    struct existing existing;
    int created;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, make_existing(store, &existing));
    CHECK_STATUS(PCM_CAPACITY, fill_with_series(store, 1100, &created));
    CHECK_STATUS(PCM_OK, find_last(&existing, created));
    CHECK(check_existing(&existing, 3 + (uint32_t)created - 2) == 0);
    CHECK_STATUS(PCM_CAPACITY, fill_with_series(store, created, &created));
    pcm_store_close(store);
}
