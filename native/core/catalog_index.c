/* See catalog_index.h. What is taken in here was checked; what does not add up stops the reading with CORRUPT. */
#include "catalog_index.h"

#include "catalog.h"
#include "life.h"
#include "names.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- families and series */

uint32_t pcm__index_family_count(const struct pcm__catalog_index *index) {
    return pcm__chunked_count(&index->families);
}

struct pcm__family *pcm__index_family(const struct pcm__catalog_index *index, uint32_t number) {
    return pcm__chunked_at(&index->families, sizeof(struct pcm__family), number);
}

uint32_t pcm__index_series_count(const struct pcm__catalog_index *index) {
    return pcm__chunked_count(&index->series);
}

uint32_t pcm__index_lived_count(const struct pcm__catalog_index *index) {
    return index->entry_count - pcm__index_family_count(index);
}

struct pcm__series *pcm__index_series(const struct pcm__catalog_index *index, uint32_t number) {
    return pcm__chunked_at(&index->series, sizeof(struct pcm__series), number);
}

/* Families are in the order of their offsets, as the catalog only grows. */
struct pcm__family *pcm__index_family_by_id(const struct pcm__catalog_index *index, pcm_family_id id,
                                            uint32_t *number) {
    uint32_t low = 0;
    uint32_t high = pcm__index_family_count(index);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct pcm__family *family = pcm__index_family(index, middle);
        if (family->id == id) {
            *number = middle;
            return family;
        }
        if (family->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---------------------------------------------------------------- hash table */

static uint32_t hash_bytes(uint32_t hash, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static uint32_t hash_family(pcm_bytes name) {
    return hash_bytes(2166136261u, name.data, name.size);
}

/* Sizes are part of the hash, as they are of the comparison: ("ab", "c") is not ("a", "bc"). */
static uint32_t hash_series(uint32_t family, const pcm_bytes *values, uint32_t count) {
    uint32_t hash = hash_bytes(2166136261u, &family, sizeof family);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t size = (uint16_t)values[i].size;
        hash = hash_bytes(hash, &size, sizeof size);
        hash = hash_bytes(hash, values[i].data, values[i].size);
    }
    return hash;
}

/* In place of a number: there was an entry, and one that was inserted after it may be behind it. */
#define GONE UINT32_MAX

static void insert(struct pcm__index_entry *entries, uint32_t mask, struct pcm__index_entry entry) {
    uint32_t at = entry.hash & mask;
    while (entries[at].number != 0)
        at = (at + 1) & mask;
    entries[at] = entry;
}

/* Room for one more entry, in a table that is at most half full with entries and those that are gone. */
static int make_room(struct pcm__catalog_index *index) {
    uint32_t size = index->entries == NULL ? 0 : index->entry_mask + 1;
    if ((index->entry_count + index->gone_count) * 2 < size)
        return PCM_OK;
    uint32_t grown = size == 0 ? 256 : index->entry_count * 4 < size ? size : size * 2;
    struct pcm__index_entry *entries = calloc(grown, sizeof *entries);
    if (entries == NULL)
        return PCM_NO_MEMORY;
    for (uint32_t i = 0; i < size; i++)
        if (index->entries[i].number != 0 && index->entries[i].number != GONE)
            insert(entries, grown - 1, index->entries[i]);
    free(index->entries);
    index->entries = entries;
    index->entry_mask = grown - 1;
    index->gone_count = 0;
    return PCM_OK;
}

static void add_entry(struct pcm__catalog_index *index, uint32_t hash, uint32_t number) {
    insert(index->entries, index->entry_mask, (struct pcm__index_entry){hash, number});
    index->entry_count++;
}

static void remove_entry(struct pcm__catalog_index *index, uint32_t hash, uint32_t number) {
    uint32_t at = hash & index->entry_mask;
    while (index->entries[at].number != number && index->entries[at].number != 0)
        at = (at + 1) & index->entry_mask;
    if (index->entries[at].number == 0)
        return;
    index->entries[at].number = GONE;
    index->entry_count--;
    index->gone_count++;
}

static bool is_joined(pcm_bytes name, pcm_bytes start, pcm_bytes end) {
    return name.size == start.size + end.size && memcmp(name.data, start.data, start.size) == 0 &&
           memcmp(name.data + start.size, end.data, end.size) == 0;
}

int pcm__index_find_family(const struct pcm_store *store, pcm_bytes name, uint32_t *number) {
    return pcm__index_find_joined(store, name, (pcm_bytes){"", 0}, number);
}

int pcm__index_find_joined(const struct pcm_store *store, pcm_bytes start, pcm_bytes end, uint32_t *number) {
    const struct pcm__catalog_index *index = &store->index;
    if (index->entries == NULL)
        return PCM_NOT_FOUND;
    uint32_t hash = hash_bytes(hash_family(start), end.data, end.size);
    for (uint32_t at = hash & index->entry_mask; index->entries[at].number != 0; at = (at + 1) & index->entry_mask) {
        struct pcm__index_entry entry = index->entries[at];
        uint32_t found = (entry.number - 1) / 2;
        if (entry.hash == hash && (entry.number - 1) % 2 == 1 &&
            is_joined(pcm__index_family(index, found)->definition.name, start, end)) {
            *number = found;
            return PCM_OK;
        }
    }
    return PCM_NOT_FOUND;
}

static bool has_values(const struct pcm_store *store, const struct pcm__series *series, const pcm_bytes *values,
                       uint32_t count) {
    struct pcm__series_view view;
    if (pcm__catalog_series_by_id(store, (uint64_t)series->record * 8 + 1, &view) != PCM_OK ||
        view.label_count != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!pcm__bytes_are_same(pcm__catalog_label_value(&view, i), values[i]))
            return false;
    return true;
}

struct pcm__index_search pcm__index_search(const struct pcm_store *store, uint32_t family, const pcm_bytes *values) {
    uint32_t count = pcm__index_family(&store->index, family)->definition.label_count;
    uint32_t hash = hash_series(family, values, count);
    return (struct pcm__index_search){store, family, values, hash, hash & store->index.entry_mask};
}

bool pcm__index_next(struct pcm__index_search *search, uint32_t *number) {
    const struct pcm__catalog_index *index = &search->store->index;
    uint32_t count = pcm__index_family(index, search->family)->definition.label_count;
    while (index->entries[search->at].number != 0) {
        struct pcm__index_entry entry = index->entries[search->at];
        search->at = (search->at + 1) & index->entry_mask;
        if (entry.hash != search->hash || entry.number == GONE || (entry.number - 1) % 2 != 0)
            continue;
        const struct pcm__series *series = pcm__index_series(index, (entry.number - 1) / 2);
        if (series->family == search->family && has_values(search->store, series, search->values, count)) {
            *number = (entry.number - 1) / 2;
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- reading the catalog */

/* A copy that nobody else can change, in one allocation: bounds, then label names, then the bytes of all strings. */
static int copy_family(const struct pcm__family_view *view, struct pcm__family *out) {
    uint16_t sizes[PCM_MAX_LABELS];
    size_t label_bytes = 0;
    memcpy(sizes, view->label_sizes, view->label_count * sizeof *sizes);
    atomic_signal_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < view->label_count; i++)
        label_bytes += sizes[i];
    if (view->label_names + label_bytes > view->end)
        return PCM_CORRUPT;
    size_t string_bytes = view->name.size + view->help.size + view->unit.size + label_bytes;
    size_t bytes = view->bound_count * sizeof(double) + view->label_count * sizeof(pcm_bytes) + string_bytes;
    out->memory = malloc(bytes + 8);
    if (out->memory == NULL)
        return PCM_NO_MEMORY;
    double *bounds = (double *)out->memory;
    pcm_bytes *names = (pcm_bytes *)(bounds + view->bound_count);
    char *cursor = (char *)(names + view->label_count);
    memcpy(bounds, view->bounds, view->bound_count * sizeof(double));
    /* The strings lie behind one another in the record as well. */
    memcpy(cursor, view->name.data, string_bytes);
    out->definition = (pcm_family_definition){
        .type = (pcm_type)view->type,
        .name = {cursor, view->name.size},
        .help = {cursor + view->name.size, view->help.size},
        .unit = {cursor + view->name.size + view->help.size, view->unit.size},
        .label_names = names,
        .label_count = view->label_count,
        .bounds = bounds,
        .bound_count = view->bound_count,
        .schema = view->schema,
        .negative = view->negative,
        .per_process = view->per_process,
        .aggregation = (pcm_aggregation)view->aggregation,
    };
    cursor += view->name.size + view->help.size + view->unit.size;
    for (uint32_t i = 0; i < view->label_count; cursor += sizes[i], i++)
        names[i] = (pcm_bytes){cursor, sizes[i]};
    return PCM_OK;
}

static int read_family(struct pcm_store *store, uint64_t offset, uint32_t size) {
    struct pcm__catalog_index *index = &store->index;
    struct pcm__family_view view;
    struct pcm__family family = {.id = offset + 1};
    int status = pcm__catalog_family(store, offset, size, &view);
    if (status == PCM_OK)
        status = copy_family(&view, &family);
    if (status != PCM_OK)
        return status;
    uint32_t number = pcm__index_family_count(index);
    uint32_t other;
    if (!pcm__definition_is_valid(&family.definition) ||
        pcm__index_find_family(store, family.definition.name, &other) == PCM_OK)
        status = PCM_CORRUPT;
    else
        status = make_room(index);
    if (status == PCM_OK)
        status = pcm__chunked_push(&index->families, &family, sizeof family);
    if (status == PCM_OK)
        add_entry(index, hash_family(family.definition.name), number * 2 + 2);
    else
        free(family.memory);
    return status;
}

/* Reads the families that there are by now, in front of what comes before them. */
static int read_families_ahead(struct pcm_store *store) {
    struct pcm__catalog_index *index = &store->index;
    uint64_t length;
    int status = pcm__catalog_length(store, &length);
    if (index->ahead < index->position)
        index->ahead = index->position;
    while (status == PCM_OK && index->ahead < length) {
        struct pcm__record record;
        status = pcm__catalog_record(store, index->ahead, length, &record);
        if (status == PCM_OK && record.kind == PCM__RECORD_FAMILY)
            status = read_family(store, index->ahead, record.size);
        if (status == PCM_OK)
            index->ahead += record.size;
    }
    return status;
}

static const struct pcm__series_record *record_of(const struct pcm_store *store, const struct pcm__series *series) {
    return (const struct pcm__series_record *)pcm__store_at(store, store->geometry.catalog_offset +
                                                                       (uint64_t)series->record * 8);
}

static uint32_t life_of(const struct pcm_store *store, const struct pcm__series *series) {
    return atomic_load_explicit(&record_of(store, series)->life, memory_order_acquire);
}

/*
 * The family and the hash of a record that is a series. One that is used again may be of a family that was declared
 * behind it, and also behind what was the end of the catalog when this reading of it began.
 */
static int describe(struct pcm_store *store, struct pcm__series *series) {
    struct pcm__series_view view;
    pcm_bytes values[PCM_MAX_LABELS];
    if (pcm__catalog_series_by_id(store, (uint64_t)series->record * 8 + 1, &view) != PCM_OK)
        return PCM_CORRUPT;
    const struct pcm__family *family = pcm__index_family_by_id(&store->index, view.family + 1, &series->family);
    if (family == NULL) {
        int status = read_families_ahead(store);
        if (status != PCM_OK)
            return status;
        family = pcm__index_family_by_id(&store->index, view.family + 1, &series->family);
    }
    if (family == NULL || family->definition.label_count != view.label_count)
        return PCM_CORRUPT;
    for (uint32_t i = 0; i < view.label_count; i++)
        values[i] = pcm__catalog_label_value(&view, i);
    series->hash = hash_series(series->family, values, view.label_count);
    return PCM_OK;
}

/*
 * Takes a record in as it is now. Without the store's lock it may change meanwhile; then it is taken for none, as there
 * is another change to come which says what has become of it.
 */
static int take_in(struct pcm_store *store, uint32_t number, bool is_new) {
    struct pcm__catalog_index *index = &store->index;
    struct pcm__series *series = pcm__index_series(index, number);
    uint32_t life = life_of(store, series);
    if (life == series->life)
        return PCM_OK;
    /* Readers that have not seen it yet take it in behind what they have. */
    index->version += !is_new;
    if (pcm__life_is_lived(series->life)) {
        remove_entry(index, series->hash, number * 2 + 1);
        pcm__index_family(index, series->family)->series_count--;
    }
    series->life = life;
    if (!pcm__life_is_lived(life))
        return PCM_OK;
    int status = describe(store, series);
    if (status == PCM_OK)
        status = make_room(index);
    atomic_thread_fence(memory_order_acquire);
    if (status != PCM_OK || life_of(store, series) != life) {
        bool changed = life_of(store, series) != life;
        series->life = changed ? life + 1 : 0;
        return changed ? PCM_OK : status;
    }
    add_entry(index, series->hash, number * 2 + 1);
    pcm__index_family(index, series->family)->series_count++;
    return PCM_OK;
}

static int read_series(struct pcm_store *store, uint64_t offset, uint32_t size) {
    struct pcm__catalog_index *index = &store->index;
    struct pcm__series series = {.record = (uint32_t)(offset / 8)};
    if (size < sizeof(struct pcm__series_record))
        return PCM_CORRUPT;
    uint32_t number = pcm__index_series_count(index);
    /* Where memory ran out the last time it is there already. */
    if (number > 0 && pcm__index_series(index, number - 1)->record == series.record)
        return take_in(store, number - 1, true);
    int status = pcm__chunked_push(&index->series, &series, sizeof series);
    return status == PCM_OK ? take_in(store, number, true) : status;
}

static int read_appended(struct pcm_store *store) {
    struct pcm__catalog_index *index = &store->index;
    uint64_t length;
    int status = pcm__catalog_length(store, &length);
    if (status != PCM_OK)
        return status;
    if (length < index->position)
        return PCM_CORRUPT;
    while (index->position < length) {
        struct pcm__record record;
        status = pcm__catalog_record(store, index->position, length, &record);
        if (status != PCM_OK)
            return status;
        if (record.kind == PCM__RECORD_FAMILY)
            status = index->position < index->ahead ? PCM_OK : read_family(store, index->position, record.size);
        else if (record.kind == PCM__RECORD_SERIES)
            status = read_series(store, index->position, record.size);
        else if (record.kind != PCM__RECORD_EXEMPLARS)
            status = PCM_CORRUPT;
        if (status != PCM_OK)
            return status;
        index->position += record.size;
    }
    return PCM_OK;
}

/* Series are in the order of their records. Changes of none have the link 0. */
static int read_change(struct pcm_store *store, uint32_t link) {
    uint32_t low = 0;
    uint32_t high = pcm__index_series_count(&store->index);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (pcm__index_series(&store->index, middle)->record < link)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < pcm__index_series_count(&store->index) && pcm__index_series(&store->index, low)->record == link;
    return found ? take_in(store, low, false) : PCM_OK;
}

static int read_changes(struct pcm_store *store, uint64_t changes) {
    struct pcm__catalog_index *index = &store->index;
    bool missed = changes - index->changes >= PCM__CHANGES;
    int status = PCM_OK;
    for (uint64_t number = index->changes; status == PCM_OK && !missed && number < changes; number++) {
        uint32_t link;
        bool is_removal;
        missed = !pcm__life_change(store, number, &link, &is_removal);
        if (!missed)
            status = read_change(store, link);
    }
    uint32_t count = missed ? pcm__index_series_count(index) : 0;
    for (uint32_t number = 0; status == PCM_OK && number < count; number++)
        status = take_in(store, number, false);
    if (status == PCM_OK)
        index->changes = changes;
    return status;
}

int pcm__index_read(struct pcm_store *store) {
    /* Before the catalog's length: all that changed is in what is read then. Pairs with the release in note(). */
    uint64_t changes = atomic_load_explicit(&store->header->changes, memory_order_acquire);
    if (store->index.position == 0)
        store->index.changes = changes;
    if (changes < store->index.changes)
        return PCM_CORRUPT;
    int status = read_appended(store);
    return status == PCM_OK ? read_changes(store, changes) : status;
}

void pcm__index_destroy(struct pcm__catalog_index *index) {
    for (uint32_t i = 0; i < pcm__index_family_count(index); i++)
        free(pcm__index_family(index, i)->memory);
    for (int i = 0; i < PCM__CHUNKS; i++) {
        free(index->families.chunks[i]);
        free(index->series.chunks[i]);
    }
    free(index->entries);
    *index = (struct pcm__catalog_index){0};
}
