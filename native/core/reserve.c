/* See reserve.h. */
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int space_status(void) {
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == ENOMEM ? PCM_NO_SPACE : PCM_SYSTEM;
}

/* For file systems without fallocate. */
static int write_zeros(int fd, uint64_t offset, uint64_t bytes) {
    static const char zeros[PCM__PAGE];
    while (bytes > 0) {
        ssize_t wrote = pwrite(fd, zeros, bytes < sizeof zeros ? bytes : sizeof zeros, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return space_status();
        offset += (uint64_t)wrote;
        bytes -= (uint64_t)wrote;
    }
    return PCM_OK;
}

int pcm__reserve_range(int fd, uint64_t offset, uint64_t bytes) {
    int result;
    do
        result = fallocate(fd, 0, (off_t)offset, (off_t)bytes);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return PCM_OK;
    return errno == EOPNOTSUPP ? write_zeros(fd, offset, bytes) : space_status();
}

int pcm__reserve_catalog(struct pcm_store *store, uint64_t bytes) {
    const struct pcm__geometry *geometry = &store->geometry;
    uint64_t needed = atomic_load(&store->header->catalog_length) + bytes;
    uint64_t reserved = atomic_load(&store->header->catalog_reserved);
    if (needed > geometry->catalog_capacity)
        return PCM_CAPACITY;
    if (needed <= reserved)
        return PCM_OK;
    uint64_t target = (needed + PCM__CATALOG_CHUNK - 1) / PCM__CATALOG_CHUNK * PCM__CATALOG_CHUNK;
    if (target > geometry->catalog_capacity)
        target = geometry->catalog_capacity;
    int status = pcm__reserve_range(store->fd, geometry->catalog_offset + reserved, target - reserved);
    if (status == PCM_OK)
        atomic_store(&store->header->catalog_reserved, target);
    return status;
}

/* One granule of cells: its base words, and its words in every lane. */
static int reserve_granule(struct pcm_store *store, uint64_t first_cell) {
    const struct pcm__geometry *geometry = &store->geometry;
    int status = pcm__reserve_range(store->fd, geometry->base_offset + first_cell * sizeof(uint64_t), PCM__PAGE);
    for (uint32_t lane = 0; status == PCM_OK && lane < pcm__store_all_lanes(store); lane++) {
        uint64_t offset = geometry->lanes_offset + lane * geometry->lane_stride + first_cell * geometry->cell_bytes;
        status = pcm__reserve_range(store->fd, offset, (uint64_t)PCM__CELL_GRANULE * geometry->cell_bytes);
    }
    return status;
}

/*
 * Both kinds of cells grow towards each other, in whole granules. The numbers come from shared memory: they are checked
 * before they are used.
 */
static int grow(struct pcm_store *store, uint64_t count, bool doubles, uint64_t *first) {
    struct pcm__header *header = store->header;
    uint64_t capacity = store->geometry.capacity;
    _Atomic uint64_t *used = doubles ? &header->doubles_used : &header->integers_used;
    _Atomic uint64_t *reserved = doubles ? &header->doubles_reserved : &header->integers_reserved;
    uint64_t other = atomic_load(doubles ? &header->integers_reserved : &header->doubles_reserved);
    uint64_t have = atomic_load(reserved);
    uint64_t start = atomic_load(used);
    if (other > capacity || have > capacity - other || start > have || have % PCM__CELL_GRANULE != 0)
        return PCM_CORRUPT;
    while (start + count > have) {
        if (have + PCM__CELL_GRANULE > capacity - other)
            return PCM_CAPACITY;
        int status = reserve_granule(store, doubles ? capacity - have - PCM__CELL_GRANULE : have);
        if (status != PCM_OK)
            return status;
        have += PCM__CELL_GRANULE;
        atomic_store(reserved, have);
    }
    atomic_store(used, start + count);
    *first = start;
    return PCM_OK;
}

int pcm__reserve_integers(struct pcm_store *store, uint32_t count, uint32_t *first) {
    uint64_t start = 0;
    int status = grow(store, count, false, &start);
    if (status == PCM_OK)
        *first = (uint32_t)start;
    return status;
}

int pcm__reserve_double(struct pcm_store *store, uint32_t *cell) {
    uint64_t start = 0;
    int status = grow(store, 1, true, &start);
    if (status == PCM_OK)
        *cell = (uint32_t)(store->geometry.capacity - 1 - start);
    return status;
}
