/*
 * Opening and closing. Each file is mapped once per process and kind of access, whatever the number of threads and
 * calls; a registry counts references. A store that is attached was checked, has its slot, and is guarded against
 * truncation.
 */
#include "store.h"

#include "carry.h"
#include "lock.h"
#include "sigbus.h"
#include "slots.h"
#include "store_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Times that a store may vanish between being found and being locked. */
#define MOST_ATTEMPTS 100

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct pcm_store *registry;

/* ---------------------------------------------------------------- fork */

static void before_fork(void) {
    pthread_mutex_lock(&registry_mutex);
    for (struct pcm_store *store = registry; store != NULL; store = store->next)
        pthread_mutex_lock(&store->mutex);
    pcm__sigbus_before_fork();
}

static void after_fork(bool child) {
    pcm__sigbus_after_fork();
    for (struct pcm_store *store = registry; store != NULL; store = store->next) {
        store->forked = store->forked || (child && !store->read_only);
        pthread_mutex_unlock(&store->mutex);
    }
    pthread_mutex_unlock(&registry_mutex);
}

static void after_fork_in_parent(void) {
    after_fork(false);
}

static void after_fork_in_child(void) {
    after_fork(true);
}

static void watch_forks(void) {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* ---------------------------------------------------------------- attaching */

static struct pcm_store *find_open(dev_t device, ino_t inode, bool read_only) {
    for (struct pcm_store *store = registry; store != NULL; store = store->next)
        if (store->device == device && store->inode == inode && store->read_only == read_only)
            return store;
    return NULL;
}

static bool backend_fits(const pcm_open_options *options, uint32_t backend) {
    return options->backend == PCM_BACKEND_DEFAULT || options->backend == backend;
}

/* With `store->fd` and `store->geometry` set. */
static int map(struct pcm_store *store) {
    const struct pcm__geometry *geometry = &store->geometry;
    int protection = store->read_only ? PROT_READ : PROT_READ | PROT_WRITE;
    void *start = mmap(NULL, geometry->file_bytes, protection, MAP_SHARED | MAP_NORESERVE, store->fd, 0);
    if (start == MAP_FAILED)
        return errno == ENOMEM ? PCM_NO_MEMORY : PCM_SYSTEM;
    int status = pcm__sigbus_guard(start, geometry->file_bytes, !store->read_only, &store->broken);
    if (status != PCM_OK) {
        munmap(start, geometry->file_bytes);
        return status;
    }
    store->header = start;
    store->hot.lanes = pcm__store_at(store, geometry->lanes_offset);
    /* The first question decides where areas are. */
    pcm__rseq_thread_area();
    if (geometry->backend == PCM_BACKEND_RSEQ && !store->read_only && pcm__rseq_libc_area != 0)
        store->hot.entry = pcm__hot_pack(pcm__rseq_libc_area, geometry->lanes, geometry->lane_stride);
    store->hot.cell_count = (uint32_t)geometry->capacity;
    return PCM_OK;
}

static void release(struct pcm_store *store) {
    if (store->header != NULL) {
        pcm__sigbus_release(store->header);
        munmap(store->header, store->geometry.file_bytes);
    }
    pcm__index_destroy(&store->index);
    pthread_mutex_destroy(&store->mutex);
    close(store->fd);
    free(store->path);
    free(store);
}

int pcm__store_map(int fd, const struct pcm__geometry *geometry, const char *path, bool read_only,
                   struct pcm_store **out) {
    struct pcm_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return PCM_NO_MEMORY;
    store->fd = fd;
    store->geometry = *geometry;
    store->read_only = read_only;
    store->references = 1;
    store->path = strdup(path);
    pthread_mutex_init(&store->mutex, NULL);
    struct stat stat;
    int status = store->path == NULL ? PCM_NO_MEMORY : fstat(fd, &stat) != 0 ? PCM_SYSTEM : map(store);
    if (status == PCM_OK) {
        store->device = stat.st_dev;
        store->inode = stat.st_ino;
        *out = store;
        return PCM_OK;
    }
    store->fd = -1; /* stays the caller's */
    release(store);
    return status;
}

void pcm__store_unmap(struct pcm_store *store) {
    release(store);
}

static bool still_named(const struct pcm_store *store) {
    struct stat stat;
    return fstat(store->fd, &stat) == 0 && stat.st_nlink > 0;
}

/* A slot, and proof that the file was not unlinked in between by the last process that closed it. */
static int attach(struct pcm_store *store, bool *vanished) {
    /* Decides about rseq, which may take long where it does not work: not while others wait for the lock. */
    pcm__rseq_thread_area();
    int status = pcm__file_lock(store->fd, PCM__LOCK_OFFSET, PCM__OPEN_PATIENCE_MS);
    if (status != PCM_OK)
        return status;
    *vanished = !still_named(store);
    if (!*vanished)
        status = pcm__slots_attach(store);
    pcm__file_unlock(store->fd, PCM__LOCK_OFFSET);
    return status;
}

static int first_read(struct pcm_store *store) {
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* One attempt with a descriptor, which is used up. `again` asks for another one. */
static int open_descriptor(const pcm_open_options *options, int fd, bool *again, struct pcm_store **out) {
    struct stat stat;
    struct pcm__geometry geometry;
    struct pcm_store *store = NULL;
    bool ephemeral = false;
    int status = fstat(fd, &stat) != 0 ? PCM_SYSTEM : pcm__store_file_check(fd, &geometry, &ephemeral);
    if (status == PCM_OTHER_BOOT && options->persist && !options->read_only) {
        status = pcm__carry_over(options, fd, &geometry);
        *again = status == PCM_OK;
    } else if (status == PCM_OK && !backend_fits(options, geometry.backend)) {
        status = PCM_BACKEND_MISMATCH;
    } else if (status == PCM_OK) {
        store = find_open(stat.st_dev, stat.st_ino, options->read_only);
        if (store != NULL) {
            store->references++;
            close(fd);
            *out = store;
            return PCM_OK;
        }
        status = pcm__store_map(fd, &geometry, options->path, options->read_only, &store);
    }
    if (store == NULL) {
        int saved = errno;
        close(fd);
        errno = saved;
        return status;
    }
    store->ephemeral = ephemeral;
    status = first_read(store);
    if (status == PCM_OK && !options->read_only)
        status = attach(store, again);
    if (status != PCM_OK || *again) {
        int saved = errno;
        release(store);
        errno = saved;
        return status;
    }
    store->next = registry;
    registry = store;
    *out = store;
    return PCM_OK;
}

static int open_or_create(const pcm_open_options *options, struct pcm_store **out) {
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        int fd;
        bool again = false;
        int status = pcm__store_file_open(options->path, options->read_only, &fd);
        if (status == PCM_OK) {
            status = open_descriptor(options, fd, &again, out);
        } else if (status == PCM_NOT_FOUND && !options->read_only) {
            bool exists;
            status = pcm__store_file_create(options, &exists);
            again = status == PCM_OK || exists;
        }
        if (!again)
            return status;
    }
    return PCM_LOCK_TIMEOUT;
}

int pcm_store_open(const pcm_open_options *options, pcm_store **out) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (options == NULL || options->path == NULL || options->path[0] == '\0' ||
        (unsigned)options->backend > PCM_BACKEND_ATOMIC_PADDED)
        return PCM_ARGUMENT;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&registry_mutex);
    int status = open_or_create(options, out);
    int saved = errno;
    /* One that was open already has its handler, but another one may have taken its place. */
    if (status == PCM_OK)
        pcm_sigbus_keep();
    pthread_mutex_unlock(&registry_mutex);
    errno = saved;
    return status;
}

/* ---------------------------------------------------------------- closing */

static void detach(struct pcm_store *store) {
    pthread_mutex_lock(&store->mutex);
    bool locked = !store->forked && pcm__store_file_lock(store) == PCM_OK;
    pcm__slots_detach(store);
    if (locked && store->ephemeral && !pcm__slots_any_alive(store->fd, store->geometry.slots_offset) &&
        pcm__store_file_has_path(store->fd, store->path))
        unlink(store->path);
    if (locked)
        pcm__file_unlock(store->fd, PCM__LOCK_OFFSET);
    pthread_mutex_unlock(&store->mutex);
}

void pcm_store_close(pcm_store *store) {
    pthread_mutex_lock(&registry_mutex);
    if (--store->references == 0) {
        struct pcm_store **link = &registry;
        while (*link != store)
            link = &(*link)->next;
        *link = store->next;
        if (!store->read_only)
            detach(store);
        release(store);
    }
    pthread_mutex_unlock(&registry_mutex);
}

/*
 * exit() ends a process without closing anything: its slots are freed and ephemeral files go here. Nothing is unmapped,
 * as other threads may still be counting; where one of them holds the registry, the next start sweeps.
 */
__attribute__((destructor)) static void leave_at_exit(void) {
    if (pthread_mutex_trylock(&registry_mutex) != 0)
        return;
    for (struct pcm_store *store = registry; store != NULL; store = store->next)
        if (!store->read_only)
            detach(store);
    pthread_mutex_unlock(&registry_mutex);
}

int pcm_store_unlink(pcm_store *store) {
    if (store->read_only)
        return PCM_READ_ONLY;
    if (!pcm__store_file_has_path(store->fd, store->path))
        return PCM_OK;
    return unlink(store->path) == 0 || errno == ENOENT ? PCM_OK : pcm__path_status();
}

/* Unlinks one file of a directory if it is an ephemeral store that nobody is attached to. */
static bool sweep_one(const char *path) {
    int fd;
    bool taken = false;
    bool ephemeral = false;
    bool removed = false;
    struct pcm__geometry geometry;
    if (pcm__store_file_open(path, false, &fd) != PCM_OK)
        return false;
    int status = pcm__store_file_check(fd, &geometry, &ephemeral);
    if ((status == PCM_OK || status == PCM_OTHER_BOOT || status == PCM_BROKEN) && ephemeral &&
        pcm__file_try_lock(fd, PCM__LOCK_OFFSET, &taken) == PCM_OK && taken &&
        !pcm__slots_any_alive(fd, geometry.slots_offset) && pcm__store_file_has_path(fd, path))
        removed = unlink(path) == 0;
    close(fd);
    return removed;
}

int pcm_store_sweep(const char *directory, uint32_t *removed) {
    DIR *stream = opendir(directory);
    if (stream == NULL)
        return pcm__path_status();
    uint32_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(stream)) != NULL) {
        char path[4096];
        if (entry->d_name[0] != '.' &&
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) < (int)sizeof path)
            count += sweep_one(path);
    }
    closedir(stream);
    if (removed != NULL)
        *removed = count;
    return PCM_OK;
}

/* ---------------------------------------------------------------- facts */

const char *pcm_store_path(const pcm_store *store) {
    return store->path;
}

/*
 * Looked at in the mapping, where a page that was cut off is a fault that sigbus.h turns into zeros: a system call would
 * be a large part of what making a series costs.
 */
static bool has_tail(const struct pcm_store *store) {
    /* After all that was read before: that was there if the tail, which is cut off first, still is. */
    atomic_thread_fence(memory_order_acquire);
    const char *tail = pcm__store_at(store, store->geometry.file_bytes - PCM__TAIL_BYTES);
    return memcmp(tail, PCM__TAIL_MAGIC, PCM__TAIL_BYTES) == 0;
}

bool pcm_store_is_broken(const pcm_store *store) {
    return !has_tail(store) || atomic_load(&store->broken);
}

static uint64_t at_most(uint64_t value, uint64_t limit) {
    return value < limit ? value : limit;
}

/* Whatever the header says, no more than there are. */
static uint64_t cells_in_use(const struct pcm__header *header, uint64_t capacity) {
    uint64_t integers = at_most(atomic_load(&header->integers_used), capacity);
    uint64_t doubles = at_most(atomic_load(&header->doubles_used), capacity - integers);
    return integers - at_most(header->free_counts[0], integers) + doubles - at_most(header->free_counts[1], doubles);
}

void pcm_store_get_info(const pcm_store *store, pcm_store_info *out) {
    const struct pcm__geometry *geometry = &store->geometry;
    struct pcm__header *header = store->header;
    struct stat stat;
    bool whole = fstat(store->fd, &stat) == 0 && has_tail(store);
    *out = (pcm_store_info){
        .backend = (pcm_backend)geometry->backend,
        .format_version = PCM__FORMAT_VERSION,
        .lanes = geometry->lanes,
        .atomic_lanes = geometry->atomic_lanes,
        .cell_bytes = geometry->cell_bytes,
        .capacity = geometry->capacity,
        .catalog_capacity = geometry->catalog_capacity,
        .file_bytes = geometry->file_bytes,
        .reserved_bytes = whole ? (uint64_t)stat.st_blocks * 512 : 0,
        .read_only = store->read_only,
        .ephemeral = store->ephemeral,
        .broken = !whole || atomic_load(&store->broken),
    };
    if (whole) {
        out->cells_used = cells_in_use(header, geometry->capacity);
        out->catalog_bytes = at_most(atomic_load(&header->catalog_length), geometry->catalog_capacity);
    }
}
