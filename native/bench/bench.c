/*
 * What one increment costs in native code: each way by itself and with every CPU busy on the same counter, in
 * alternation within one run. Prints one JSON object per line and measurement:
 *
 *     {"name":"rseq","threads":1,"round":0,"ns_per_op":0.52,"ns_in_all":520000,"increments":1000000,"counted":1001000,
 *      "expected":1001000,"mode":"rseq"}
 *
 * ns_per_op is the time of one thread from its first to its last increment, divided by its increments; with several
 * threads, their mean. ns_in_all is the time from the first increment of any thread to the last one of any, which is what
 * tells how many there are per second where threads share a CPU and take turns; `increments` are those of all threads
 * in that time. `counted` is what the counter holds afterwards, of this measurement and of the warm-up before it, beside
 * what it should be. `plain` is a word per thread that nobody else writes; `empty_call`, which counts nothing and is the
 * floor of whatever is not inlined, has neither. `mode` is the back end that is in force for the rows of a store with rseq.
 *
 * Without --threads each way is measured with one thread and with one per CPU. --work puts so many steps of arithmetic
 * between two increments. With --milliseconds all threads repeat their increments until that much time has passed and
 * end together: with more threads than CPUs no CPU waits for the last of them.
 *
 *     pcm_bench [--rounds N] [--increments N] [--threads N] [--work N] [--milliseconds N]
 */
#include "hot.h"
#include "percpu_metrics.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CACHE_LINE   64
#define MOST_THREADS 256
#define WARM_UP      1000
#define USAGE        "usage: pcm_bench [--rounds N] [--increments N] [--threads N] [--work N] [--milliseconds N]"

struct subject {
    const char *name;
    pcm_backend backend;
    void (*run)(pcm_store *store, uint32_t cell, uint64_t count);
    bool outside; /* counts in words of its own, not in a store */
};

static struct {
    _Atomic uint64_t word;
    char padding[CACHE_LINE - sizeof(uint64_t)];
} cpu_words[MOST_THREADS] __attribute__((aligned(CACHE_LINE)));

static uint64_t work_steps;

/* What an application does between two increments: a chain of steps that no compiler leaves out. */
static __attribute__((noinline)) void do_work(void) {
    uint64_t value = 1;
    for (uint64_t i = 0; i < work_steps; i++) {
        value ^= value << 13;
        __asm__ __volatile__("" : "+r"(value));
    }
}

/* Two loops, so that the one without work has nothing in it but the increment. */
#define REPEAT(count, increment)                                                                                       \
    do {                                                                                                               \
        if (work_steps == 0)                                                                                           \
            for (uint64_t i = 0; i < (count); i++) {                                                                   \
                increment;                                                                                             \
            }                                                                                                          \
        else                                                                                                           \
            for (uint64_t i = 0; i < (count); i++) {                                                                   \
                increment;                                                                                             \
                do_work();                                                                                             \
            }                                                                                                          \
    } while (0)

/* The function that other programs call. */
static void run_cell_add(pcm_store *store, uint32_t cell, uint64_t count) {
    REPEAT(count, pcm_cell_add(store, cell, 1));
}

/* What the addon does: the same without the call. */
static void run_inline(pcm_store *store, uint32_t cell, uint64_t count) {
    REPEAT(count, pcm__cell_add(store, cell, 1));
}

/* By hand, without anything of a store around it: getcpu of the vDSO and an atomic add. */
static void run_getcpu_atomic(pcm_store *store, uint32_t cell, uint64_t count) {
    (void)store, (void)cell;
    unsigned int cpu;
    REPEAT(count, getcpu(&cpu, NULL);
           atomic_fetch_add_explicit(&cpu_words[cpu % MOST_THREADS].word, 1, memory_order_relaxed));
}

/* The same with the CPU that the C library reads from its rseq area: rseq used as a fast getcpu only. */
static void run_rseq_id_atomic(pcm_store *store, uint32_t cell, uint64_t count) {
    (void)store, (void)cell;
    REPEAT(count, atomic_fetch_add_explicit(&cpu_words[(unsigned)sched_getcpu() % MOST_THREADS].word, 1,
                                            memory_order_relaxed));
}

static void run_atomic(pcm_store *store, uint32_t cell, uint64_t count) {
    (void)store, (void)cell;
    REPEAT(count, atomic_fetch_add_explicit(&cpu_words[0].word, 1, memory_order_relaxed));
}

static _Atomic uint32_t next_lane;

static void run_plain(pcm_store *store, uint32_t cell, uint64_t count) {
    (void)store, (void)cell;
    /* Volatile, so that the loop is not folded into one addition. */
    static _Thread_local volatile uint64_t *word;
    if (word == NULL)
        word = (volatile uint64_t *)&cpu_words[atomic_fetch_add(&next_lane, 1) % MOST_THREADS].word;
    REPEAT(count, *word = *word + 1);
}

/* The floor of anything that is called and not inlined. */
static __attribute__((noinline)) void nothing(pcm_store *store, uint32_t cell, int64_t amount) {
    __asm__ __volatile__("" : : "r"(store), "r"(cell), "r"(amount) : "memory");
}

static void run_empty_call(pcm_store *store, uint32_t cell, uint64_t count) {
    REPEAT(count, nothing(store, cell, 1));
}

static const struct subject subjects[] = {
    {"rseq", PCM_BACKEND_RSEQ, run_cell_add, false},
    {"rseq_inline", PCM_BACKEND_RSEQ, run_inline, false},
    {"percpu_atomic", PCM_BACKEND_DEFAULT, run_getcpu_atomic, true},
    {"percpu_atomic_rseq_id", PCM_BACKEND_DEFAULT, run_rseq_id_atomic, true},
    {"atomic", PCM_BACKEND_DEFAULT, run_atomic, true},
    {"plain", PCM_BACKEND_DEFAULT, run_plain, true},
    {"empty_call", PCM_BACKEND_DEFAULT, run_empty_call, true},
    {"store_percpu_atomic", PCM_BACKEND_PERCPU_ATOMIC, run_cell_add, false},
    {"store_atomic", PCM_BACKEND_ATOMIC, run_cell_add, false},
    {"store_atomic_padded", PCM_BACKEND_ATOMIC_PADDED, run_cell_add, false},
};
#define SUBJECTS (sizeof subjects / sizeof *subjects)

static pcm_store *stores[PCM_BACKEND_ATOMIC_PADDED + 1];
static uint32_t cells[PCM_BACKEND_ATOMIC_PADDED + 1];

static void fail(const char *what) {
    fprintf(stderr, "pcm_bench: %s\n", what);
    exit(1);
}

static pcm_bytes bytes(const char *text) {
    return (pcm_bytes){text, strlen(text)};
}

static void open_store(const char *directory, pcm_backend backend) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.pcm", directory, (int)backend);
    pcm_open_options options = {.path = path, .backend = backend, .capacity = 512};
    pcm_family_definition definition = {.type = PCM_COUNTER, .name = bytes("bench_total"), .help = bytes("Bench")};
    pcm_family_id family;
    pcm_series_id series;
    if (pcm_store_open(&options, &stores[backend]) != PCM_OK ||
        pcm_family_declare(stores[backend], &definition, &family) != PCM_OK ||
        pcm_series_bind(stores[backend], family, NULL, 0, &series) != PCM_OK ||
        pcm_series_cell(stores[backend], series, &cells[backend]) != PCM_OK ||
        /* Nothing is left behind, however the program ends. */
        pcm_store_unlink(stores[backend]) != PCM_OK)
        fail("no store could be opened");
}

/* How long threads count: for a number of increments, or in batches of so many until a time has passed. */
struct turn {
    uint64_t increments;
    uint64_t milliseconds;
};

struct work {
    const struct subject *subject;
    int cpu;
    uint64_t batch;
    double deadline_ns; /* of a turn that is measured by time, else 0 */
    uint64_t count;
    double start_ns;
    double end_ns;
    pthread_barrier_t *barrier;
};

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *worker(void *argument) {
    struct work *work = argument;
    const struct subject *subject = work->subject;
    /* Warm: page, branch predictors, the thread's registration. */
    subject->run(stores[subject->backend], cells[subject->backend], WARM_UP);
    pthread_barrier_wait(work->barrier);
    work->start_ns = now_ns();
    do {
        subject->run(stores[subject->backend], cells[subject->backend], work->batch);
        work->count += work->batch;
        work->end_ns = now_ns();
    } while (work->end_ns < work->deadline_ns);
    return NULL;
}

static uint64_t count_of(const struct subject *subject) {
    if (subject->outside) {
        uint64_t sum = 0;
        for (int i = 0; i < MOST_THREADS; i++)
            sum += atomic_load(&cpu_words[i].word);
        return sum;
    }
    pcm_reader *reader;
    pcm_number number = {0};
    if (pcm_reader_create(stores[subject->backend], &reader) != PCM_OK || pcm_reader_refresh(reader) != PCM_OK ||
        pcm_reader_value(reader, 0, &number) != PCM_OK)
        fail("a store could not be read");
    pcm_reader_destroy(reader);
    return (uint64_t)number.integer;
}

/* Threads that share a CPU for a while would show nothing of contention: each has its own. */
static int start_pinned(pthread_t *thread, struct work *work) {
    pthread_attr_t attributes;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(work->cpu, &set);
    pthread_attr_init(&attributes);
    pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
    int result = pthread_create(thread, &attributes, worker, work);
    pthread_attr_destroy(&attributes);
    return result;
}

/* The CPUs that this process may use. */
static int list_cpus(int cpus[MOST_THREADS]) {
    cpu_set_t set;
    int count = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        fail("the CPUs that may be used are unknown");
    for (int cpu = 0; cpu < CPU_SETSIZE && count < MOST_THREADS; cpu++)
        if (CPU_ISSET(cpu, &set))
            cpus[count++] = cpu;
    return count;
}

static bool is_counted(const struct subject *subject) {
    return subject->run != run_empty_call;
}

/* The lanes of `plain` must not be shared by two threads: they are handed out anew each time. */
static void measure(const struct subject *subject, const int *cpus, int cpu_count, int threads, int round,
                    struct turn turn, const char *mode) {
    struct work works[MOST_THREADS];
    pthread_t ids[MOST_THREADS];
    pthread_barrier_t barrier;
    double ns = 0;
    double first = INFINITY;
    double last = 0;
    uint64_t increments = 0;
    uint64_t before = count_of(subject);
    /* The same for all: it is what makes them end together. */
    double deadline = turn.milliseconds > 0 ? now_ns() + (double)turn.milliseconds * 1e6 : 0;
    atomic_store(&next_lane, 0);
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        works[i] = (struct work){.subject = subject,
                                 .cpu = cpus[(round + i) % cpu_count],
                                 .batch = turn.increments,
                                 .deadline_ns = deadline,
                                 .barrier = &barrier};
        if (start_pinned(&ids[i], &works[i]) != 0)
            fail("no thread could be started");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        ns += (works[i].end_ns - works[i].start_ns) / (double)works[i].count / threads;
        increments += works[i].count;
        first = works[i].start_ns < first ? works[i].start_ns : first;
        last = works[i].end_ns > last ? works[i].end_ns : last;
    }
    pthread_barrier_destroy(&barrier);
    printf("{\"name\":\"%s\",\"threads\":%d,\"round\":%d,\"ns_per_op\":%.4f,\"ns_in_all\":%.0f,\"increments\":%" PRIu64
           ",",
           subject->name, threads, round, ns, last - first, increments);
    if (is_counted(subject))
        printf("\"counted\":%" PRIu64 ",\"expected\":%" PRIu64 ",", count_of(subject) - before,
               increments + (uint64_t)WARM_UP * (uint64_t)threads);
    printf("\"mode\":\"%s\"}\n", mode);
    fflush(stdout);
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t standard) {
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0) {
            standard = strtoull(argv[i + 1], NULL, 10);
            if (standard > 1000000000)
                fail(USAGE);
        }
    return standard;
}

int main(int argc, char **argv) {
    int rounds = (int)option(argc, argv, "--rounds", 15);
    uint64_t count = option(argc, argv, "--increments", 10000000);
    uint64_t milliseconds = option(argc, argv, "--milliseconds", 0);
    int threads = (int)option(argc, argv, "--threads", 0);
    work_steps = option(argc, argv, "--work", 0);
    if (rounds < 1 || count < 1 || threads > MOST_THREADS)
        fail(USAGE);
    int cpus[MOST_THREADS];
    int cpu_count = list_cpus(cpus);
    char directory[] = "/dev/shm/pcm-bench-XXXXXX";
    if (mkdtemp(directory) == NULL)
        fail("no directory in /dev/shm");
    for (pcm_backend backend = PCM_BACKEND_RSEQ; backend <= PCM_BACKEND_ATOMIC_PADDED; backend++)
        open_store(directory, backend);
    rmdir(directory);
    pcm_mode mode;
    pcm_thread_get_mode(stores[PCM_BACKEND_RSEQ], &mode);
    const char *name = mode.backend == PCM_BACKEND_RSEQ ? "rseq" : "atomic";
    struct turn alone = {.increments = count, .milliseconds = milliseconds};
    struct turn together = {.increments = count / 4 + 1, .milliseconds = milliseconds};
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < SUBJECTS; i++) {
            /* Each of the CPUs in turn is the one that works alone. */
            measure(&subjects[i], cpus, cpu_count, threads > 0 ? threads : 1, round, alone, name);
            if (threads == 0 && cpu_count > 1)
                measure(&subjects[i], cpus, cpu_count, cpu_count, round, together, name);
        }
    for (pcm_backend backend = PCM_BACKEND_RSEQ; backend <= PCM_BACKEND_ATOMIC_PADDED; backend++)
        pcm_store_close(stores[backend]);
    return 0;
}
