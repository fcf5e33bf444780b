/* See reserve.h. */
#include "reserve.h"

#include "life.h"

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

void pcm__count_refusal(struct pcm_store *store) {
    struct pcm__totals *totals = (struct pcm__totals *)pcm__store_at(store, PCM__TOTALS_OFFSET);
    atomic_fetch_add_explicit(&totals->refusals, 1, memory_order_relaxed);
}

/* Passes a status on, and counts what there was no room for. */
static int counted(struct pcm_store *store, int status) {
    if (status == PCM_CAPACITY || status == PCM_NO_SPACE)
        pcm__count_refusal(store);
    return status;
}

int pcm__reserve_catalog(struct pcm_store *store, uint64_t bytes) {
    const struct pcm__geometry *geometry = &store->geometry;
    uint64_t needed = atomic_load(&store->header->catalog_length) + bytes;
    uint64_t reserved = atomic_load(&store->header->catalog_reserved);
    if (needed > geometry->catalog_capacity)
        return counted(store, PCM_CAPACITY);
    if (needed <= reserved)
        return PCM_OK;
    uint64_t target = (needed + PCM__CATALOG_CHUNK - 1) / PCM__CATALOG_CHUNK * PCM__CATALOG_CHUNK;
    if (target > geometry->catalog_capacity)
        target = geometry->catalog_capacity;
    int status = pcm__reserve_range(store->fd, geometry->catalog_offset + reserved, target - reserved);
    if (status == PCM_OK)
        atomic_store(&store->header->catalog_reserved, target);
    return counted(store, status);
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

static uint64_t granules_up(uint64_t cells) {
    return (cells + PCM__CELL_GRANULE - 1) / PCM__CELL_GRANULE * PCM__CELL_GRANULE;
}

/* Backs the cells of one kind up to a number of them; integers from the first cell on, doubles from the last one. */
static int back(struct pcm_store *store, _Atomic uint64_t *reserved, uint64_t target, bool doubles) {
    for (uint64_t have = atomic_load(reserved); have < target; have += PCM__CELL_GRANULE) {
        int status = reserve_granule(store, doubles ? store->geometry.capacity - have - PCM__CELL_GRANULE : have);
        if (status != PCM_OK)
            return status;
        atomic_store(reserved, have + PCM__CELL_GRANULE);
    }
    return PCM_OK;
}

/*
 * Both kinds of cells grow towards each other, in whole granules. The numbers come from shared memory: they are checked
 * before they are used.
 */
static int grow(struct pcm_store *store, uint32_t integers, uint32_t doubles) {
    struct pcm__header *header = store->header;
    uint64_t capacity = store->geometry.capacity;
    uint64_t integers_reserved = atomic_load(&header->integers_reserved);
    uint64_t doubles_reserved = atomic_load(&header->doubles_reserved);
    uint64_t integers_used = atomic_load(&header->integers_used);
    uint64_t doubles_used = atomic_load(&header->doubles_used);
    if (integers_reserved > capacity || doubles_reserved > capacity - integers_reserved ||
        integers_used > integers_reserved || doubles_used > doubles_reserved ||
        integers_reserved % PCM__CELL_GRANULE != 0 || doubles_reserved % PCM__CELL_GRANULE != 0)
        return PCM_CORRUPT;
    uint64_t integers_wanted = granules_up(integers_used + integers);
    uint64_t doubles_wanted = granules_up(doubles_used + doubles);
    integers_wanted = integers_wanted > integers_reserved ? integers_wanted : integers_reserved;
    doubles_wanted = doubles_wanted > doubles_reserved ? doubles_wanted : doubles_reserved;
    if (integers_wanted + doubles_wanted > capacity)
        return PCM_CAPACITY;
    int status = back(store, &header->integers_reserved, integers_wanted, false);
    if (status == PCM_OK)
        status = back(store, &header->doubles_reserved, doubles_wanted, true);
    return status;
}

int pcm__reserve_room(struct pcm_store *store, uint32_t integers, uint32_t doubles) {
    int status = pcm__life_collect(store);
    if (status != PCM_OK)
        return status;
    if (integers > 0 && pcm__free_cells_exist(store, PCM__CELL_COUNT, integers))
        integers = 0;
    if (doubles > 0 && pcm__free_cells_exist(store, PCM__CELL_DOUBLE, doubles))
        doubles = 0;
    return counted(store, grow(store, integers, doubles));
}

int pcm__reserve_cells(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t integers, uint32_t doubles,
                       uint32_t *first_integer, uint32_t *double_cell) {
    return counted(store, pcm__try_cells(store, kind, integers, doubles, first_integer, double_cell));
}

int pcm__try_cells(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t integers, uint32_t doubles,
                   uint32_t *first_integer, uint32_t *double_cell) {
    struct pcm__header *header = store->header;
    int status = pcm__life_collect(store);
    if (status != PCM_OK)
        return status;
    bool again = integers > 0 && pcm__free_cells_take(store, kind, integers, first_integer);
    bool double_again = doubles > 0 && pcm__free_cells_take(store, PCM__CELL_DOUBLE, doubles, double_cell);
    status = grow(store, again ? 0 : integers, double_again ? 0 : doubles);
    if (status != PCM_OK) {
        if (again)
            pcm__free_cells_give(store, false, *first_integer, integers);
        if (double_again)
            pcm__free_cells_give(store, true, *double_cell, doubles);
        return status;
    }
    if (!again && integers > 0) {
        /* Read again, so checked again; marked before anybody sees that they are used. */
        uint64_t first = atomic_load(&header->integers_used);
        if (first > store->geometry.capacity - integers)
            return PCM_CORRUPT;
        *first_integer = (uint32_t)first;
        pcm__free_cells_mark(store, kind, *first_integer, integers);
        atomic_fetch_add(&header->integers_used, integers);
    }
    if (!double_again && doubles > 0)
        *double_cell = (uint32_t)(store->geometry.capacity - 1 - atomic_fetch_add(&header->doubles_used, doubles));
    return PCM_OK;
}
