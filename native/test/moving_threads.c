/*
 * Threads that move from CPU to CPU while CPUs go off and on (for which it has to be root, so this is for guests that
 * are nobody's machine): moving_threads THREADS ADDITIONS MOVES TRANSITIONS ROUNDS. In a round each thread adds so many
 * times before each of so many moves, and goes on until the CPUs have changed TRANSITIONS times. Additions without a
 * critical section are the control: with ROUNDS above 0 it has to lose counts, and sections have to be restarted, within
 * that many rounds, or the run proves nothing. Prints a line for each claim and their tally, as the tests of the core do.
 */
#include "percpu_metrics.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MOST_THREADS 128
#define MOST_CPUS    1024
/* Additions to each of the control, which is slow. */
#define PER_CONTROL 4

static pcm_store *store;
static uint32_t cell;
static int cpus; /* possible ones */
static int additions;
static int moves;
static _Atomic int64_t controls;
static _Atomic bool changing;
static _Atomic int changes;

/* The control: a word of each CPU, incremented slowly and as if nothing could come between. */
static struct {
    uint64_t word;
    char apart[56];
} unprotected[MOST_CPUS];

static void add_unprotected(void) {
    volatile uint64_t *word = &unprotected[sched_getcpu()].word;
    uint64_t value = *word;
    for (int i = 0; i < 300; i++)
        __asm__ volatile("" : "+r"(value));
    *word = value + 1;
}

/* Moves the calling thread; a CPU that is off is refused, and it stays where it is. */
static void move_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Ends with the number of its additions. */
static void *move_and_add(void *number) {
    unsigned seed = (unsigned)(intptr_t)number;
    int64_t done = 0;
    for (int move = 0; move < moves || atomic_load_explicit(&changing, memory_order_relaxed); move++) {
        for (int i = 0; i < additions; i++) {
            pcm_cell_add(store, cell, 1);
            if (i % PER_CONTROL == 0)
                add_unprotected();
        }
        done += additions;
        atomic_fetch_add(&controls, (additions + PER_CONTROL - 1) / PER_CONTROL);
        move_to(rand_r(&seed) % cpus);
    }
    return (void *)(intptr_t)done;
}

static bool switch_cpu(int cpu, bool on) {
    char path[64];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool switched = fd >= 0 && write(fd, on ? "1" : "0", 1) == 1;
    if (fd >= 0)
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

static bool open_store(void) {
    pcm_family_definition counter = {
        .type = PCM_COUNTER, .name = {"c_total", 7}, .help = {"Help", 4}, .label_names = NULL};
    pcm_open_options options = {.path = "/dev/shm/moving-threads"};
    pcm_family_id family;
    pcm_series_id series;
    unlink(options.path);
    return pcm_store_open(&options, &store) == PCM_OK && pcm_family_declare(store, &counter, &family) == PCM_OK &&
           pcm_series_bind(store, family, NULL, 0, &series) == PCM_OK &&
           pcm_series_cell(store, series, &cell) == PCM_OK;
}

static int64_t read_total(void) {
    pcm_reader *reader;
    pcm_number number = {0};
    if (pcm_reader_create(store, &reader) != PCM_OK)
        return -1;
    int status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = pcm_reader_value(reader, 0, &number);
    pcm_reader_destroy(reader);
    return status == PCM_OK ? number.integer : -1;
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

static int64_t control_lost(void) {
    int64_t lost = atomic_load(&controls);
    for (int cpu = 0; cpu < MOST_CPUS; cpu++)
        lost -= (int64_t)unprotected[cpu].word;
    return lost;
}

static uint64_t aborts(void) {
    pcm_process process;
    size_t count;
    return pcm_store_list_processes(store, &process, 1, &count) == PCM_OK && count == 1 ? process.aborts : 0;
}

int main(int argc, char **argv) {
    if (argc != 6 || !open_store())
        return 2;
    int threads = atoi(argv[1]);
    int transitions = atoi(argv[4]);
    int rounds = atoi(argv[5]);
    pcm_store_info info;
    pcm_mode mode;
    additions = atoi(argv[2]);
    moves = atoi(argv[3]);
    pcm_store_get_info(store, &info);
    pcm_thread_get_mode(store, &mode);
    cpus = (int)info.lanes;
    printf("# lanes %d, online %ld, %s\n", cpus, sysconf(_SC_NPROCESSORS_ONLN), mode.reason);
    if (threads > MOST_THREADS || cpus > MOST_CPUS)
        return 2;
    int64_t total = run_threads(threads, transitions);
    int round = 1;
    for (; round < rounds && (aborts() == 0 || control_lost() == 0); round++)
        total += run_threads(threads, 0);
    printf("# increments %lld, lost %lld, aborts %llu, transitions %d, control lost %lld, rounds %d\n",
           (long long)total, (long long)(total - read_total()), (unsigned long long)aborts(), atomic_load(&changes),
           (long long)control_lost(), round);
    claim(mode.backend == PCM_BACKEND_RSEQ, "threads_are_registered_for_rseq");
    claim(total == read_total(), "threads_that_move_lose_nothing");
    claim(atomic_load(&changes) >= transitions, "cpus_went_off_and_on");
    claim(rounds == 0 || aborts() > 0, "sections_were_restarted");
    claim(rounds == 0 || control_lost() > 0, "the_unprotected_control_loses");
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
