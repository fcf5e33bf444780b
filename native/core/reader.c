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

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Cells that are summed over all lanes before the next ones: their sums stay in the first-level cache. */
#define BLOCK 512u
/* A gauge that is being set is read again so many times at most: its setter may have died half-way. */
#define MOST_REREADS 1000

#define LARGEST_DOUBLE 9007199254740992.0 /* 2^53 */
#define LARGEST_INT64  9223372036854775808.0

struct pcm_reader {
    pcm_store *store;
    uint32_t family_count;
    uint32_t series_count;
    struct pcm__series *series; /* as they were before the pass: the index may change meanwhile */
    uint64_t series_room;
    uint64_t version;
    uint64_t rebases; /* changes of bases that were complete before the pass */
    uint64_t *integers;
    double *doubles;
    uint64_t integer_count;
    uint64_t double_count;
    uint64_t integer_room;
    uint64_t double_room;
};

int pcm_reader_create(pcm_store *store, pcm_reader **out) {
    pcm_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return PCM_NO_MEMORY;
    reader->store = store;
    *out = reader;
    return PCM_OK;
}

void pcm_reader_destroy(pcm_reader *reader) {
    if (reader == NULL)
        return;
    free(reader->integers);
    free(reader->doubles);
    free(reader->series);
    free(reader);
}

/* ---------------------------------------------------------------- the pass */

static void add_integers(uint64_t *restrict sums, const char *restrict words, size_t cell_bytes, uint64_t count) {
    if (cell_bytes == sizeof(uint64_t)) {
        const uint64_t *restrict from = (const uint64_t *)words;
        for (uint64_t i = 0; i < count; i++)
            sums[i] += from[i];
    } else {
        for (uint64_t i = 0; i < count; i++)
            sums[i] += *(const uint64_t *)(words + i * cell_bytes);
    }
}

static void add_doubles(double *restrict sums, const char *restrict words, size_t cell_bytes, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        sums[i] += *(const double *)(words + i * cell_bytes);
}

/* The base of doubles comes last: `set` made it minus the sum of the lanes, so that both cancel out exactly. */
static void sum_block(const pcm_reader *reader, uint64_t first_cell, uint64_t count, void *sums, bool doubles) {
    const struct pcm__geometry *geometry = &reader->store->geometry;
    const char *base = pcm__store_at(reader->store, geometry->base_offset) + first_cell * sizeof(uint64_t);
    const char *words = reader->store->hot.lanes + first_cell * geometry->cell_bytes;
    memset(sums, 0, count * sizeof(uint64_t));
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(reader->store); lane++, words += geometry->lane_stride) {
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
        sum_block(reader, first_cell + done, block, (char *)sums + done * sizeof(uint64_t), doubles);
    }
}

/* Room for elements, with some to spare, so that a growing store does not mean a growing array at every scrape. */
static int make_room(void **array, size_t element_bytes, uint64_t *room, uint64_t count) {
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

/* Only what is new, as long as no series has gone or come in the place of another one. */
static int copy_series(pcm_reader *reader) {
    const struct pcm__catalog_index *index = &reader->store->index;
    uint32_t count = pcm__index_series_count(index);
    int status = make_room((void **)&reader->series, sizeof *reader->series, &reader->series_room, count);
    if (status != PCM_OK)
        return status;
    uint32_t known = reader->version == index->version ? reader->series_count : 0;
    for (uint32_t i = known; i < count; i++)
        reader->series[i] = *pcm__index_series(index, i);
    reader->series_count = count;
    reader->version = index->version;
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

int pcm_reader_refresh(pcm_reader *reader) {
    pcm_store *store = reader->store;
    uint64_t capacity = store->geometry.capacity;
    if (pcm_store_is_broken(store))
        return PCM_BROKEN;
    int status = read_catalog(reader);
    if (status != PCM_OK)
        return status;
    /* Acquire pairs with the release at the end of rebase(): what is complete by this number is in the sums. */
    reader->rebases = atomic_load_explicit(&store->header->rebases, memory_order_acquire);
    uint64_t integers = atomic_load_explicit(&store->header->integers_used, memory_order_acquire);
    uint64_t doubles = atomic_load_explicit(&store->header->doubles_used, memory_order_acquire);
    if (integers > capacity || doubles > capacity - integers)
        return PCM_CORRUPT;
    status = make_room((void **)&reader->integers, sizeof(uint64_t), &reader->integer_room, integers);
    if (status == PCM_OK)
        status = make_room((void **)&reader->doubles, sizeof(double), &reader->double_room, doubles);
    if (status != PCM_OK)
        return status;
    reader->integer_count = integers;
    reader->double_count = doubles;
    sum_range(reader, 0, integers, reader->integers, false);
    sum_range(reader, capacity - doubles, doubles, reader->doubles, true);
    return pcm_store_is_broken(store) ? PCM_BROKEN : PCM_OK;
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

/* Its place and size were checked when it was read into the index, and records never move. */
static struct pcm__series_record *record_of(const pcm_reader *reader, uint32_t series) {
    uint64_t offset = (uint64_t)reader->series[series].record * 8;
    return (struct pcm__series_record *)pcm__store_at(reader->store, reader->store->geometry.catalog_offset + offset);
}

pcm_series_view pcm_reader_series(const pcm_reader *reader, uint32_t series) {
    const struct pcm__series *found = &reader->series[series];
    return (pcm_series_view){
        .family = found->family,
        .label_count = pcm_reader_family(reader, found->family)->label_count,
        .created_at_ms = record_of(reader, series)->created_at_ms,
        .id = (uint64_t)found->record * 8 + 1,
        .life = found->life,
    };
}

uint64_t pcm_reader_version(const pcm_reader *reader) {
    return reader->version;
}

bool pcm_reader_is_current(const pcm_reader *reader, uint32_t series) {
    /* What was read before is not read after the life. */
    atomic_thread_fence(memory_order_acquire);
    uint32_t life = reader->series[series].life;
    return pcm__life_is_lived(life) &&
           atomic_load_explicit(&record_of(reader, series)->life, memory_order_relaxed) == life;
}

static int if_current(const pcm_reader *reader, uint32_t series, int status) {
    return pcm_reader_is_current(reader, series) ? status : PCM_REMOVED;
}

pcm_bytes pcm_reader_label_value(const pcm_reader *reader, uint32_t series, uint32_t label) {
    struct pcm__series_view view;
    uint64_t record = reader->series[series].record;
    if (pcm__catalog_series_by_id(reader->store, record * 8 + 1, &view) != PCM_OK || label >= view.label_count)
        return (pcm_bytes){"", 0};
    return pcm__catalog_label_value(&view, label);
}

static const pcm_family_definition *definition_of(const pcm_reader *reader, uint32_t series) {
    return pcm_reader_family(reader, reader->series[series].family);
}

/* ---------------------------------------------------------------- values */

/* Cells, decoded. One that was made after the pass counts as 0: its first amount came later as well. */
static uint64_t integer_at(const pcm_reader *reader, uint32_t cell) {
    return cell < reader->integer_count ? reader->integers[cell] : 0;
}

static double double_at(const pcm_reader *reader, uint32_t cell) {
    uint64_t first = reader->store->geometry.capacity - reader->double_count;
    return cell >= first && cell - first < reader->double_count ? reader->doubles[cell - first] : 0;
}

static double as_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t load(const _Atomic uint64_t *word) {
    return atomic_load_explicit(word, memory_order_relaxed);
}

static uint64_t integer_now(const pcm_store *store, uint32_t cell) {
    uint64_t sum = load(pcm__store_base(store, cell));
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        sum += load(pcm__store_word(store, lane, cell));
    return sum;
}

static double double_now(const pcm_store *store, uint32_t cell) {
    double sum = 0;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        sum += as_double(load(pcm__store_word(store, lane, cell)));
    return sum + as_double(load(pcm__store_base(store, cell)));
}

/* From the pass, or from the words as they are now. */
static struct pcm__parts collect(const pcm_reader *reader, const struct pcm__series_record *record, bool now) {
    uint32_t capacity = (uint32_t)reader->store->geometry.capacity;
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_acquire);
    uint32_t double_cell = atomic_load_explicit(&record->double_cell, memory_order_acquire);
    struct pcm__parts parts = {.set = as_double(load(&record->set_bits))};
    if (integer_cell != 0 && integer_cell <= capacity)
        parts.integer =
            (int64_t)(now ? integer_now(reader->store, integer_cell - 1) : integer_at(reader, integer_cell - 1));
    if (double_cell != 0 && double_cell <= capacity)
        parts.fraction = now ? double_now(reader->store, double_cell - 1) : double_at(reader, double_cell - 1);
    return parts;
}

/* Whether all was read between two changes; else it is to be read again, but not for ever: see MOST_REREADS. */
static bool is_settled(const struct pcm__series_record *record, uint64_t before) {
    atomic_thread_fence(memory_order_acquire);
    if (before % 2 == 0 && atomic_load_explicit(&record->rebase, memory_order_relaxed) == before)
        return true;
    sched_yield();
    return false;
}

/*
 * The pass has all of a gauge or nothing of its last set: it is taken only if the set was complete before the pass, and
 * none began since. Otherwise the gauge is read by itself until no set falls in between.
 */
void pcm__reader_parts(const pcm_reader *reader, uint32_t series, struct pcm__parts *out) {
    const struct pcm__series_record *record = record_of(reader, series);
    for (int attempt = 0; attempt < MOST_REREADS; attempt++) {
        uint64_t before = atomic_load_explicit(&record->rebase, memory_order_acquire);
        *out = collect(reader, record, before / 2 > reader->rebases);
        if (is_settled(record, before))
            break;
    }
}

static bool is_whole(double value, double limit) {
    return fabs(value) < limit && trunc(value) == value && !(value == 0 && signbit(value));
}

static pcm_number number_of(struct pcm__parts parts) {
    int64_t sum;
    /* Nearly every counter: nothing but integers. */
    uint64_t set_bits;
    uint64_t fraction_bits;
    memcpy(&set_bits, &parts.set, sizeof set_bits);
    memcpy(&fraction_bits, &parts.fraction, sizeof fraction_bits);
    if ((set_bits | fraction_bits) == 0)
        return (pcm_number){.is_integer = true, .integer = parts.integer, .real = (double)parts.integer};
    if (is_whole(parts.set, LARGEST_INT64) && is_whole(parts.fraction, LARGEST_DOUBLE) &&
        !__builtin_add_overflow(parts.integer, (int64_t)parts.set, &sum) &&
        !__builtin_add_overflow(sum, (int64_t)parts.fraction, &sum))
        return (pcm_number){.is_integer = true, .integer = sum, .real = (double)sum};
    if (parts.integer == 0 && parts.fraction == 0)
        return (pcm_number){.real = parts.set};
    return (pcm_number){.real = parts.set + (double)parts.integer + parts.fraction};
}

int pcm_reader_value(const pcm_reader *reader, uint32_t series, pcm_number *out) {
    struct pcm__parts parts;
    if (!pcm_reader_is_current(reader, series))
        return PCM_REMOVED;
    if (pcm__has_buckets(definition_of(reader, series)->type))
        return PCM_ARGUMENT;
    pcm__reader_parts(reader, series, &parts);
    if (!pcm_reader_is_current(reader, series))
        return PCM_REMOVED;
    *out = number_of(parts);
    return PCM_OK;
}

/* First integer cell and the double cell of a histogram, checked against the capacity. */
static int histogram_cells(const pcm_reader *reader, uint32_t series, uint32_t *first, uint32_t *sum,
                           uint32_t *buckets) {
    const struct pcm__series_record *record = record_of(reader, series);
    *buckets = pcm_definition_bucket_count(definition_of(reader, series));
    if (*buckets == 0)
        return PCM_ARGUMENT;
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_relaxed);
    uint32_t double_cell = atomic_load_explicit(&record->double_cell, memory_order_relaxed);
    uint64_t capacity = reader->store->geometry.capacity;
    if (integer_cell == 0 || double_cell == 0 || double_cell > capacity || integer_cell - 1ull + *buckets > capacity)
        return PCM_CORRUPT;
    *first = integer_cell - 1;
    *sum = double_cell - 1;
    return PCM_OK;
}

int pcm_reader_histogram(const pcm_reader *reader, uint32_t series, int64_t *buckets, double *sum) {
    uint32_t first;
    uint32_t sum_cell;
    uint32_t count;
    const struct pcm__series_record *record = record_of(reader, series);
    for (int attempt = 0; attempt < MOST_REREADS; attempt++) {
        if (!pcm_reader_is_current(reader, series))
            return PCM_REMOVED;
        uint64_t before = atomic_load_explicit(&record->rebase, memory_order_acquire);
        int status = histogram_cells(reader, series, &first, &sum_cell, &count);
        if (status != PCM_OK)
            return if_current(reader, series, status);
        bool now = before / 2 > reader->rebases;
        for (uint32_t i = 0; i < count; i++)
            buckets[i] = (int64_t)(now ? integer_now(reader->store, first + i) : integer_at(reader, first + i));
        *sum = now ? double_now(reader->store, sum_cell) : double_at(reader, sum_cell);
        if (is_settled(record, before))
            break;
    }
    return if_current(reader, series, PCM_OK);
}

static pcm_number lane_number(const pcm_store *store, uint32_t lane, uint32_t first, uint32_t cells,
                              uint32_t double_cell) {
    struct pcm__parts parts = {0};
    for (uint32_t i = 0; i < cells; i++)
        parts.integer += (int64_t)load(pcm__store_word(store, lane, first + i));
    if (double_cell != 0)
        parts.fraction = as_double(load(pcm__store_word(store, lane, double_cell - 1)));
    return number_of(parts);
}

int pcm_reader_lanes(const pcm_reader *reader, uint32_t series, pcm_number *out, size_t size) {
    const pcm_store *store = reader->store;
    uint32_t first = 0;
    uint32_t cells = 0;
    uint32_t double_cell = 0;
    if (size < pcm__store_all_lanes(store))
        return PCM_ARGUMENT;
    if (!pcm_reader_is_current(reader, series))
        return PCM_REMOVED;
    if (pcm__has_buckets(definition_of(reader, series)->type)) {
        uint32_t sum;
        int status = histogram_cells(reader, series, &first, &sum, &cells);
        if (status != PCM_OK)
            return if_current(reader, series, status);
    } else {
        const struct pcm__series_record *record = record_of(reader, series);
        uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_acquire);
        double_cell = atomic_load_explicit(&record->double_cell, memory_order_acquire);
        if (integer_cell > store->geometry.capacity || double_cell > store->geometry.capacity)
            return if_current(reader, series, PCM_CORRUPT);
        cells = integer_cell != 0;
        first = integer_cell != 0 ? integer_cell - 1 : 0;
    }
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        out[lane] = lane_number(store, lane, first, cells, double_cell);
    return if_current(reader, series, PCM_OK);
}
