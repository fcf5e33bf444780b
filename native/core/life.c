/* See life.h. */
#include "life.h"

#include "catalog.h"
#include "free_cells.h"
#include "slots.h"

#include <stdlib.h>
#include <string.h>

/* Records, and double cells, that are freed at a time, so that nobody pays for all that others have removed. */
#define MOST_COLLECTED 64

/* Of the capacity, the part that may be double cells that wait. */
#define WAITING_PART 16

/* ---------------------------------------------------------------- changes */

static _Atomic uint64_t *ring_word(const struct pcm_store *store, uint64_t number) {
    return (_Atomic uint64_t *)pcm__store_at(store, store->geometry.changes_offset) + number % PCM__CHANGES;
}

bool pcm__life_change(const struct pcm_store *store, uint64_t number, uint32_t *link, bool *is_removal) {
    uint64_t word = atomic_load_explicit(ring_word(store, number), memory_order_relaxed);
    /* Pairs with the fence in note(): who reads the word of a later change sees that it has begun. */
    atomic_thread_fence(memory_order_acquire);
    uint64_t changes = atomic_load_explicit(&store->header->changes, memory_order_relaxed);
    if (changes - number >= PCM__CHANGES)
        return false;
    *link = (uint32_t)(word / 2);
    *is_removal = word % 2 == 1;
    return true;
}

static void note(struct pcm_store *store, uint32_t link, bool is_removal) {
    uint64_t number = atomic_load_explicit(&store->header->changes, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(ring_word(store, number), (uint64_t)link * 2 + is_removal, memory_order_relaxed);
    /* Release pairs with the acquire in pcm__index_read(). */
    atomic_store_explicit(&store->header->changes, number + 1, memory_order_release);
}

/* ---------------------------------------------------------------- records */

static uint64_t class_size(uint32_t size_class) {
    return (uint64_t)(4 + size_class % 4) << (4 + size_class / 4);
}

uint64_t pcm__life_size(uint64_t bytes, uint32_t *size_class) {
    *size_class = 0;
    while (class_size(*size_class) < bytes && *size_class < PCM__RECORD_CLASSES - 1)
        (*size_class)++;
    return class_size(*size_class);
}

/* The greatest class whose records are not larger than this one. */
static uint32_t class_of(const struct pcm__series_record *record) {
    uint32_t size_class = 0;
    while (size_class < PCM__RECORD_CLASSES - 1 && class_size(size_class + 1) <= record->head.size)
        size_class++;
    return size_class;
}

/* The record at a link that has at least so many bytes, else NULL. */
static struct pcm__series_record *record_of_size(const struct pcm_store *store, uint32_t link, uint64_t least) {
    uint64_t length;
    struct pcm__record head;
    uint64_t offset = (uint64_t)link * 8;
    if (pcm__catalog_length(store, &length) != PCM_OK || pcm__catalog_record(store, offset, length, &head) != PCM_OK ||
        head.kind != PCM__RECORD_SERIES || head.size < least)
        return NULL;
    return (struct pcm__series_record *)pcm__store_at(store, store->geometry.catalog_offset + offset);
}

struct pcm__series_record *pcm__life_record(const struct pcm_store *store, uint32_t link) {
    return record_of_size(store, link, sizeof(struct pcm__series_record));
}

static uint32_t life_of(const struct pcm__series_record *record) {
    return atomic_load_explicit(&record->life, memory_order_relaxed);
}

/* The end of the queue of those that wait for their grace period. */
static int enqueue(struct pcm_store *store, uint32_t link, struct pcm__series_record *record, uint64_t removed_at) {
    struct pcm__header *header = store->header;
    struct pcm__series_record *last = header->removed_last == 0 ? NULL : pcm__life_record(store, header->removed_last);
    if (last == NULL && header->removed_last != 0)
        return PCM_CORRUPT;
    record->removed_at = removed_at;
    record->next = 0;
    if (last == NULL)
        header->removed_first = link;
    else
        last->next = link;
    header->removed_last = link;
    return PCM_OK;
}

int pcm__life_end(struct pcm_store *store, uint32_t link) {
    struct pcm__series_record *record = pcm__life_record(store, link);
    if (record == NULL || !pcm__life_is_lived(life_of(record)))
        return PCM_CORRUPT;
    uint64_t number = atomic_load_explicit(&store->header->changes, memory_order_relaxed);
    int status = enqueue(store, link, record, number);
    if (status != PCM_OK)
        return status;
    atomic_store_explicit(&record->life, life_of(record) + 1, memory_order_release);
    note(store, link, true);
    return PCM_OK;
}

/* The integer cells of a record, counted from 0, and the double cell plus one; none where they cannot be. */
static int cells_of(const struct pcm_store *store, const struct pcm__series_record *record, uint32_t *first,
                    uint32_t *count, uint32_t *double_cell) {
    uint32_t number;
    uint64_t capacity = store->geometry.capacity;
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_relaxed);
    *double_cell = atomic_load_explicit(&record->double_cell, memory_order_relaxed);
    *first = 0;
    *count = 0;
    if (*double_cell > capacity)
        return PCM_CORRUPT;
    if (integer_cell == 0)
        return PCM_OK;
    const struct pcm__family *family = pcm__index_family_by_id(&store->index, record->family + 1, &number);
    if (family == NULL)
        return PCM_CORRUPT;
    uint32_t buckets = pcm_definition_bucket_count(&family->definition);
    *first = integer_cell - 1;
    *count = buckets > 0 ? buckets : 1;
    return *first + (uint64_t)*count > capacity ? PCM_CORRUPT : PCM_OK;
}

void pcm__life_give(struct pcm_store *store, uint32_t size_class, uint32_t link) {
    struct pcm__series_record *record = pcm__life_record(store, link);
    if (record == NULL)
        return;
    record->next = store->header->free_records[size_class];
    store->header->free_records[size_class] = link;
}

static int free_record(struct pcm_store *store, uint32_t link, struct pcm__series_record *record) {
    uint32_t first;
    uint32_t count;
    uint32_t double_cell;
    int status = cells_of(store, record, &first, &count, &double_cell);
    if (status != PCM_OK)
        return status;
    atomic_store_explicit(&record->integer_cell, 0, memory_order_relaxed);
    atomic_store_explicit(&record->double_cell, 0, memory_order_relaxed);
    if (count > 0)
        pcm__free_cells_give(store, false, first, count);
    if (double_cell > 0)
        pcm__free_cells_give(store, true, double_cell - 1, 1);
    pcm__life_give(store, class_of(record), link);
    return PCM_OK;
}

/* Whether all that was there before a change may be used again. What others have moved on is looked up once at most. */
static bool is_over(struct pcm_store *store, uint64_t change, bool *looked) {
#ifdef PCM_WITHOUT_GRACE_PERIOD
    /* For the control of the tests, which must find this wrong. */
    (void)looked;
    store->header->moved_on = change + 1;
#else
    if (change >= store->header->moved_on && !*looked) {
        *looked = true;
        store->header->moved_on = pcm__slots_moved_on(store);
    }
#endif
    return change < store->header->moved_on;
}

static struct pcm__given *given_of(const struct pcm_store *store) {
    return (struct pcm__given *)pcm__store_at(store, PCM__GIVEN_OFFSET);
}

/* Double cells that have waited become free, and the next ones wait. Links are read once: what is checked is what is used. */
static int collect_doubles(struct pcm_store *store, bool *looked) {
    struct pcm__given *given = given_of(store);
    for (int i = 0; i < MOST_COLLECTED; i++) {
        uint32_t first = given->waiting;
        atomic_signal_fence(memory_order_seq_cst);
        if (first == 0 || !is_over(store, given->until - 1, looked))
            break;
        if (first > store->geometry.capacity)
            return PCM_CORRUPT;
        given->waiting = (uint32_t)atomic_load_explicit(pcm__store_base(store, first - 1), memory_order_relaxed);
        given->count--;
        pcm__free_cells_give(store, true, first - 1, 1);
    }
    if (given->waiting == 0 && given->first != 0) {
        given->waiting = given->first;
        given->first = 0;
        note(store, 0, false);
        given->until = atomic_load_explicit(&store->header->changes, memory_order_relaxed);
    }
    return PCM_OK;
}

int pcm__life_collect(struct pcm_store *store) {
    struct pcm__header *header = store->header;
    bool looked = false;
    if (header->free_after > 0)
        is_over(store, header->free_after - 1, &looked);
    int status = collect_doubles(store, &looked);
    for (int i = 0; status == PCM_OK && i < MOST_COLLECTED && header->removed_first != 0; i++) {
        uint32_t link = header->removed_first;
        struct pcm__series_record *record = pcm__life_record(store, link);
        if (record == NULL || pcm__life_is_lived(life_of(record)))
            return PCM_CORRUPT;
        if (!is_over(store, record->removed_at, &looked))
            break;
        header->removed_first = record->next;
        if (record->next == 0)
            header->removed_last = 0;
        status = free_record(store, link, record);
    }
    return status;
}

int pcm__life_take(struct pcm_store *store, uint32_t size_class, uint32_t *link, struct pcm__series_record **record) {
    uint32_t *list = &store->header->free_records[size_class];
    uint32_t first = *list;
    /* Read once: what is checked is what is used. */
    atomic_signal_fence(memory_order_seq_cst);
    *link = first;
    if (first == 0)
        return PCM_OK;
    *record = record_of_size(store, first, class_size(size_class));
    if (*record == NULL || pcm__life_is_lived(life_of(*record)))
        return PCM_CORRUPT;
    *list = (*record)->next;
    return PCM_OK;
}

void pcm__life_begin(struct pcm_store *store, uint32_t link) {
    struct pcm__series_record *record = pcm__life_record(store, link);
    if (record == NULL)
        return;
    /* Release pairs with the acquire of whoever reads the life before the record. */
    atomic_store_explicit(&record->life, life_of(record) + 1, memory_order_release);
    note(store, link, false);
}

static bool few_wait(const struct pcm_store *store) {
    return given_of(store)->count < store->geometry.capacity / WAITING_PART;
}

/* Where too many wait, nobody takes a cell any more, which is what makes those free that have waited. */
bool pcm__life_may_retire(struct pcm_store *store) {
    return few_wait(store) || (pcm__life_collect(store) == PCM_OK && few_wait(store));
}

void pcm__life_retire_double(struct pcm_store *store, uint32_t cell) {
    struct pcm__given *given = given_of(store);
    atomic_store_explicit(pcm__store_base(store, cell), given->first, memory_order_relaxed);
    given->first = cell + 1;
    given->count++;
}

/* ---------------------------------------------------------------- repair */

static void mark(uint64_t *taken, uint32_t first, uint32_t count) {
    for (uint32_t cell = first; cell < first + count; cell++)
        taken[cell / 64] |= UINT64_C(1) << cell % 64;
}

/* A record that is no series waits once more, as it is not known whether it did. */
static int repair_record(struct pcm_store *store, uint32_t link, uint64_t *taken) {
    uint32_t first;
    uint32_t count;
    uint32_t double_cell;
    struct pcm__series_record *record = pcm__life_record(store, link);
    if (record == NULL)
        return PCM_CORRUPT;
    int status = cells_of(store, record, &first, &count, &double_cell);
    if (status != PCM_OK)
        return status;
    mark(taken, first, count);
    if (double_cell > 0)
        mark(taken, double_cell - 1, 1);
    if (pcm__life_is_lived(life_of(record)))
        return PCM_OK;
    return enqueue(store, link, record, atomic_load_explicit(&store->header->changes, memory_order_relaxed) - 1);
}

int pcm__life_repair(struct pcm_store *store) {
    struct pcm__header *header = store->header;
    uint64_t *taken = calloc(store->geometry.capacity / 64, sizeof *taken);
    if (taken == NULL)
        return PCM_NO_MEMORY;
    header->removed_first = 0;
    header->removed_last = 0;
    *given_of(store) = (struct pcm__given){0};
    memset(header->free_records, 0, sizeof header->free_records);
    /* A change may be missing from the ring: everybody reads all records again. */
    uint64_t changes = atomic_fetch_add(&header->changes, PCM__CHANGES) + PCM__CHANGES;
    /* What no record has may have been a cell that somebody still adds to. */
    header->free_after = changes;
    int status = PCM_OK;
    uint32_t count = pcm__index_series_count(&store->index);
    for (uint32_t number = 0; status == PCM_OK && number < count; number++)
        status = repair_record(store, pcm__index_series(&store->index, number)->record, taken);
    if (status == PCM_OK)
        pcm__free_cells_rebuild(store, taken);
    free(taken);
    return status;
}
