/* See free_cells.h. Words of both bit maps are read and written whole; their content is hostile like all of the file. */
#include "free_cells.h"

#include <string.h>

enum { BITS = 64 };

static _Atomic uint64_t *free_words(const struct pcm_store *store) {
    return (_Atomic uint64_t *)pcm__store_at(store, store->geometry.bits_offset);
}

static _Atomic uint64_t *signed_words(const struct pcm_store *store) {
    return (_Atomic uint64_t *)pcm__store_at(store, store->geometry.bits_offset + store->geometry.capacity / 8);
}

static uint64_t load(const _Atomic uint64_t *word) {
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void change_bits(_Atomic uint64_t *words, uint32_t first, uint32_t count, bool set) {
    for (uint32_t cell = first; cell < first + count; cell++) {
        uint64_t bit = UINT64_C(1) << cell % BITS;
        uint64_t word = load(&words[cell / BITS]);
        atomic_store_explicit(&words[cell / BITS], set ? word | bit : word & ~bit, memory_order_relaxed);
    }
}

/* Cells of a kind that were ever used: from `*first` up to but not including `*end`. */
static void used_range(const struct pcm_store *store, bool doubles, uint32_t *first, uint32_t *end) {
    uint64_t capacity = store->geometry.capacity;
    uint64_t used = atomic_load(doubles ? &store->header->doubles_used : &store->header->integers_used);
    used = used < capacity ? used : capacity;
    *first = doubles ? (uint32_t)(capacity - used) : 0;
    *end = doubles ? (uint32_t)capacity : (uint32_t)used;
}

/* Free cells of a kind among the 64 of a word. */
static uint64_t candidates(const struct pcm_store *store, enum pcm__cell_kind kind, uint32_t word) {
    uint64_t bits = load(&free_words(store)[word]);
    if (kind == PCM__CELL_DOUBLE)
        return bits;
    uint64_t is_signed = load(&signed_words(store)[word]);
    return kind == PCM__CELL_SIGNED ? bits & is_signed : bits & ~is_signed;
}

/* The first run of `count` candidates within a range. */
static bool find_run(const struct pcm_store *store, enum pcm__cell_kind kind, uint32_t from, uint32_t end,
                     uint32_t count, uint32_t *first) {
    uint32_t run = 0;
    for (uint32_t cell = from; cell < end;) {
        uint64_t bits = candidates(store, kind, cell / BITS) >> cell % BITS;
        if (bits == 0) {
            run = 0;
            cell = (cell / BITS + 1) * BITS;
            continue;
        }
        run = (bits & 1) != 0 ? run + 1 : 0;
        cell++;
        if (run == count) {
            *first = cell - count;
            return true;
        }
    }
    return false;
}

static bool find(const struct pcm_store *store, enum pcm__cell_kind kind, uint32_t count, uint32_t *first) {
    bool doubles = kind == PCM__CELL_DOUBLE;
    const struct pcm__header *header = store->header;
    uint32_t start;
    uint32_t end;
    if (header->free_counts[doubles] < count || header->moved_on < header->free_after)
        return false;
    used_range(store, doubles, &start, &end);
    uint64_t hint = header->free_hints[doubles];
    uint32_t from = hint > start && hint < end ? (uint32_t)hint : start;
    return find_run(store, kind, from, end, count, first) ||
           (from > start && find_run(store, kind, start, end, count, first));
}

bool pcm__free_cells_exist(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t count) {
    uint32_t first;
    return find(store, kind, count, &first);
}

/* Nobody adds to the cell any more: the grace period is over. */
static void clear(struct pcm_store *store, bool is_double, uint32_t cell) {
    uint64_t sum = 0;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++) {
        _Atomic uint64_t *word = pcm__store_word(store, lane, cell);
        if (is_double)
            atomic_store_explicit(word, 0, memory_order_relaxed);
        else
            sum += load(word);
    }
    atomic_store_explicit(pcm__store_base(store, cell), -sum, memory_order_relaxed);
}

bool pcm__free_cells_take(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t count, uint32_t *first) {
    bool doubles = kind == PCM__CELL_DOUBLE;
    if (!find(store, kind, count, first))
        return false;
    store->header->free_hints[doubles] = (uint64_t)*first + count;
    store->header->free_counts[doubles] -= count;
    change_bits(free_words(store), *first, count, false);
    for (uint32_t i = 0; i < count; i++)
        clear(store, doubles, *first + i);
    return true;
}

void pcm__free_cells_give(struct pcm_store *store, bool doubles, uint32_t first, uint32_t count) {
    uint32_t start;
    uint32_t end;
    used_range(store, doubles, &start, &end);
    if (first < start || first >= end || count > end - first)
        return;
    change_bits(free_words(store), first, count, true);
    store->header->free_counts[doubles] += count;
}

void pcm__free_cells_mark(struct pcm_store *store, enum pcm__cell_kind kind, uint32_t first, uint32_t count) {
    if (kind != PCM__CELL_DOUBLE)
        change_bits(signed_words(store), first, count, kind == PCM__CELL_SIGNED);
}

uint64_t pcm__cells_signed(const struct pcm_store *store, uint64_t first) {
    return load(&signed_words(store)[first / BITS]);
}

void pcm__free_cells_rebuild(struct pcm_store *store, const uint64_t *taken) {
    memset((void *)free_words(store), 0, store->geometry.capacity / 8);
    for (int doubles = 0; doubles < 2; doubles++) {
        uint32_t first;
        uint32_t end;
        store->header->free_counts[doubles] = 0;
        used_range(store, doubles, &first, &end);
        for (uint32_t cell = first; cell < end; cell++)
            if ((taken[cell / BITS] >> cell % BITS & 1) == 0)
                pcm__free_cells_give(store, doubles, cell, 1);
    }
}
