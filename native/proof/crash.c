/*
 * A process dies at every point of creating a store, attaching, declaring a family, creating series of each type,
 * making several series at once, making cells, setting a gauge, setting one whose value has three parts, giving cells of
 * fractions away, keeping exemplars, removing a series, resetting and removing those of a family, carrying a store over
 * from another boot, removing what dead processes have left, and closing. After each death the next process opens the
 * store, finds what was there before unchanged, does the same to its end, and counts on. A machine that goes down in the
 * middle of a set or of a reset leaves it to the next boot. One line for each operation: its name, its points, and how
 * many of them left a store that the next process could not use. Beside what sets and what gives cells away lives a
 * process that was there before: what it adds must be found after the death.
 */
#include "crash_points.h"
#include "crash_series.h"
#include "crash_store.h"
#include "crash_witness.h"
#include "layout.h"
#include "percpu_metrics.h"
#include "slots.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---------------------------------------------------------------- operations: each can be done again */

static int open_it(void) {
    return open_store(false);
}

static int declare_it(void) {
    pcm_series_id series;
    return series_of(PCM_COUNTER, "new_total", "first", &series);
}

static int bind_it(void) {
    pcm_series_id series;
    return series_of(PCM_COUNTER, "old_total", "new", &series);
}

/* One in the record of a series that is gone, one that is asked for twice, one that is there, and a gauge's with cells. */
static int bind_all_it(void) {
    static const pcm_bytes labels[] = {{"fresh", 5}, {"fresher", 7}, {"fresher", 7}, {"old", 3}, {"fresh", 5}};
    enum { COUNT = sizeof labels / sizeof *labels };
    pcm_series_request requests[COUNT];
    pcm_series_id series[COUNT];
    uint32_t failed;
    for (int i = 0; i < COUNT; i++) {
        bool is_gauge = i == COUNT - 1;
        pcm_bytes name = is_gauge ? (pcm_bytes){"old_gauge", 9} : (pcm_bytes){"old_total", 9};
        pcm_family_definition definition;
        requests[i] = (pcm_series_request){.values = &labels[i], .count = 1, .cells = {is_gauge, is_gauge}};
        int status = pcm_family_find(store, name, &requests[i].family, &definition);
        if (status != PCM_OK)
            return status;
    }
    int status = pcm_series_bind_all(store, requests, COUNT, series, &failed);
    return status == PCM_OK && series[1] != series[2] ? PCM_CORRUPT : status;
}

static int histogram_it(void) {
    pcm_series_id series;
    pcm_histogram histogram;
    int status = series_of(PCM_HISTOGRAM, "new_seconds", "first", &series);
    return status == PCM_OK ? pcm_histogram_bind(store, series, &histogram) : status;
}

static int cell_it(void) {
    pcm_series_id series;
    uint32_t cell;
    int status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    return status == PCM_OK ? pcm_series_add_double(store, series, 0) : status;
}

static int set_it(void) {
    pcm_series_id series;
    int status = cell_it();
    if (status == PCM_OK)
        status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    return status == PCM_OK ? pcm_gauge_set(store, series, 17) : status;
}

/* A value of three parts: what was set, integers, and fractions in a cell that the set gives away. */
static int set_again(void) {
    pcm_series_id series;
    int status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    return status == PCM_OK ? pcm_gauge_set(store, series, 17) : status;
}

/* What has fractions gets another cell for them. */
static int restart_it(void) {
    pcm_series_id series;
    int status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    if (status == PCM_OK)
        status = pcm_series_reset(store, series);
    if (status == PCM_OK)
        status = series_of(PCM_HISTOGRAM, "old_seconds", "old", &series);
    return status == PCM_OK ? pcm_series_reset(store, series) : status;
}

/* Whatever the dead process was about to do, others do next. Opening leaves that to whoever needs the lock. */
static int set_other(void) {
    pcm_series_id series;
    uint32_t cell;
    int status = series_of(PCM_GAUGE, "other_gauge", "new", &series);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    return status == PCM_OK ? pcm_gauge_set(store, series, 5) : status;
}

static int close_it(void) {
    pcm_store_close(store);
    store = NULL;
    return PCM_OK;
}

static int carry_it(void) {
    return open_store(true);
}

static int sweep_it(void) {
    int status = pcm_store_remove_orphans(store);
    if (status != PCM_OK)
        return status;
    return pcm__index_lived_count(&store->index) == 2 && !pcm__slots_any_orphans(store) ? PCM_OK : PCM_CORRUPT;
}

struct operation {
    const char *name;
    int (*act)(void);
    bool is_open;    /* it begins with an open store */
    bool is_new;     /* it begins without a file */
    bool other_boot; /* its file is of another boot */
    /* Dead processes have left series of their own in it, where it opens it also in the slot that it gets. */
    bool orphaned;
    bool reboots; /* the next process is of another boot */
    bool is_half; /* another one has died in the middle of a reset before */
    enum witnessed witnessed;
    int (*prepare)(void); /* what else is there before */
    int (*find)(void);    /* what the next process must find; it may take the lock */
    int (*see)(void);     /* what it must find when it has done the same */
};

static const struct operation operations[] = {
    {.name = "create", .act = open_it, .is_new = true},
    {.name = "attach", .act = open_it},
    {.name = "family", .act = declare_it, .is_open = true},
    {.name = "series", .act = bind_it, .is_open = true},
    {.name = "bind_all", .act = bind_all_it, .is_open = true},
    {.name = "histogram", .act = histogram_it, .is_open = true},
    {.name = "cell", .act = cell_it, .is_open = true},
    {.name = "set", .act = set_it, .is_open = true},
    {.name = "set_again", .act = set_again, .is_open = true, .witnessed = THE_GAUGE},
    {.name = "set_reboot", .act = set_again, .is_open = true, .reboots = true, .witnessed = THE_GAUGE},
    {.name = "restart", .act = restart_it, .is_open = true, .witnessed = THE_HISTOGRAM},
    {.name = "restart_reboot", .act = restart_it, .is_open = true, .reboots = true, .witnessed = THE_HISTOGRAM},
    {.name = "finish", .act = set_other, .is_open = true, .is_half = true},
    {.name = "finish_reboot", .act = carry_it, .other_boot = true, .is_half = true},
    {.name = "exemplars",
     .act = keep_it,
     .is_open = true,
     .prepare = prepare_exemplars,
     .find = find_exemplars,
     .see = see_exemplars},
    {.name = "remove",
     .act = remove_it,
     .is_open = true,
     .witnessed = WHAT_IS_REMOVED,
     .prepare = prepare_removal,
     .find = find_removal,
     .see = see_removal},
    {.name = "reset_all",
     .act = reset_all,
     .is_open = true,
     .witnessed = THE_HISTOGRAM,
     .prepare = prepare_family,
     .find = find_reset,
     .see = see_reset},
    {.name = "remove_all",
     .act = remove_all,
     .is_open = true,
     .prepare = prepare_family,
     .find = find_rest,
     .see = see_nothing},
    {.name = "close", .act = close_it, .is_open = true},
    {.name = "carry", .act = carry_it, .other_boot = true},
    {.name = "sweep", .act = sweep_it, .is_open = true, .orphaned = true},
    {.name = "inherit", .act = open_it, .orphaned = true},
};

/* ---------------------------------------------------------------- what is there before, and must be there after */

/* Series that belong to the process, and vanish with it. */
static int own(const char *label) {
    pcm_bytes label_name = {"label", 5};
    pcm_bytes value = {label, strlen(label)};
    pcm_family_definition definition = {.type = PCM_COUNTER,
                                        .name = {"own_total", 9},
                                        .label_names = &label_name,
                                        .label_count = 1,
                                        .per_process = true};
    pcm_family_id family;
    pcm_series_id series;
    int status = pcm_family_declare(store, &definition, &family);
    if (status == PCM_OK)
        status = pcm_series_bind(store, family, &value, 1, &series);
    if (status != PCM_OK)
        return status;
    definition.type = PCM_GAUGE;
    definition.name = (pcm_bytes){"own_gauge", 9};
    definition.per_process = false;
    definition.aggregation = PCM_AGGREGATION_SUM;
    status = pcm_family_declare(store, &definition, &family);
    return status == PCM_OK ? pcm_series_bind(store, family, &value, 1, &series) : status;
}

/* A process that owns series, unless it has no label for them, and waits; 0 where it could not. */
static pid_t start_owner(const char *label) {
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        /* Also where the test fails and ends nobody. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        if (open_store(false) != PCM_OK || (label != NULL && own(label) != PCM_OK) || write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    bool is_ready = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return is_ready ? child : 0;
}

/* What has the first slot is known from the header when the next process takes it, the rest from the slots. */
static int leave_orphans(const struct operation *operation) {
    pid_t owners[3] = {start_owner(operation->is_open ? NULL : "one"), start_owner("two"), start_owner("three")};
    for (int i = 0; i < 3; i++) {
        if (owners[i] <= 0)
            return PCM_SYSTEM;
        kill(owners[i], SIGKILL);
        waitpid(owners[i], NULL, 0);
    }
    return PCM_OK;
}

/* What a reset gives away; the gauge is as large as without. */
static int count_fractions(void) {
    pcm_series_id series;
    pcm_histogram histogram;
    int status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    if (status == PCM_OK)
        status = pcm_gauge_set(store, series, 0);
    if (status == PCM_OK)
        status = pcm_series_add_double(store, series, 3.5);
    if (status == PCM_OK)
        status = series_of(PCM_HISTOGRAM, "old_seconds", "old", &series);
    if (status == PCM_OK)
        status = pcm_histogram_bind(store, series, &histogram);
    return status == PCM_OK ? pcm_histogram_observe(store, &histogram, 0.25) : status;
}

/* The gauge is as large as without. */
static int count_parts(void) {
    pcm_series_id series;
    uint32_t cell;
    int status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    if (status != PCM_OK)
        return status;
    pcm_cell_add(store, cell, 1);
    status = pcm_gauge_set(store, series, 1);
    pcm_cell_add(store, cell, 2);
    return status == PCM_OK ? pcm_series_add_double(store, series, 0.5) : status;
}

/* Leaves a record that may be used again. */
static int remove_one(void) {
    pcm_series_id series;
    int status = series_of(PCM_COUNTER, "old_total", "gone!", &series);
    return status == PCM_OK ? pcm_series_remove(store, series) : status;
}

static int leave_half(void);

/* From now on the store is of another boot. */
static int reboot(void) {
    const uint8_t boot[16] = {1};
    int fd = open(path, O_RDWR);
    bool ok = fd >= 0 && pwrite(fd, boot, sizeof boot, offsetof(struct pcm__header, boot_id)) == sizeof boot;
    return ok && close(fd) == 0 ? PCM_OK : PCM_SYSTEM;
}

static int prepare(const struct operation *operation) {
    pcm_series_id series;
    uint32_t cell;
    unlink(path);
    if (operation->is_new)
        return PCM_OK;
    if (operation->is_half) {
        int status = leave_half();
        return status == PCM_OK && operation->other_boot ? reboot() : status;
    }
    int status = open_store(false);
    if (status == PCM_OK)
        status = series_of(PCM_COUNTER, "old_total", "old", &series);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    if (status != PCM_OK)
        return status;
    pcm_cell_add(store, cell, 41);
    status = series_of(PCM_GAUGE, "old_gauge", "old", &series);
    if (status == PCM_OK)
        status = pcm_gauge_set(store, series, 3.5);
    if (status == PCM_OK && operation->act == restart_it)
        status = count_fractions();
    if (status == PCM_OK && operation->act == set_again)
        status = count_parts();
    if (status == PCM_OK && operation->act == bind_all_it)
        status = remove_one();
    if (status == PCM_OK && operation->prepare != NULL)
        status = operation->prepare();
    close_it();
    if (status == PCM_OK && operation->other_boot)
        status = reboot();
    return status == PCM_OK && operation->orphaned ? leave_orphans(operation) : status;
}

/* A reset that has begun is finished: nothing is left of 0.25 alone, or of 0.125, which came after the death. */
static int check_histogram(void) {
    static const double sums[] = {0, 0.125, 0.375};
    int64_t count = -1;
    double sum;
    int status = histogram_of("old_seconds", "old", &count, &sum);
    if (status == PCM_OK && (count < 0 || count > 2 || sum != sums[count]))
        status = PCM_CORRUPT;
    return status;
}

/* What the next process does with the store that a death left behind. */
static int go_on(const struct operation *operation) {
    pcm_series_id series;
    uint32_t cell;
    /* What was added after the death is there, whether it came before the set or after it. */
    double added = operation->act == set_again ? 1.25 : 0;
    int status = open_store(operation->other_boot || operation->reboots);
    bool is_reset = operation->act == restart_it || operation->is_half;
    if (status == PCM_OK && (operation->act == set_again || is_reset))
        status = set_other();
    if (status == PCM_OK && is_reset)
        status = check_histogram();
    if (status == PCM_OK && !operation->is_new)
        status = check_values(41, 3.5 + added, (is_reset ? 0 : 17) + added);
    if (status == PCM_OK && operation->find != NULL)
        status = operation->find();
    if (status == PCM_OK && operation->is_open && operation->act != close_it)
        status = operation->act();
    if (status == PCM_OK && operation->see != NULL)
        status = operation->see();
    if (status == PCM_OK && operation->orphaned)
        status = sweep_it();
    if (status == PCM_OK)
        status = series_of(PCM_COUNTER, "old_total", "old", &series);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    if (status != PCM_OK)
        return status;
    pcm_cell_add(store, cell, 1);
    status = set_it();
    if (status == PCM_OK)
        status = check_values(operation->is_new ? 1 : 42, 17, 17);
    close_it();
    return status;
}

/* ---------------------------------------------------------------- deaths */

/* In a child: does it, and dies at this point; gives the number of points where it does not. */
static void live(const struct operation *operation, uint64_t deadly, int out) {
    if (operation->is_open && open_store(false) != PCM_OK)
        _exit(1);
    crash_points_arm(deadly);
    int status = operation->act();
    uint64_t points = crash_points_disarm();
    _exit(status == PCM_OK && write(out, &points, sizeof points) == sizeof points ? 0 : 1);
}

/* Whether the child died at the point, as it should, or ended well where there was none. */
static bool die(const struct operation *operation, uint64_t deadly, uint64_t *points) {
    int pipes[2];
    int status;
    if (pipe(pipes) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0)
        live(operation, deadly, pipes[1]);
    close(pipes[1]);
    bool told = read(pipes[0], points, sizeof *points) == sizeof *points;
    close(pipes[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return false;
    return deadly == 0 ? told && WIFEXITED(status) && WEXITSTATUS(status) == 0
                       : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Whether the histogram's buckets have begun anew, and its sum has not. */
static bool is_half(void) {
    int64_t count = -1;
    double sum = 0;
    if (open_store(false) != PCM_OK)
        return false;
    int status = histogram_of("old_seconds", "old", &count, &sum);
    close_it();
    return status == PCM_OK && count == 0 && sum != 0;
}

/* A store whose histogram is such a one: whoever has reset it died at the first point that leaves it so. */
static int leave_half(void) {
    static const struct operation reset = {.name = "reset", .act = restart_it, .is_open = true};
    static uint64_t deadly;
    uint64_t points;
    for (bool is_known = deadly > 0;;) {
        if (!is_known)
            deadly++;
        int status = prepare(&reset);
        if (status != PCM_OK || !die(&reset, deadly, &points))
            return status == PCM_OK ? PCM_NOT_FOUND : status;
        if (is_known || is_half())
            return PCM_OK;
    }
}

static int happen(const struct operation *operation, uint64_t deadly, uint64_t *points) {
    struct witness other;
    bool is_witnessed = operation->witnessed != NOTHING;
    if (is_witnessed && !start_witness(&other, operation->witnessed))
        return PCM_SYSTEM;
    bool died = die(operation, deadly, points);
    if (is_witnessed && !ask_witness(&other))
        return PCM_NOT_FOUND;
    return died ? PCM_OK : PCM_ARGUMENT;
}

/* What comes after it, whether it was a death or not. */
static bool survives(const struct operation *operation, uint64_t deadly, int status) {
    if (status == PCM_OK && operation->reboots)
        status = reboot();
    if (status == PCM_OK)
        status = go_on(operation);
    if (status != PCM_OK)
        printf("# %s, point %llu: %s\n", operation->name, (unsigned long long)deadly, pcm_status_name(status));
    return status == PCM_OK;
}

static bool survives_death(const struct operation *operation, uint64_t deadly) {
    uint64_t points;
    int status = prepare(operation);
    if (status == PCM_OK)
        status = happen(operation, deadly, &points);
    return survives(operation, deadly, status);
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    snprintf(path, sizeof path, "%s/store", argv[1]);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const struct operation *operation = &operations[i];
        uint64_t points = 0;
        if (prepare(operation) != PCM_OK || happen(operation, 0, &points) != PCM_OK)
            return 1;
        /* Also what nobody has died in, to which the rest is compared. */
        uint64_t failed = !survives(operation, 0, PCM_OK);
        for (uint64_t point = 1; point <= points; point++)
            failed += !survives_death(operation, point);
        printf("%s %llu %llu\n", operation->name, (unsigned long long)points, (unsigned long long)failed);
        fflush(stdout);
    }
    return 0;
}
