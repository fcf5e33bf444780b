/* A worker process of the torture: threads that add without pause until they are told to stop, or are killed. */
#include "torture.h"

#include "inject.h"
#include "store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Of those that are killed every second one is pinned. */
static void place(const struct worker *worker, uint32_t number) {
    const bool is_odd = ((worker->process - worker->control->processes) & 1) != 0;
    if (strcmp(worker->role, "pinned") == 0 || (strcmp(worker->role, "killed") == 0 && is_odd))
        move(0, worker->cpus[number % (uint32_t)worker->cpu_count]);
    else if (strcmp(worker->role, "one-cpu") == 0)
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
    return NULL;
}

/* Moves threads from CPU to CPU while they count. */
static void storm(struct worker *worker, uint32_t threads) {
    uint64_t random = (uint64_t)getpid() + 1;
    while (!atomic_load(&worker->control->stop)) {
        uint64_t bits = pcm__inject_random(&random);
        int tid = atomic_load(&worker->tids[bits % threads]);
        if (tid != 0)
            move(tid, worker->cpus[(bits >> 32) % (uint64_t)worker->cpu_count]);
        usleep(50);
    }
}

static int run_threads(struct worker *worker, uint32_t threads) {
    pthread_t handles[TORTURE_THREADS];
    pcm_mode mode;
    pcm_thread_get_mode(worker->store, &mode);
    atomic_store(&worker->process->registration, (uint32_t)mode.registration + 1);
    for (uint32_t i = 0; i < threads; i++)
        if (pthread_create(&handles[i], NULL, count, worker) != 0)
            return 1;
    if (strcmp(worker->role, "storm") == 0)
        storm(worker, threads);
    for (uint32_t i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
    atomic_store(&worker->process->aborts, atomic_load(&worker->store->slot->aborts));
    atomic_store(&worker->process->fallbacks, atomic_load(&worker->store->slot->fallbacks));
    return 0;
}

/* Goes on in a child that was forked without exec, and that takes a slot of its own when it creates a series. */
static int run_forked(struct worker *worker, uint32_t threads) {
    int status;
    pcm_series_id id;
    int pid = fork();
    if (pid == 0) {
        int result = bind_one(worker->store, PCM_COUNTER, "forked_total", &id);
        _exit(result == PCM_OK ? run_threads(worker, threads) : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
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
    /* Signals from outside as well, at no point in particular. */
    struct itimerval every = {.it_interval = {.tv_usec = 2000}, .it_value = {.tv_usec = 2000}};
    setitimer(ITIMER_REAL, &every, NULL);
    int result = strcmp(role, "fork") == 0 ? run_forked(&worker, threads) : run_threads(&worker, threads);
    pcm_store_close(worker.store);
    return result;
}
