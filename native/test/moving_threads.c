/*
 * Threads that move from CPU to CPU while CPUs go off and on (for which it has to be root, so this is for guests that
 * are nobody's machine): moving_threads THREADS ADDITIONS MOVES TRANSITIONS ROUNDS [control]. In a round each thread
 * adds so many times, an integer and a double each time, before each of so many moves, and goes on until the CPUs have
 * changed TRANSITIONS times. Nothing may be lost; with ROUNDS above 0 sections have to be restarted, of integers and of
 * doubles, within that many rounds, or the run proves nothing. `control` is for a build whose sections are not announced
 * to the kernel: the same additions have to lose counts within so many rounds, and none is restarted. To be compared with
 * it, a build has the same points of injection, and says `delayed`. Prints a line for each claim and their tally, as the
 * tests of the core do.
 */
#include "percpu_metrics.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In a build with points of injection (native/proof/inject.h, in front of each source) these interrupt each thread. */
#ifdef PCM__INJECT_POINTS
#define START_INJECTION() pcm__inject_start()
#define PLAN_INJECTION()  pcm__inject_plan(&random)
#define KIND              "delayed"
#else
#define START_INJECTION()
#define PLAN_INJECTION() (void)random
#define KIND             "moving"
#endif

#define MOST_THREADS 128
#define FRACTION     0.25 /* adds up exactly */

/* A store for each kind of number, since a store counts the sections that were restarted. */
struct counted {
    const char *path;
    pcm_store *store;
    pcm_series_id series;
    uint32_t cell;
};

static struct counted integers = {.path = "/dev/shm/moving-threads-integers"};
static struct counted doubles = {.path = "/dev/shm/moving-threads-doubles"};
static int cpus; /* possible ones */
static int additions;
static int moves;
static _Atomic bool changing;
static _Atomic int changes;

/* Moves the calling thread; a CPU that is off is refused, and it stays where it is. */
static void move_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Ends with the number of its additions of either kind. */
static void *move_and_add(void *number) {
    unsigned seed = (unsigned)(intptr_t)number;
    uint64_t random = seed + 1;
    int64_t done = 0;
    for (int move = 0; move < moves || atomic_load_explicit(&changing, memory_order_relaxed); move++) {
        for (int i = 0; i < additions; i++) {
            PLAN_INJECTION();
            pcm_cell_add(integers.store, integers.cell, 1);
            PLAN_INJECTION();
            pcm_series_add_double(doubles.store, doubles.series, FRACTION);
        }
        done += additions;
        move_to(rand_r(&seed) % cpus);
    }
    return (void *)(intptr_t)done;
}

static bool is_at(int fd, char state) {
    char found;
    return pread(fd, &found, 1, 0) == 1 && found == state;
}

/* Whether the CPU has changed: Linux takes the state that a CPU has already without an error. */
static bool switch_cpu(int cpu, bool on) {
    char path[64];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool switched = is_at(fd, on ? '0' : '1') && pwrite(fd, on ? "1" : "0", 1, 0) == 1 && is_at(fd, on ? '1' : '0');
    close(fd);
    return switched;
}

/*
 * Every CPU but the first, which may be unable to, off and on again, one after the other. A possible CPU that was off
 * when the store was made comes on.
 */
static void change_cpus(int transitions) {
    while (atomic_load(&changes) < transitions) {
        int before = atomic_load(&changes);
        for (int cpu = 1; cpu < cpus && atomic_load(&changes) < transitions; cpu++)
            for (int on = 0; on < 2; on++)
                if (switch_cpu(cpu, on))
                    atomic_fetch_add(&changes, 1);
        if (atomic_load(&changes) == before)
            break;
    }
    atomic_store(&changing, false);
}

static int64_t run_threads(int count, int transitions) {
    pthread_t threads[MOST_THREADS];
    int64_t total = 0;
    atomic_store(&changing, transitions > 0);
    for (intptr_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, move_and_add, (void *)i) != 0)
            return -1;
    if (transitions > 0)
        change_cpus(transitions);
    for (int i = 0; i < count; i++) {
        void *done;
        pthread_join(threads[i], &done);
        total += (intptr_t)done;
    }
    return total;
}

static bool open_store(struct counted *one) {
    pcm_family_definition counter = {
        .type = PCM_COUNTER, .name = {"c_total", 7}, .help = {"Help", 4}, .label_names = NULL};
    pcm_open_options options = {.path = one->path};
    pcm_family_id family;
    unlink(options.path);
    return pcm_store_open(&options, &one->store) == PCM_OK &&
           pcm_family_declare(one->store, &counter, &family) == PCM_OK &&
           pcm_series_bind(one->store, family, NULL, 0, &one->series) == PCM_OK &&
           pcm_series_cell(one->store, one->series, &one->cell) == PCM_OK;
}

/* -1 where it cannot be read. */
static double read_value(const struct counted *one) {
    pcm_reader *reader;
    pcm_number number = {0};
    if (pcm_reader_create(one->store, &reader) != PCM_OK)
        return -1;
    int status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = pcm_reader_value(reader, 0, &number);
    pcm_reader_destroy(reader);
    return status == PCM_OK ? number.real : -1;
}

static int passed;
static int failed;

static void claim(bool holds, const char *what) {
    printf("%s %s\n", holds ? "ok" : "not ok", what);
    if (holds)
        passed++;
    else
        failed++;
}

static uint64_t aborts(const struct counted *one) {
    pcm_process process;
    size_t count;
    return pcm_store_list_processes(one->store, &process, 1, &count) == PCM_OK && count == 1 ? process.aborts : 0;
}

/* Additions that are missing in the two stores. */
struct lost {
    double integers;
    double doubles;
};

static struct lost count_lost(int64_t total) {
    return (struct lost){
        .integers = (double)total - read_value(&integers),
        .doubles = (double)total - read_value(&doubles) / FRACTION,
    };
}

/* On x86-64 one instruction adds an integer: who is only interrupted there loses nothing. */
static bool control_loses(struct lost lost) {
#if defined(__x86_64__)
    return lost.doubles > 0;
#else
    return lost.integers > 0 && lost.doubles > 0;
#endif
}

static bool is_proven(bool is_control, int64_t total) {
    return is_control ? control_loses(count_lost(total)) : aborts(&integers) > 0 && aborts(&doubles) > 0;
}

static void claim_all(bool is_control, int64_t total, int transitions, int rounds) {
    struct lost lost = count_lost(total);
    claim(atomic_load(&changes) >= transitions, "cpus_went_off_and_on");
    if (is_control) {
        claim(control_loses(lost), "the_unprotected_control_loses");
        claim(aborts(&integers) + aborts(&doubles) == 0, "nothing_of_the_control_is_restarted");
    } else {
        claim(lost.integers == 0, "threads_that_move_lose_no_integers");
        claim(lost.doubles == 0, "threads_that_move_lose_no_doubles");
        if (rounds > 0)
            claim(is_proven(false, total), "sections_were_restarted_in_both_kinds_of_addition");
    }
}

int main(int argc, char **argv) {
    if (argc < 6 || !open_store(&integers) || !open_store(&doubles))
        return 2;
    int threads = atoi(argv[1]);
    int transitions = atoi(argv[4]);
    int rounds = atoi(argv[5]);
    bool is_control = argc > 6 && strcmp(argv[6], "control") == 0;
    pcm_store_info info;
    pcm_mode mode;
    additions = atoi(argv[2]);
    moves = atoi(argv[3]);
    pcm_store_get_info(integers.store, &info);
    pcm_thread_get_mode(integers.store, &mode);
    cpus = (int)info.lanes;
    printf("# lanes %d, online %ld, %s\n", cpus, sysconf(_SC_NPROCESSORS_ONLN), mode.reason);
    if (threads > MOST_THREADS)
        return 2;
    START_INJECTION();
    int64_t total = run_threads(threads, transitions);
    int round = 1;
    for (; round < rounds && !is_proven(is_control, total); round++)
        total += run_threads(threads, 0);
    struct lost lost = count_lost(total);
    printf("# %s: integers %lld, lost %.0f, aborts %llu; doubles %lld, lost %.0f, aborts %llu; transitions %d, rounds "
           "%d\n",
           is_control ? "control" : KIND, (long long)total, lost.integers, (unsigned long long)aborts(&integers),
           (long long)total, lost.doubles, (unsigned long long)aborts(&doubles), atomic_load(&changes), round);
    claim(mode.backend == PCM_BACKEND_RSEQ, "threads_are_registered_for_rseq");
    claim_all(is_control, total, transitions, rounds);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
