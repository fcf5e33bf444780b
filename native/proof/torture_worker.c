/* A worker process of the torture: threads that add without pause until they are told to stop, or are killed. */
#include "torture.h"

#include "inject.h"
#include "store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a forked child, from when it counts. */
#define MOST_LIFE_US 30000

struct worker {
    pcm_store *store;
    struct torture_series series;
    struct torture_control *control;
    struct torture_process *process;
    const char *role;
    int cpus[CPU_SETSIZE];
    int cpu_count;
    _Atomic uint32_t next_thread;
    _Atomic int tids[TORTURE_THREADS];
};

pcm_store *torture_open(const char *directory, uint32_t lanes) {
    char path[4096];
    pcm_store *store = NULL;
    snprintf(path, sizeof path, "%s/store", directory);
    int status = pcm_store_open(&(pcm_open_options){.path = path, .lanes = lanes, .capacity = 1024}, &store);
    if (status != PCM_OK)
        fprintf(stderr, "%s: %s\n", path, pcm_status_name(status));
    return store;
}

struct torture_control *torture_control_map(const char *directory) {
    char path[4096];
    snprintf(path, sizeof path, "%s/control", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(struct torture_control)) != 0)
        return NULL;
    void *start = mmap(NULL, sizeof(struct torture_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return start == MAP_FAILED ? NULL : start;
}

uint32_t torture_next_process(struct torture_control *control) {
    uint32_t number = atomic_load(&control->started);
    while (number < TORTURE_PROCESSES && !atomic_compare_exchange_weak(&control->started, &number, number + 1))
        ;
    return number;
}

void torture_read_slot(pcm_store *store, int pid, uint64_t *aborts, uint64_t *fallbacks) {
    pcm_process slots[64];
    size_t count;
    if (pcm_store_list_processes(store, slots, 64, &count) != PCM_OK)
        return;
    for (size_t i = 0; i < count && i < 64; i++) {
        if (slots[i].pid == (uint32_t)pid) {
            *aborts += slots[i].aborts;
            *fallbacks += slots[i].fallbacks;
        }
    }
}

int torture_cpus(int *out, int size) {
    cpu_set_t set;
    int count = 0;
    sched_getaffinity(0, sizeof set, &set);
    for (int cpu = 0; cpu < CPU_SETSIZE && count < size; cpu++)
        if (CPU_ISSET(cpu, &set))
            out[count++] = cpu;
    return count;
}

static int bind_one(pcm_store *store, pcm_type type, const char *name, pcm_series_id *out) {
    static const double bounds[] = {0.1, 1};
    pcm_family_id family;
    pcm_family_definition definition = {
        .type = type,
        .name = {name, strlen(name)},
        .help = {"Torture", 7},
        .unit = {"", 0},
        .bounds = bounds,
        .bound_count = type == PCM_HISTOGRAM ? 2 : 0,
    };
    int status = pcm_family_declare(store, &definition, &family);
    return status == PCM_OK ? pcm_series_bind(store, family, NULL, 0, out) : status;
}

int torture_bind(pcm_store *store, struct torture_series *out) {
    pcm_series_id id;
    int status = bind_one(store, PCM_COUNTER, "integers_total", &id);
    if (status == PCM_OK)
        status = pcm_series_cell(store, id, &out->integer_cell);
    if (status == PCM_OK)
        status = bind_one(store, PCM_COUNTER, "fractions_total", &out->fraction);
    if (status == PCM_OK)
        status = bind_one(store, PCM_HISTOGRAM, "observations", &id);
    if (status == PCM_OK)
        status = pcm_histogram_bind(store, id, &out->histogram);
    if (status == PCM_OK)
        status = bind_one(store, PCM_GAUGE, "gauge", &out->gauge);
    return status == PCM_OK ? pcm_series_cell(store, out->gauge, &out->gauge_cell) : status;
}

static void move(pid_t tid, int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(tid, sizeof set, &set);
}

static bool has_role(const struct worker *worker, const char *role) {
    return strcmp(worker->role, role) == 0;
}

static bool kills_forked(const struct worker *worker) {
    return has_role(worker, "fork-killed") || has_role(worker, "fork-self");
}

static bool is_odd(const struct worker *worker) {
    return ((worker->process - worker->control->processes) & 1) != 0;
}

/* About half of those that are killed are pinned. */
static void place(const struct worker *worker, uint32_t number) {
    if (has_role(worker, "pinned") || has_role(worker, "fork-pinned") ||
        (is_odd(worker) && (has_role(worker, "killed") || kills_forked(worker))))
        move(0, worker->cpus[number % (uint32_t)worker->cpu_count]);
    else if (has_role(worker, "one-cpu"))
        move(0, worker->cpus[0]);
}

static void do_one(const struct worker *worker, enum kind kind) {
    switch (kind) {
    case KIND_INTEGER:
        pcm_cell_add(worker->store, worker->series.integer_cell, 1);
        break;
    case KIND_FRACTION:
        pcm_series_add_double(worker->store, worker->series.fraction, FRACTION);
        break;
    case KIND_OBSERVATION:
        pcm_histogram_observe(worker->store, &worker->series.histogram, OBSERVED);
        break;
    default:
        pcm_cell_add(worker->store, worker->series.gauge_cell, 1);
        pcm_series_add_double(worker->store, worker->series.gauge, FRACTION);
        break;
    }
}

/* A planned point stays planned until it is passed, so that one that is none any more has interrupted this operation. */
static void do_and_note(const struct worker *worker, struct torture_thread *self, enum kind kind) {
    int32_t planned = pcm__inject_point;
    do_one(worker, kind);
    if (planned >= 0 && pcm__inject_point < 0)
        atomic_fetch_add_explicit(&self->hits[kind][planned], 1, memory_order_relaxed);
}

static void *count(void *argument) {
    struct worker *worker = argument;
    uint32_t number = atomic_fetch_add(&worker->next_thread, 1);
    struct torture_thread *self = &worker->process->threads[number];
    uint64_t random = ((uint64_t)getpid() << 20) + number + 1;
    atomic_store(&worker->tids[number], (int)syscall(SYS_gettid));
    place(worker, number);
    pcm__inject_join();
    uint64_t rounds[KINDS] = {0};
    while (!atomic_load_explicit(&worker->control->stop, memory_order_relaxed)) {
        for (enum kind kind = 0; kind < KINDS; kind++) {
            /* Release: a process that is killed has begun what it has begun, and done what it has done. */
            atomic_store_explicit(&self->begun[kind], ++rounds[kind], memory_order_release);
            pcm__inject_plan(&random);
            do_and_note(worker, self, kind);
            atomic_signal_fence(memory_order_seq_cst);
            atomic_store_explicit(&self->done[kind], rounds[kind], memory_order_release);
        }
    }
    struct pcm__inject_signals signals = pcm__inject_signals();
    atomic_fetch_add(&worker->process->timer_signals, signals.of_timer);
    atomic_fetch_add(&worker->process->thread_signals, signals.of_threads);
    return NULL;
}

/* Moves threads from CPU to CPU while they count. */
static int storm(struct worker *worker, uint32_t threads) {
    uint64_t random = (uint64_t)getpid() + 1;
    while (!atomic_load(&worker->control->stop)) {
        uint64_t bits = pcm__inject_random(&random);
        int tid = atomic_load(&worker->tids[bits % threads]);
        if (tid != 0)
            move(tid, worker->cpus[(bits >> 32) % (uint64_t)worker->cpu_count]);
        usleep(50);
    }
    return 0;
}

/* As long as a forked child has no slot of its own, its parent's has it. */
static void tell_activity(const struct worker *worker) {
    const struct pcm__slot *slot = worker->store->slot;
    if (worker->store->forked)
        return;
    atomic_fetch_add(&worker->process->aborts, atomic_load(&slot->aborts) - slot->aborts_before);
    atomic_fetch_add(&worker->process->fallbacks, atomic_load(&slot->fallbacks) - slot->fallbacks_before);
}

/* Threads that count, and what this one does meanwhile. */
static int run_threads(struct worker *worker, uint32_t threads, int (*meanwhile)(struct worker *, uint32_t threads)) {
    pthread_t handles[TORTURE_THREADS];
    pcm_mode mode;
    pcm_thread_get_mode(worker->store, &mode);
    atomic_store(&worker->process->registration, (uint32_t)mode.registration + 1);
    for (uint32_t i = 0; i < threads; i++)
        if (pthread_create(&handles[i], NULL, count, worker) != 0)
            return 1;
    int result = meanwhile == NULL ? 0 : meanwhile(worker, threads);
    for (uint32_t i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
    tell_activity(worker);
    return result;
}

/* Signals from outside, at no point in particular. */
static void interrupt(void) {
    struct itimerval every = {.it_interval = {.tv_usec = 2000}, .it_value = {.tv_usec = 2000}};
    setitimer(ITIMER_REAL, &every, NULL);
}

/* ---------------------------------------------------------------- forked children, without exec */

static int count_as_well(struct worker *worker, uint32_t threads) {
    (void)threads;
    count(worker);
    return 0;
}

/* Its first thread counts as well, with what it was registered with before the fork. */
static int run_child(struct worker *worker, uint32_t threads, bool takes_slot) {
    pcm_series_id id;
    interrupt();
    /* Who creates a series takes a slot; who does not never has one. */
    if (takes_slot && bind_one(worker->store, PCM_COUNTER, "forked_total", &id) != PCM_OK)
        return 1;
    return run_threads(worker, threads - 1, count_as_well);
}

static int run_forked(struct worker *worker, uint32_t threads) {
    int status;
    int pid = fork();
    if (pid == 0)
        _exit(run_child(worker, threads, true));
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Forked while other threads of this process count, so with what they hold just then. */
static int fork_child(struct worker *worker, uint32_t threads, uint32_t process) {
    int pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    worker->process = &worker->control->processes[process];
    atomic_store(&worker->next_thread, 0);
    _exit(run_child(worker, threads, (process & 2) != 0));
}

static bool is_stopped(const struct worker *worker) {
    return atomic_load(&worker->control->stop) != 0;
}

static bool kill_child(struct worker *worker, int pid, uint32_t process, uint64_t wait_us) {
    int status;
    const struct torture_thread *thread = &worker->control->processes[process].threads[0];
    while (!is_stopped(worker) && atomic_load(&thread->done[KINDS - 1]) == 0)
        usleep(500);
    usleep((useconds_t)wait_us);
    /* Who was told to stop ends by itself, however late it has begun. */
    bool is_killed = !is_stopped(worker) && kill(pid, SIGKILL) == 0;
    if (waitpid(pid, &status, 0) != pid)
        return false;
    uint64_t aborts = 0;
    uint64_t fallbacks = 0;
    torture_read_slot(worker->store, pid, &aborts, &fallbacks);
    if (is_killed) {
        atomic_fetch_add(&worker->process->killed, 1);
        atomic_fetch_add(&worker->process->aborts, aborts);
        atomic_fetch_add(&worker->process->fallbacks, fallbacks);
    }
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           (is_killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int kill_children(struct worker *worker, uint32_t threads) {
    uint64_t random = (uint64_t)getpid() + 1;
    while (!is_stopped(worker)) {
        uint32_t process = torture_next_process(worker->control);
        if (process == TORTURE_PROCESSES) {
            usleep(1000);
            continue;
        }
        int pid = fork_child(worker, threads, process);
        if (pid < 0 || !kill_child(worker, pid, process, pcm__inject_random(&random) % MOST_LIFE_US))
            return 1;
    }
    return 0;
}

int torture_worker(const char *directory, const char *role, uint32_t process, uint32_t threads) {
    static struct worker worker;
    worker.role = role;
    worker.control = torture_control_map(directory);
    worker.store = torture_open(directory, 0);
    if (worker.control == NULL || worker.store == NULL || threads > TORTURE_THREADS)
        return 1;
    worker.process = &worker.control->processes[process];
    worker.cpu_count = torture_cpus(worker.cpus, CPU_SETSIZE);
    int status = torture_bind(worker.store, &worker.series);
    if (status != PCM_OK) {
        atomic_store(&worker.process->error, (uint32_t)-status);
        return 1;
    }
    pcm__inject_start();
    interrupt();
    int result = has_role(&worker, "fork") || has_role(&worker, "fork-pinned") ? run_forked(&worker, threads)
                 : has_role(&worker, "storm")                                  ? run_threads(&worker, threads, storm)
                 : kills_forked(&worker) ? run_threads(&worker, threads, kill_children)
                                         : run_threads(&worker, threads, NULL);
    pcm_store_close(worker.store);
    return result;
}
