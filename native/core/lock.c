/* See lock.h. */
#include "lock.h"

#include "life.h"
#include "rebase.h"
#include "slots.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_PAUSE 30000000 /* ns */

static struct flock range(short type, uint64_t offset, uint64_t bytes) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)offset, .l_len = (off_t)bytes};
}

int pcm__file_try_lock(int fd, uint64_t offset, bool *taken) {
    struct flock lock = range(F_WRLCK, offset, 1);
    int result;
    do
        result = fcntl(fd, F_OFD_SETLK, &lock);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EAGAIN && errno != EACCES)
        return PCM_SYSTEM;
    *taken = result == 0;
    return PCM_OK;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/*
 * Polled, as a blocking lock would wait for ever for a holder that was stopped; the less often the longer it takes, as a
 * thousand processes that ask all the time would keep the holder from its work.
 */
int pcm__file_lock(int fd, uint64_t offset, int patience_ms) {
    int64_t deadline = 0;
    int64_t pause = 20000; /* ns */
    for (;;) {
        bool taken;
        int status = pcm__file_try_lock(fd, offset, &taken);
        if (status != PCM_OK || taken)
            return status;
        /* The clock is asked, as pauses take longer than they should where many wait. */
        int64_t time = now();
        if (deadline == 0)
            deadline = time + patience_ms * 1000000ll;
        if (time > deadline)
            return PCM_LOCK_TIMEOUT;
        struct timespec wait = {.tv_sec = 0, .tv_nsec = pause};
        nanosleep(&wait, NULL);
        pause += pause / 2;
        if (pause > LONGEST_PAUSE)
            pause = LONGEST_PAUSE;
    }
}

int pcm__store_file_lock(struct pcm_store *store) {
    int patience = store->lock_is_stuck ? PCM__STUCK_PATIENCE_MS : PCM__LOCK_PATIENCE_MS;
    int status = pcm__file_lock(store->fd, PCM__LOCK_OFFSET, patience);
    if (status == PCM_OK || status == PCM_LOCK_TIMEOUT)
        store->lock_is_stuck = status == PCM_LOCK_TIMEOUT;
    return status;
}

void pcm__file_unlock(int fd, uint64_t offset) {
    struct flock lock = range(F_UNLCK, offset, 1);
    fcntl(fd, F_OFD_SETLK, &lock);
}

bool pcm__file_is_locked(int fd, uint64_t offset, uint64_t bytes) {
    struct flock lock = range(F_RDLCK, offset, bytes);
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Whoever finds it set knows that its holder died; the fences keep what is done in between in between. */
static void set_busy(struct pcm_store *store, uint32_t busy) {
    atomic_signal_fence(memory_order_seq_cst);
    store->header->busy = busy;
    atomic_signal_fence(memory_order_seq_cst);
}

/* A holder that died has left it odd; nobody has seen an even number since. */
static void begin_turn(struct pcm_store *store) {
    uint64_t turns = atomic_load_explicit(&store->header->turns, memory_order_relaxed);
    atomic_store_explicit(&store->header->turns, (turns + 1) | 1, memory_order_relaxed);
    /* Whoever sees something of what is changed from here on sees this as well. */
    atomic_thread_fence(memory_order_release);
    set_busy(store, 1);
}

static void end_turn(struct pcm_store *store) {
    set_busy(store, 0);
    uint64_t turns = atomic_load_explicit(&store->header->turns, memory_order_relaxed);
    atomic_store_explicit(&store->header->turns, (turns | 1) + 1, memory_order_release);
}

static int lock_and_read(struct pcm_store *store) {
    if (store->forked) {
        int status = pcm__slots_adopt_fork(store);
        if (status != PCM_OK)
            return status;
    }
    int status = pcm__store_file_lock(store);
    if (status != PCM_OK)
        return status;
    status = pcm__index_read(store);
    if (status == PCM_OK && pcm_store_is_broken(store))
        status = PCM_BROKEN;
    if (status == PCM_OK && store->header->busy != 0) {
        status = pcm__rebase_repair(store);
        if (status == PCM_OK)
            status = pcm__life_repair(store);
        if (status == PCM_OK)
            status = pcm__index_read(store);
    }
    if (status == PCM_OK)
        begin_turn(store);
    else
        pcm__file_unlock(store->fd, PCM__LOCK_OFFSET);
    return status;
}

int pcm__store_lock(struct pcm_store *store) {
    if (store->read_only)
        return PCM_READ_ONLY;
    pthread_mutex_lock(&store->mutex);
    int status = lock_and_read(store);
    if (status != PCM_OK)
        pthread_mutex_unlock(&store->mutex);
    return status;
}

void pcm__store_unlock(struct pcm_store *store) {
    end_turn(store);
    pcm__file_unlock(store->fd, PCM__LOCK_OFFSET);
    pthread_mutex_unlock(&store->mutex);
}

/*
 * The kernel tells of locks of other file descriptions only. That of this one is held with the mutex, unless it is still
 * the parent's, who may hold it with a mutex of its own.
 */
bool pcm__store_is_unlocked(struct pcm_store *store) {
    struct flock lock = range(F_RDLCK, PCM__LOCK_OFFSET, 1);
    if (pthread_mutex_trylock(&store->mutex) != 0)
        return false;
    bool is_unlocked = !store->forked && fcntl(store->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
    pthread_mutex_unlock(&store->mutex);
    return is_unlocked;
}
