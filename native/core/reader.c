/*
 * Reading a store: one streaming pass over base and lanes makes an array of sums per kind of cell, which values are then
 * taken from. Plain loads do: words are aligned and 8 bytes wide, so that the processor reads each one whole, also in
 * vectors; a counter's word only grows, and its lanes are always added in the same order, so that its sum never goes
 * down from one refresh to the next.
 */
#include "reader.h"

#include "catalog.h"
#include "exponential.h"
#include "life.h"

#include <stdlib.h>
#include <string.h>

/*
 * Cells that are summed over all lanes before the next ones: their sums stay in the first-level cache. The longer the
 * better, as the processor has to find each lane anew.
 */
#define BLOCK 2048u
/* How many take as long as a series with one number. */
#define CELLS_LIKE_A_SERIES 4u
/* Of turns. */
#define NOTHING_READ 1u

int pcm_reader_create(pcm_store *store, pcm_reader **out) {
    pcm_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return PCM_NO_MEMORY;
    reader->store = store;
    reader->turns = NOTHING_READ;
    *out = reader;
    return PCM_OK;
}

void pcm_reader_destroy(pcm_reader *reader) {
    if (reader == NULL)
        return;
    free(reader->integers);
    free(reader->doubles);
    free(reader->members);
    free(reader->series);
    free(reader->settled);
    free(reader->steady);
    free(reader);
}

void pcm_reader_set_giving_way(pcm_reader *reader, bool gives_way) {
    reader->courtesy.is_wanted = gives_way;
}

void pcm_reader_give_way(const pcm_reader *reader, uint32_t work) {
    /* How much it has worked is not what one reads of it. */
    pcm__give_way(&((pcm_reader *)reader)->courtesy, work);
}

/* ---------------------------------------------------------------- the pass */

static void add_integers(uint64_t *restrict sums, const char *restrict words, size_t cell_bytes, uint64_t count) {
    if (cell_bytes == sizeof(uint64_t)) {
        for (uint64_t i = 0; i < count; i++)
            sums[i] += pcm__word_load(words + i * sizeof(uint64_t));
    } else {
        for (uint64_t i = 0; i < count; i++)
            sums[i] += pcm__word_load(words + i * cell_bytes);
    }
}

/*
 * Four lanes in one go: their sums are loaded and stored once for all of them, and the processor fetches ahead of four
 * streams at a time, where a block of one lane ends before it has caught on.
 */
static void add_four_lanes(uint64_t *restrict sums, const char *words, uint64_t lane_stride, uint64_t count) {
    const char *restrict first = words;
    const char *restrict second = words + lane_stride;
    const char *restrict third = words + 2 * lane_stride;
    const char *restrict fourth = words + 3 * lane_stride;
    for (uint64_t i = 0; i < count * sizeof(uint64_t); i += sizeof(uint64_t))
        sums[i / sizeof(uint64_t)] += pcm__word_load(first + i) + pcm__word_load(second + i) +
                                      pcm__word_load(third + i) + pcm__word_load(fourth + i);
}

static void add_doubles(double *restrict sums, const char *restrict words, size_t cell_bytes, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bits = pcm__word_load(words + i * cell_bytes);
        double value;
        memcpy(&value, &bits, sizeof value);
        sums[i] += value;
    }
}

/* The base of doubles comes last: `set` made it minus the sum of the lanes, so that both cancel out exactly. */
static void sum_block(const pcm_reader *reader, uint64_t first_cell, uint64_t count, void *sums, bool doubles) {
    const struct pcm__geometry *geometry = &reader->store->geometry;
    const char *base = pcm__store_at(reader->store, geometry->base_offset) + first_cell * sizeof(uint64_t);
    const char *words = reader->store->hot.lanes + first_cell * geometry->cell_bytes;
    uint32_t lanes = pcm__store_all_lanes(reader->store);
    uint32_t lane = 0;
    memset(sums, 0, count * sizeof(uint64_t));
    for (; !doubles && geometry->cell_bytes == sizeof(uint64_t) && lane + 4 <= lanes; lane += 4) {
        add_four_lanes(sums, words, geometry->lane_stride, count);
        words += 4 * geometry->lane_stride;
    }
    for (; lane < lanes; lane++, words += geometry->lane_stride) {
        if (doubles)
            add_doubles(sums, words, geometry->cell_bytes, count);
        else
            add_integers(sums, words, geometry->cell_bytes, count);
    }
    if (doubles)
        add_doubles(sums, base, sizeof(double), count);
    else
        add_integers(sums, base, sizeof(uint64_t), count);
}

static void sum_range(const pcm_reader *reader, uint64_t first_cell, uint64_t count, void *sums, bool doubles) {
    for (uint64_t done = 0; done < count; done += BLOCK) {
        uint64_t block = count - done < BLOCK ? count - done : BLOCK;
        pcm_reader_give_way(reader, (uint32_t)block / CELLS_LIKE_A_SERIES);
        sum_block(reader, first_cell + done, block, (char *)sums + done * sizeof(uint64_t), doubles);
    }
}

/* Room for elements, with some to spare, so that a growing store does not mean a growing array at every scrape. */
int pcm__reader_make_room(void **array, size_t element_bytes, uint64_t *room, uint64_t count) {
    if (count <= *room)
        return PCM_OK;
    uint64_t grown = count + count / 4 + BLOCK;
    void *bigger = realloc(*array, grown * element_bytes);
    if (bigger == NULL)
        return PCM_NO_MEMORY;
    *array = bigger;
    *room = grown;
    return PCM_OK;
}

int pcm__reader_reach(pcm_reader *reader, uint32_t double_cell) {
    uint64_t capacity = reader->store->geometry.capacity;
    uint64_t used = atomic_load_explicit(&reader->store->header->doubles_used, memory_order_acquire);
    if (double_cell >= capacity - reader->double_count || used > capacity - reader->integer_count ||
        double_cell < capacity - used)
        return PCM_OK;
    int status = pcm__reader_make_room((void **)&reader->doubles, sizeof(double), &reader->double_room, used);
    if (status != PCM_OK)
        return status;
    uint64_t more = used - reader->double_count;
    memmove(reader->doubles + more, reader->doubles, reader->double_count * sizeof(double));
    sum_range(reader, capacity - used, more, reader->doubles, true);
    reader->double_count = used;
    return PCM_OK;
}

/* Only what is new, as long as no series has gone or come in the place of another one. */
static int copy_series(pcm_reader *reader) {
    const struct pcm__catalog_index *index = &reader->store->index;
    uint32_t count = pcm__index_series_count(index);
    int status = pcm__reader_make_room((void **)&reader->series, sizeof *reader->series, &reader->series_room, count);
    if (status == PCM_OK)
        status =
            pcm__reader_make_room((void **)&reader->settled, sizeof *reader->settled, &reader->settled_room, count);
    if (status == PCM_OK)
        status = pcm__reader_make_room((void **)&reader->steady, sizeof *reader->steady, &reader->steady_room, count);
    if (status != PCM_OK)
        return status;
    bool is_same = reader->index_version == index->version;
    if (!is_same || reader->series_count != count)
        reader->turns = NOTHING_READ;
    for (uint32_t i = is_same ? reader->series_count : 0; i < count; i++)
        reader->series[i] = *pcm__index_series(index, i);
    reader->version += !is_same;
    reader->series_count = count;
    reader->index_version = index->version;
    return PCM_OK;
}

static int read_catalog(pcm_reader *reader) {
    pcm_store *store = reader->store;
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    reader->family_count = pcm__index_family_count(&store->index);
    if (status == PCM_OK)
        status = copy_series(reader);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* Whether nobody had the store's lock since what was read last was begun to be read; with what was loaded of it before. */
static bool is_unchanged(const pcm_reader *reader, uint64_t turns) {
    /* What was read in between is not read after this. */
    atomic_thread_fence(memory_order_acquire);
    return turns % 2 == 0 && turns == reader->turns &&
           turns == atomic_load_explicit(&reader->store->header->turns, memory_order_relaxed);
}

int pcm_reader_refresh(pcm_reader *reader) {
    pcm_store *store = reader->store;
    uint64_t capacity = store->geometry.capacity;
    reader->courtesy = (struct pcm__courtesy){.is_wanted = reader->courtesy.is_wanted};
    /* Of all that touches the mapping this is what another system call matters least to. */
    pcm_sigbus_keep();
    if (pcm_store_is_broken(store))
        return PCM_BROKEN;
    uint64_t turns = atomic_load_explicit(&store->header->turns, memory_order_acquire);
    int status = read_catalog(reader);
    if (status != PCM_OK)
        return status;
    /* Acquire pairs with the release at the end of rebase(): what is complete by this number is in the sums. */
    reader->rebases = atomic_load_explicit(&store->header->rebases, memory_order_acquire);
    uint64_t integers = atomic_load_explicit(&store->header->integers_used, memory_order_acquire);
    uint64_t doubles = atomic_load_explicit(&store->header->doubles_used, memory_order_acquire);
    if (integers > capacity || doubles > capacity - integers)
        return PCM_CORRUPT;
    status = pcm__reader_make_room((void **)&reader->integers, sizeof(uint64_t), &reader->integer_room, integers);
    if (status == PCM_OK)
        status = pcm__reader_make_room((void **)&reader->doubles, sizeof(double), &reader->double_room, doubles);
    if (status != PCM_OK)
        return status;
    reader->integer_count = integers;
    reader->double_count = doubles;
    sum_range(reader, 0, integers, reader->integers, false);
    sum_range(reader, capacity - doubles, doubles, reader->doubles, true);
    status = pcm__reader_settle(reader, is_unchanged(reader, turns));
    reader->turns = status == PCM_OK ? turns : NOTHING_READ;
    return pcm_store_is_broken(store) ? PCM_BROKEN : status;
}

/* ---------------------------------------------------------------- families and series */

uint32_t pcm_reader_family_count(const pcm_reader *reader) {
    return reader->family_count;
}

const pcm_family_definition *pcm_reader_family(const pcm_reader *reader, uint32_t family) {
    return &pcm__index_family(&reader->store->index, family)->definition;
}

uint32_t pcm_reader_series_count(const pcm_reader *reader) {
    return reader->series_count;
}

pcm_series_view pcm_reader_series(const pcm_reader *reader, uint32_t series) {
    const struct pcm__series *found = &reader->series[series];
    return (pcm_series_view){
        .family = found->family,
        .label_count = pcm_reader_family(reader, found->family)->label_count,
        .created_at_ms = reader->settled[series].created_at_ms,
        .id = (uint64_t)found->record * 8 + 1,
        .is_removed = !pcm__reader_shows(reader, series),
    };
}

uint64_t pcm_reader_version(const pcm_reader *reader) {
    return reader->version;
}

bool pcm_reader_is_current(const pcm_reader *reader, uint32_t series) {
    return pcm__reader_is_current(reader, series, pcm__reader_record(reader, series));
}

pcm_bytes pcm_reader_label_value(const pcm_reader *reader, uint32_t series, uint32_t label) {
    struct pcm__series_view view;
    uint64_t record = reader->series[series].record;
    if (pcm__catalog_series_by_id(reader->store, record * 8 + 1, &view) != PCM_OK || label >= view.label_count)
        return (pcm_bytes){"", 0};
    return pcm__catalog_label_value(&view, label);
}
