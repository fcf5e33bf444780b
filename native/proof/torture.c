/*
 * The torture: processes with several threads per CPU add to four series of one store while they are delayed,
 * interrupted, moved and killed at the points of the injection build, and a reader watches. At the end the store must
 * hold exactly what was acknowledged. Prints one line of JSON; its status only says whether it could run.
 *
 *     torture run DIRECTORY MILLISECONDS LANES THREADS ROLE[,ROLE...] LAUNCHER
 *
 * LANES 0 is the machine's. Roles besides those of the worker: killed (by SIGKILL, again and again), self and fork-self (the
 * C library does not register), off (LAUNCHER forbids rseq).
 */
#include "torture.h"

#include "inject.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_ROLES    32
#define KILL_AFTER_MS 60

struct running {
    const char *role;
    pid_t pid;
    uint32_t process;
    int64_t started_ms;
};

struct totals {
    uint64_t begun[KINDS];
    uint64_t done[KINDS];
    uint64_t hits[KINDS][PCM__INJECT_POINTS];
};

static const char *self;
static struct torture_control *control;
static pcm_store *store;
static pcm_reader *reader;
static struct running running[MOST_ROLES];
static uint32_t role_count;
static uint64_t killed;
static uint64_t forked_killed;
static uint64_t aborts;
static uint64_t fallbacks;
static uint64_t failures;
static uint64_t looks;
static uint64_t rises;
static uint64_t decreases;

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void start(struct running *one, uint32_t process, const char *directory, const char *threads,
                  const char *launcher) {
    char number[16];
    one->process = process;
    one->started_ms = now_ms();
    snprintf(number, sizeof number, "%u", one->process);
    one->pid = fork();
    if (one->pid != 0)
        return;
    if (strcmp(one->role, "self") == 0 || strcmp(one->role, "fork-self") == 0)
        setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
    if (strcmp(one->role, "off") == 0) {
        setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
        execl(launcher, launcher, "enosys", self, "worker", directory, one->role, number, threads, (char *)NULL);
    } else {
        execl(self, self, "worker", directory, one->role, number, threads, (char *)NULL);
    }
    _exit(127);
}

static void kill_one(struct running *one) {
    kill(one->pid, SIGKILL);
    waitpid(one->pid, NULL, 0);
    torture_read_slot(store, one->pid, &aborts, &fallbacks);
    killed++;
}

/* Each of the numbers that may only grow: integers, fractions, buckets, their sum. */
static int read_values(double out[4]) {
    pcm_number number;
    int64_t buckets[3];
    int status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = pcm_reader_value(reader, 0, &number);
    if (status == PCM_OK) {
        out[0] = number.real;
        status = pcm_reader_value(reader, 1, &number);
    }
    if (status == PCM_OK) {
        out[1] = number.real;
        status = pcm_reader_histogram(reader, 2, buckets, &out[3]);
    }
    if (status == PCM_OK)
        out[2] = (double)(buckets[0] + buckets[1] + buckets[2]);
    return status;
}

static void watch(void) {
    static double before[4];
    double values[4];
    if (read_values(values) != PCM_OK) {
        failures++;
        return;
    }
    bool has_risen = false;
    for (int i = 0; i < 4; i++) {
        decreases += values[i] < before[i];
        has_risen |= values[i] > before[i];
    }
    looks++;
    rises += has_risen;
    memcpy(before, values, sizeof before);
}

/* The time counts from when each process counts: a busy machine takes long to start them. */
static void wait_for_all(void) {
    for (int64_t since = now_ms(); now_ms() - since < 60000; usleep(1000)) {
        uint32_t ready = 0;
        for (uint32_t i = 0; i < role_count; i++)
            ready += atomic_load(&control->processes[running[i].process].threads[0].done[KINDS - 1]) > 0;
        if (ready == role_count)
            break;
    }
}

static void run(const char *directory, int64_t milliseconds, const char *threads, const char *launcher) {
    for (uint32_t i = 0; i < role_count; i++)
        start(&running[i], torture_next_process(control), directory, threads, launcher);
    wait_for_all();
    for (int64_t end = now_ms() + milliseconds; now_ms() < end; usleep(500)) {
        watch();
        for (uint32_t i = 0; i < role_count; i++) {
            struct running *one = &running[i];
            if (strcmp(one->role, "killed") != 0 || now_ms() - one->started_ms < KILL_AFTER_MS)
                continue;
            uint32_t process = torture_next_process(control);
            if (process == TORTURE_PROCESSES)
                continue;
            kill_one(one);
            start(one, process, directory, threads, launcher);
        }
    }
    atomic_store(&control->stop, 1);
    for (uint32_t i = 0; i < role_count; i++) {
        int status;
        failures +=
            waitpid(running[i].pid, &status, 0) != running[i].pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
}

static struct totals add_up(void) {
    struct totals totals = {0};
    for (uint32_t p = 0; p < atomic_load(&control->started); p++) {
        struct torture_process *process = &control->processes[p];
        aborts += atomic_load(&process->aborts);
        fallbacks += atomic_load(&process->fallbacks);
        forked_killed += atomic_load(&process->killed);
        for (uint32_t t = 0; t < TORTURE_THREADS; t++) {
            for (int kind = 0; kind < KINDS; kind++) {
                totals.begun[kind] += atomic_load(&process->threads[t].begun[kind]);
                totals.done[kind] += atomic_load(&process->threads[t].done[kind]);
                for (int point = 0; point < PCM__INJECT_POINTS; point++)
                    totals.hits[kind][point] += atomic_load(&process->threads[t].hits[kind][point]);
            }
        }
    }
    return totals;
}

struct difference {
    const char *of;
    double lost;
    double surplus;
};

static struct difference compare(const char *of, double value, uint64_t done, uint64_t begun) {
    return (struct difference){
        .of = of,
        .lost = value < (double)done ? (double)done - value : 0,
        .surplus = value > (double)begun ? value - (double)begun : 0,
    };
}

/* A set takes all that was added out of the value, and what is added later counts again. */
static int wrong_sets(const struct torture_series *series) {
    pcm_number first;
    pcm_number second;
    int status = pcm_gauge_set(store, series->gauge, 42.25);
    if (status == PCM_OK)
        status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = pcm_reader_value(reader, 3, &first);
    pcm_cell_add(store, series->gauge_cell, 7);
    if (status == PCM_OK)
        status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = pcm_reader_value(reader, 3, &second);
    return status != PCM_OK || first.real != 42.25 || second.real != 49.25;
}

static void print_hits(const struct totals *totals) {
    static const char *const names[KINDS] = {"integer", "fraction", "observation", "gauge"};
    for (int kind = 0; kind < KINDS; kind++) {
        printf("%s\"%s\":[", kind == 0 ? "" : ",", names[kind]);
        for (int point = 0; point < PCM__INJECT_POINTS; point++)
            printf("%s%llu", point == 0 ? "" : ",", (unsigned long long)totals->hits[kind][point]);
        printf("]");
    }
}

/*
 * Members of an object: what is lost of each kind of amount, and of all, and what is too much; of how many it cannot be
 * known, since whoever began them was killed.
 */
static void print_differences(const struct totals *totals) {
    double values[4] = {0};
    double lost = 0;
    double surplus = 0;
    pcm_number gauge = {0};
    failures += read_values(values) != PCM_OK;
    failures += pcm_reader_value(reader, 3, &gauge) != PCM_OK;
    const uint64_t *done = totals->done;
    const uint64_t *begun = totals->begun;
    /* Two amounts that together are 1.5; one of a killed process may be half done. */
    double pairs = gauge.real / (1 + FRACTION);
    const struct difference all[] = {
        compare("integer", values[0], done[KIND_INTEGER], begun[KIND_INTEGER]),
        compare("fraction", values[1] / FRACTION, done[KIND_FRACTION], begun[KIND_FRACTION]),
        compare("bucket", values[2], done[KIND_OBSERVATION], begun[KIND_OBSERVATION]),
        compare("sum", values[3] / OBSERVED, done[KIND_OBSERVATION], begun[KIND_OBSERVATION]),
        compare("gauge", killed + forked_killed == 0 ? pairs : floor(pairs), done[KIND_GAUGE], begun[KIND_GAUGE]),
    };
    printf("\"lostOf\":{");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        printf("%s\"%s\":%.17g", i == 0 ? "" : ",", all[i].of, all[i].lost);
        lost += all[i].lost;
        surplus += all[i].surplus;
    }
    uint64_t unknown = 0;
    for (int kind = 0; kind < KINDS; kind++)
        unknown += begun[kind] - done[kind];
    printf("},\"lost\":%.17g,\"surplus\":%.17g,\"unknown\":%llu,", lost, surplus, (unsigned long long)unknown);
}

/* What the processes told of themselves; those that were killed have not told their signals. */
static void print_processes(void) {
    uint32_t modes[3] = {0};
    uint64_t timer = 0;
    uint64_t of_threads = 0;
    for (uint32_t p = 0; p < atomic_load(&control->started); p++) {
        uint32_t registration = atomic_load(&control->processes[p].registration);
        if (registration > 0 && registration <= 3)
            modes[registration - 1]++;
        failures += atomic_load(&control->processes[p].error) != 0;
        timer += atomic_load(&control->processes[p].timer_signals);
        of_threads += atomic_load(&control->processes[p].thread_signals);
    }
    printf("\"modes\":{\"none\":%u,\"libc\":%u,\"self\":%u},\"signals\":{\"timer\":%llu,\"threads\":%llu},", modes[0],
           modes[1], modes[2], (unsigned long long)timer, (unsigned long long)of_threads);
}

static void report(const struct torture_series *series) {
    struct totals totals = add_up();
    uint64_t increments = totals.done[KIND_INTEGER] + totals.done[KIND_FRACTION] + 2 * totals.done[KIND_OBSERVATION] +
                          2 * totals.done[KIND_GAUGE];
    printf("{\"increments\":%llu,\"aborts\":%llu,\"fallbacks\":%llu,\"killed\":%llu,\"forkedKilled\":%llu,",
           (unsigned long long)increments, (unsigned long long)aborts, (unsigned long long)fallbacks,
           (unsigned long long)killed, (unsigned long long)forked_killed);
    print_differences(&totals);
    print_processes();
    printf("\"decreases\":%llu,\"looks\":%llu,\"rises\":%llu,\"wrongSets\":%d,\"failures\":%llu,\"hits\":{",
           (unsigned long long)decreases, (unsigned long long)looks, (unsigned long long)rises, wrong_sets(series),
           (unsigned long long)failures);
    print_hits(&totals);
    printf("}}\n");
}

static void split_roles(char *roles) {
    for (char *role = strtok(roles, ","); role != NULL && role_count < MOST_ROLES; role = strtok(NULL, ","))
        running[role_count++].role = role;
}

int main(int argc, char **argv) {
    self = "/proc/self/exe";
    if (argc == 6 && strcmp(argv[1], "worker") == 0)
        return torture_worker(argv[2], argv[3], (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]));
    if (argc != 8 || strcmp(argv[1], "run") != 0) {
        fprintf(stderr, "usage: torture run DIRECTORY MILLISECONDS LANES THREADS ROLES LAUNCHER\n");
        return 2;
    }
    static char executable[4096];
    if (readlink("/proc/self/exe", executable, sizeof executable - 1) > 0)
        self = executable;
    struct torture_series series;
    control = torture_control_map(argv[2]);
    store = torture_open(argv[2], (uint32_t)atoi(argv[4]));
    if (control == NULL || store == NULL || torture_bind(store, &series) != PCM_OK ||
        pcm_reader_create(store, &reader) != PCM_OK)
        return 1;
    split_roles(argv[6]);
    run(argv[2], atoll(argv[3]), argv[5], argv[7]);
    report(&series);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
    return 0;
}
