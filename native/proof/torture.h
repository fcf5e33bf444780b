/*
 * What the parts of the torture share: roles of worker processes, and the file in which each thread says what it has
 * begun and what it has done, so that nothing is assumed about a process that is killed.
 */
#ifndef PCM_PROOF_TORTURE_H
#define PCM_PROOF_TORTURE_H

#include "inject.h"
#include "percpu_metrics.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TORTURE_PROCESSES 1024 /* ever started in one run: those that were killed have successors */
#define TORTURE_THREADS   48   /* of one process */

/* What a thread does in turn. Each has a series of its own. */
enum kind { KIND_INTEGER, KIND_FRACTION, KIND_OBSERVATION, KIND_GAUGE, KINDS };

#define FRACTION 0.5 /* adds up exactly */
#define OBSERVED 0.25

/* Cache lines of its own for each thread; written by its thread only, read by the parent. */
struct torture_thread {
    _Atomic uint64_t begun[KINDS];
    _Atomic uint64_t done[KINDS];
    _Atomic uint64_t hits[KINDS][PCM__INJECT_POINTS]; /* interruptions that took place at a point */
};

struct torture_process {
    _Atomic uint32_t registration; /* pcm_registration plus one, once it is known */
    _Atomic uint32_t error;        /* a status, negated, where something failed */
    _Atomic uint64_t aborts;
    _Atomic uint64_t fallbacks;
    _Atomic uint64_t killed;        /* of those that it has forked */
    _Atomic uint64_t timer_signals; /* that its threads had while they counted */
    _Atomic uint64_t thread_signals;
    struct torture_thread threads[TORTURE_THREADS];
};

struct torture_control {
    _Atomic uint32_t stop;
    _Atomic uint32_t started; /* of the processes below */
    struct torture_process processes[TORTURE_PROCESSES];
};

struct torture_series {
    uint32_t integer_cell;
    pcm_series_id fraction;
    pcm_histogram histogram;
    pcm_series_id gauge;
    uint32_t gauge_cell;
};

/* A run's store, and the file beside it. */
pcm_store *torture_open(const char *directory, uint32_t lanes);
struct torture_control *torture_control_map(const char *directory);
int torture_bind(pcm_store *store, struct torture_series *out);

/* The number of a process that is about to be started; TORTURE_PROCESSES where there is none left. */
uint32_t torture_next_process(struct torture_control *control);

/* Adds up what a process that is gone can no longer say about itself. */
void torture_read_slot(pcm_store *store, int pid, uint64_t *aborts, uint64_t *fallbacks);

/*
 * The main function of a worker process. Roles: unpinned, pinned, one-cpu, storm, killed; fork and fork-pinned, which count
 * in a forked child alone; fork-killed and fork-self, which count, fork in the middle of it, and kill their children in the
 * middle of what those count. Others as unpinned.
 */
int torture_worker(const char *directory, const char *role, uint32_t process, uint32_t threads);

/* The CPUs that this process may run on. */
int torture_cpus(int *out, int size);

#endif
