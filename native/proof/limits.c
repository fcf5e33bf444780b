/*
 * Limits of the store: attaching ten thousand times, as many processes as there are slots and one more, sums of
 * fractions by many threads, and a process that is single-stepped. Prints a line for each, `ok` or `not ok`.
 *
 *     limits attach|processes|fractions|steps DIRECTORY
 */
#include "percpu_metrics.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[4096];

static int open_store(pcm_store **out) {
    return pcm_store_open(&(pcm_open_options){.path = path, .capacity = 1024}, out);
}

static int counter(pcm_store *store, pcm_series_id *series, uint32_t *cell) {
    pcm_family_id family;
    pcm_family_definition definition = {.type = PCM_COUNTER, .name = {"c_total", 7}, .help = {"", 0}, .unit = {"", 0}};
    int status = pcm_family_declare(store, &definition, &family);
    if (status == PCM_OK)
        status = pcm_series_bind(store, family, NULL, 0, series);
    return status == PCM_OK ? pcm_series_cell(store, *series, cell) : status;
}

static int value(pcm_store *store, pcm_number *out) {
    pcm_reader *reader;
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = pcm_reader_value(reader, 0, out);
    pcm_reader_destroy(reader);
    return status;
}

static int count_open_files(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += dup2(fd, fd) >= 0;
    return count;
}

/* Lines of the store in the list of what this process has mapped; -1 where there is no list. */
static int count_mappings(void) {
    char line[8192];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return -1;
    while (fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, path) != NULL;
    fclose(maps);
    return count;
}

static bool attach_often(void) {
    enum { TIMES = 10000 };
    pcm_number number;
    pcm_store *store;
    int files = count_open_files();
    for (int i = 0; i < TIMES; i++) {
        pcm_series_id series;
        uint32_t cell;
        if (open_store(&store) != PCM_OK || counter(store, &series, &cell) != PCM_OK)
            return false;
        pcm_cell_add(store, cell, 1);
        pcm_store_close(store);
    }
    if (count_open_files() != files || count_mappings() != 0 || open_store(&store) != PCM_OK ||
        value(store, &number) != PCM_OK)
        return false;
    printf("# attached %d times, counted %lld\n", TIMES, (long long)number.integer);
    /* The one that is open now is found. */
    return number.integer == TIMES && count_mappings() == 1;
}

/* One of many processes: waits for all, attaches, says how that went, counts, and stays until the pipe is closed. */
static void be_one(int start, int out, int until) {
    pcm_store *store;
    pcm_series_id series;
    uint32_t cell;
    char byte;
    if (read(start, &byte, 1) != 0)
        _exit(1);
    int status;
    /* Of so many who want the lock at once some may have to ask again. */
    do
        status = open_store(&store);
    while (status == PCM_LOCK_TIMEOUT);
    if (status == PCM_OK) {
        int found;
        do
            found = counter(store, &series, &cell);
        while (found == PCM_LOCK_TIMEOUT);
        if (found == PCM_OK)
            pcm_cell_add(store, cell, 1);
    }
    if (write(out, &status, sizeof status) != sizeof status)
        _exit(1);
    _exit(read(until, &byte, 1) == 0 ? 0 : 1);
}

static bool fill_slots(void) {
    static pid_t pids[PCM_MAX_PROCESSES + 1];
    int start[2];
    int results[2];
    int until[2];
    int taken = 0;
    int refused = 0;
    pcm_store *store;
    pcm_number number;
    if (pipe(start) != 0 || pipe(results) != 0 || pipe(until) != 0)
        return false;
    for (uint32_t i = 0; i <= PCM_MAX_PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(start[1]);
            close(until[1]);
            be_one(start[0], results[1], until[0]);
        }
        if (pids[i] < 0)
            return false;
    }
    close(start[1]);
    for (uint32_t i = 0; i <= PCM_MAX_PROCESSES; i++) {
        int status = 0;
        if (read(results[0], &status, sizeof status) != sizeof status)
            return false;
        taken += status == PCM_OK;
        refused += status == PCM_TOO_MANY_PROCESSES;
    }
    close(until[1]);
    for (uint32_t i = 0; i <= PCM_MAX_PROCESSES; i++)
        waitpid(pids[i], NULL, 0);
    if (open_store(&store) != PCM_OK || value(store, &number) != PCM_OK)
        return false;
    printf("# %d processes attached at once, %d refused, counted %lld\n", taken, refused, (long long)number.integer);
    return taken == PCM_MAX_PROCESSES && refused == 1 && number.integer == taken;
}

/* ---------------------------------------------------------------- fractions */

enum { FRACTION_THREADS = 8, FRACTIONS = 200000 };

static pcm_store *shared;
static pcm_series_id shared_series;

static double fraction(int i) {
    return 0.1 + (double)(i % 1000) / 7;
}

static void *add_fractions(void *unused) {
    for (int i = 0; i < FRACTIONS; i++)
        pcm_series_add_double(shared, shared_series, fraction(i));
    return unused;
}

/* Each addition rounds once: by at most half a unit in the last place of the largest sum that there was. */
static bool sum_fractions(void) {
    pthread_t threads[FRACTION_THREADS];
    pcm_number number;
    uint32_t cell;
    long double exact = 0;
    if (open_store(&shared) != PCM_OK || counter(shared, &shared_series, &cell) != PCM_OK)
        return false;
    for (int i = 0; i < FRACTION_THREADS; i++)
        if (pthread_create(&threads[i], NULL, add_fractions, NULL) != 0)
            return false;
    for (int i = 0; i < FRACTION_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < FRACTIONS; i++)
        exact += (long double)fraction(i) * FRACTION_THREADS;
    if (value(shared, &number) != PCM_OK)
        return false;
    double bound = (double)FRACTION_THREADS * FRACTIONS * (nextafter((double)exact, INFINITY) - (double)exact) / 2;
    double error = (double)fabsl((long double)number.real - exact);
    printf("# %d additions, off by %g, at most %g\n", FRACTION_THREADS * FRACTIONS, error, bound);
    return error <= bound;
}

/* ---------------------------------------------------------------- single steps */

enum { STEPPED = 50, MOST_STEPS = 200000 };

static void be_stepped(void) {
    pcm_store *store;
    pcm_series_id series;
    uint32_t cell;
    pcm_mode mode;
    if (open_store(&store) != PCM_OK || counter(store, &series, &cell) != PCM_OK)
        _exit(1);
    pcm_series_add_double(store, series, 0.5);
    pcm_thread_get_mode(store, &mode);
    if (mode.registration == PCM_REGISTRATION_NONE || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(2);
    raise(SIGSTOP);
    for (int i = 0; i < STEPPED; i++) {
        pcm_cell_add(store, cell, 1);
        pcm_series_add_double(store, series, 0.5);
    }
    _exit(0);
}

/* Amounts that went into atomic lanes since the store was made. */
static uint64_t fallbacks_in(pcm_store *store) {
    static uint64_t lanes[8192];
    pcm_activity activity;
    int status = pcm_store_get_activity(store, &activity, lanes, sizeof lanes / sizeof *lanes);
    return status == PCM_OK ? activity.fallbacks : 0;
}

static bool step(void) {
    pid_t pid = fork();
    pcm_store *store;
    pcm_number number;
    int status;
    long steps = 0;
    if (pid == 0)
        be_stepped();
    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        if (steps++ == MOST_STEPS) {
            printf("# no end in %d steps\n", MOST_STEPS);
            kill(pid, SIGKILL);
            return false;
        }
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0)
            return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return false;
    if (open_store(&store) != PCM_OK || value(store, &number) != PCM_OK)
        return false;
    uint64_t fallbacks = fallbacks_in(store);
    printf("# %ld steps, counted %g, %llu additions by an atomic lane\n", steps, number.real,
           (unsigned long long)fallbacks);
    return number.real == STEPPED * 1.5 + 0.5 && steps > STEPPED && fallbacks >= 2 * STEPPED;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    snprintf(path, sizeof path, "%s/store", argv[2]);
    bool ok = strcmp(argv[1], "attach") == 0      ? attach_often()
              : strcmp(argv[1], "processes") == 0 ? fill_slots()
              : strcmp(argv[1], "fractions") == 0 ? sum_fractions()
                                                  : step();
    printf("%s %s\n", ok ? "ok" : "not ok", argv[1]);
    return ok ? 0 : 1;
}
