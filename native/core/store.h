/*
 * The process's side of an open store: where its mapping is and what was read of its catalog. What the hot path needs
 * comes first. Numbers that describe the file were checked when it was opened and are taken from here, never again
 * from the header, which any attached process can overwrite.
 */
#ifndef PCM_STORE_H
#define PCM_STORE_H

#include "catalog_index.h"
#include "hot.h"
#include "layout.h"
#include "percpu_metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct pcm__geometry {
    uint32_t backend;
    uint32_t lanes;
    uint32_t atomic_lanes;
    uint32_t cell_bytes;
    uint64_t capacity;
    uint64_t catalog_capacity;
    uint64_t lane_stride;
    uint64_t slots_offset;
    uint64_t changes_offset;
    uint64_t bits_offset;
    uint64_t catalog_offset;
    uint64_t base_offset;
    uint64_t lanes_offset;
    uint64_t file_bytes;
};

struct pcm_store {
    struct pcm__hot hot; /* first, as pcm__cell_add expects */

    struct pcm__geometry geometry;
    struct pcm__header *header; /* start of the mapping */
    struct pcm__slot *slot;     /* ours; NULL when read-only */
    uint32_t slot_number;
    int fd;
    dev_t device;
    ino_t inode;
    char *path;
    bool read_only;
    bool ephemeral;
    bool forked; /* the file description is still the parent's */
    _Atomic bool broken;
    uint32_t references; /* guarded by the registry's mutex */
    struct pcm_store *next;

    /* Guards the index, and keeps threads of this process apart where the file lock cannot. */
    pthread_mutex_t mutex;
    bool lock_is_stuck; /* nobody of this process has got the file's lock since one has waited in vain */
    struct pcm__catalog_index index;
    struct pcm_holder *holders; /* of the threads of this process */
    uint32_t attachment;        /* changes where a forked child takes a slot of its own */
};

static inline char *pcm__store_at(const struct pcm_store *store, uint64_t offset) {
    return (char *)store->header + offset;
}

/* Base word of a cell. */
static inline _Atomic uint64_t *pcm__store_base(const struct pcm_store *store, uint32_t cell) {
    return (_Atomic uint64_t *)pcm__store_at(store, store->geometry.base_offset) + cell;
}

/* Word of a cell in a lane; the atomic lanes follow the per-CPU ones. */
static inline _Atomic uint64_t *pcm__store_word(const struct pcm_store *store, uint32_t lane, uint32_t cell) {
    return (_Atomic uint64_t *)(store->hot.lanes + lane * store->geometry.lane_stride +
                                (uint64_t)cell * store->geometry.cell_bytes);
}

/*
 * A word that others add to meanwhile. The load is plain: compilers make no vectors of relaxed atomic ones, although each of
 * those is an ordinary load as well, and adding up took 1.7 to 2.8 times as long with them. ThreadSanitizer is shown what
 * is meant, so that it finds every other race of whoever adds up.
 */
static inline uint64_t pcm__word_load(const char *word) {
#if defined(__SANITIZE_THREAD__)
    return __atomic_load_n((const uint64_t *)word, __ATOMIC_RELAXED);
#else
    return *(const uint64_t *)word;
#endif
}

static inline uint32_t pcm__store_all_lanes(const struct pcm_store *store) {
    return store->geometry.lanes + store->geometry.atomic_lanes;
}

/*
 * Maps a file whose header was checked, outside of the registry and without a slot. The descriptor becomes the store's
 * where this succeeds. NO_MEMORY, SYSTEM.
 */
int pcm__store_map(int fd, const struct pcm__geometry *geometry, const char *path, bool read_only,
                   struct pcm_store **out);
void pcm__store_unmap(struct pcm_store *store);

#endif
