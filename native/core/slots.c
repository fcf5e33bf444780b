/* See slots.h. */
#include "slots.h"

#include "cpu.h"
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct pcm__slot *slot_at(const struct pcm_store *store, uint32_t number) {
    return (struct pcm__slot *)pcm__store_at(store, store->geometry.slots_offset) + number;
}

static uint64_t lock_offset(uint64_t slots_offset, uint32_t number) {
    return slots_offset + (uint64_t)number * sizeof(struct pcm__slot);
}

static uint32_t used(const struct pcm_store *store) {
    uint32_t count = store->header->slots_used;
    return count < PCM_MAX_PROCESSES ? count : PCM_MAX_PROCESSES;
}

static void fill(struct pcm_store *store, uint32_t number) {
    struct pcm__slot *slot = slot_at(store, number);
    pcm_mode mode;
    pcm_thread_get_mode(store, &mode);
    slot->backend = (uint16_t)mode.backend;
    slot->registration = (uint16_t)mode.registration;
    /* What the last one in the slot has left is found by its serial from now on; first of all it is noted. */
    if (atomic_load_explicit(&slot->owns, memory_order_relaxed) != 0)
        store->header->orphans = 1;
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&slot->owns, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->serial, 1, memory_order_relaxed);
    slot->attached_at_ms = pcm__now_ms();
    slot->aborts_before = atomic_load_explicit(&slot->aborts, memory_order_relaxed);
    slot->fallbacks_before = atomic_load_explicit(&slot->fallbacks, memory_order_relaxed);
    /* Nothing can be freed meanwhile: the lock is held. */
    atomic_store_explicit(&slot->moved_on, atomic_load(&store->header->changes), memory_order_relaxed);
    if (number >= store->header->slots_used)
        store->header->slots_used = number + 1;
    atomic_store_explicit(&slot->pid, (uint32_t)getpid(), memory_order_release);
    store->slot = slot;
    store->slot_number = number;
    store->attachment++;
}

/* The first one that nobody holds, so that those of the dead do not pile up. */
int pcm__slots_attach(struct pcm_store *store) {
    for (uint32_t number = 0; number < PCM_MAX_PROCESSES; number++) {
        bool taken;
        int status = pcm__file_try_lock(store->fd, lock_offset(store->geometry.slots_offset, number), &taken);
        if (status != PCM_OK)
            return status;
        if (taken) {
            fill(store, number);
            return PCM_OK;
        }
    }
    return PCM_TOO_MANY_PROCESSES;
}

void pcm__slots_detach(struct pcm_store *store) {
    if (store->slot == NULL || store->forked)
        return;
    atomic_store_explicit(&store->slot->pid, 0, memory_order_release);
    pcm__file_unlock(store->fd, lock_offset(store->geometry.slots_offset, store->slot_number));
}

int pcm__slots_adopt_fork(struct pcm_store *store) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", store->fd);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return PCM_SYSTEM;
    /* The parent keeps its locks: it has the old description open as well. */
    close(store->fd);
    store->fd = fd;
    int status = pcm__store_file_lock(store);
    if (status != PCM_OK)
        return status;
    status = pcm__slots_attach(store);
    pcm__file_unlock(store->fd, PCM__LOCK_OFFSET);
    if (status == PCM_OK)
        store->forked = false;
    return status;
}

/* A slot is behind only as long as its process lives, which is asked of the few that are. */
uint64_t pcm__slots_moved_on(const struct pcm_store *store) {
    uint64_t least = atomic_load_explicit(&store->header->changes, memory_order_relaxed);
    for (uint32_t number = 0; number < used(store); number++) {
        const struct pcm__slot *slot = slot_at(store, number);
        /* Acquire pairs with the release in pcm__holders_announce(). */
        uint64_t moved_on = atomic_load_explicit(&slot->moved_on, memory_order_acquire);
        if (atomic_load_explicit(&slot->pid, memory_order_acquire) == 0 || moved_on >= least)
            continue;
        bool own = store->slot != NULL && number == store->slot_number;
        if (own || pcm__file_is_locked(store->fd, lock_offset(store->geometry.slots_offset, number), 1))
            least = moved_on;
    }
    return least;
}

uint64_t pcm__slots_owner(struct pcm_store *store) {
    atomic_store_explicit(&store->slot->owns, 1, memory_order_relaxed);
    return pcm__slots_self(store);
}

uint64_t pcm__slots_self(const struct pcm_store *store) {
    if (store->slot == NULL || store->forked)
        return 0;
    return (uint64_t)atomic_load_explicit(&store->slot->serial, memory_order_relaxed) << 32 | (store->slot_number + 1);
}

bool pcm__slots_is_alive(const struct pcm_store *store, uint64_t owner) {
    uint32_t number = (uint32_t)owner - 1;
    if (number >= PCM_MAX_PROCESSES)
        return false;
    const struct pcm__slot *slot = slot_at(store, number);
    if (atomic_load_explicit(&slot->pid, memory_order_acquire) == 0 ||
        atomic_load_explicit(&slot->serial, memory_order_relaxed) != owner >> 32)
        return false;
    bool own = store->slot != NULL && number == store->slot_number;
    return own || pcm__file_is_locked(store->fd, lock_offset(store->geometry.slots_offset, number), 1);
}

/* A process that owns series and has gone; its slot may still say so. */
static bool left_orphans(const struct pcm_store *store, uint32_t number) {
    const struct pcm__slot *slot = slot_at(store, number);
    uint64_t serial = atomic_load_explicit(&slot->serial, memory_order_relaxed);
    return atomic_load_explicit(&slot->owns, memory_order_relaxed) != 0 &&
           !pcm__slots_is_alive(store, serial << 32 | (number + 1));
}

bool pcm__slots_any_orphans(const struct pcm_store *store) {
    bool any = store->header->orphans != 0;
    for (uint32_t number = 0; !any && number < used(store); number++)
        any = left_orphans(store, number);
    return any;
}

/* First of all in the header: this process may die here as well. */
void pcm__slots_gather_orphans(struct pcm_store *store) {
    store->header->orphans = 1;
    atomic_signal_fence(memory_order_seq_cst);
    for (uint32_t number = 0; number < used(store); number++)
        if (left_orphans(store, number))
            atomic_store_explicit(&slot_at(store, number)->owns, 0, memory_order_relaxed);
}

bool pcm__slots_any_alive(int fd, uint64_t slots_offset) {
    return pcm__file_is_locked(fd, slots_offset, PCM_MAX_PROCESSES * sizeof(struct pcm__slot));
}

static void describe(const struct pcm_store *store, uint32_t number, uint32_t pid, pcm_process *out) {
    const struct pcm__slot *slot = slot_at(store, number);
    bool own = store->slot != NULL && number == store->slot_number;
    *out = (pcm_process){
        .slot = number,
        .pid = pid,
        .backend = (pcm_backend)slot->backend,
        .registration = (pcm_registration)slot->registration,
        .alive = own || pcm__file_is_locked(store->fd, lock_offset(store->geometry.slots_offset, number), 1),
        .attached_at_ms = slot->attached_at_ms,
        .aborts = atomic_load_explicit(&slot->aborts, memory_order_relaxed) - slot->aborts_before,
        .fallbacks = atomic_load_explicit(&slot->fallbacks, memory_order_relaxed) - slot->fallbacks_before,
    };
}

int pcm_store_list_processes(pcm_store *store, pcm_process *out, size_t size, size_t *count) {
    size_t found = 0;
    for (uint32_t number = 0; number < PCM_MAX_PROCESSES; number++) {
        uint32_t pid = atomic_load_explicit(&slot_at(store, number)->pid, memory_order_acquire);
        if (pid == 0)
            continue;
        if (found < size)
            describe(store, number, pid, &out[found]);
        found++;
    }
    *count = found;
    return PCM_OK;
}
