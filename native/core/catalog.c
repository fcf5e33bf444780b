/* See catalog.h. */
#include "catalog.h"

#include "cpu.h"
#include "reserve.h"

#include <string.h>

static char *at(const struct pcm_store *store, uint64_t offset) {
    return pcm__store_at(store, store->geometry.catalog_offset + offset);
}

static uint64_t round8(uint64_t bytes) {
    return (bytes + 7) & ~7ull;
}

/* The fence keeps the compiler from reading the shared bytes a second time after they were checked. */
static void copy_once(void *to, const void *shared, size_t bytes) {
    memcpy(to, shared, bytes);
    atomic_signal_fence(memory_order_seq_cst);
}

int pcm__catalog_length(const struct pcm_store *store, uint64_t *out) {
    /* Acquire pairs with the release in publish(): records below this length are complete. */
    uint64_t length = atomic_load_explicit(&store->header->catalog_length, memory_order_acquire);
    if (length > store->geometry.catalog_capacity || length % 8 != 0)
        return PCM_CORRUPT;
    *out = length;
    return PCM_OK;
}

int pcm__catalog_record(const struct pcm_store *store, uint64_t offset, uint64_t length, struct pcm__record *out) {
    if (offset % 8 != 0 || offset > length || length - offset < sizeof *out)
        return PCM_CORRUPT;
    struct pcm__record record;
    copy_once(&record, at(store, offset), sizeof record);
    if (record.size < sizeof record || record.size % 8 != 0 || record.size > length - offset)
        return PCM_CORRUPT;
    *out = record;
    return PCM_OK;
}

/* Cuts `size` bytes off what is left of a record. */
static bool take(const char **cursor, uint64_t *left, uint64_t size, const char **out) {
    if (size > *left)
        return false;
    *out = *cursor;
    *cursor += size;
    *left -= size;
    return true;
}

static uint64_t sum_sizes(const uint16_t *sizes, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += sizes[i];
    return sum;
}

int pcm__catalog_family(const struct pcm_store *store, uint64_t offset, uint32_t size, struct pcm__family_view *out) {
    struct pcm__family_record record;
    if (size < sizeof record)
        return PCM_CORRUPT;
    const char *cursor = at(store, offset);
    copy_once(&record, cursor, sizeof record);
    cursor += sizeof record;
    uint64_t left = size - sizeof record;
    const char *bounds;
    const char *sizes;
    const char *names;
    struct pcm__family_view view = {
        .type = record.type,
        .label_count = record.label_count,
        .bound_count = record.bound_count,
        .schema = record.schema,
        .negative = (record.flags & PCM__FAMILY_NEGATIVE) != 0,
        .per_process = (record.flags & PCM__FAMILY_PER_PROCESS) != 0,
        .aggregation = record.flags >> PCM__FAMILY_AGGREGATION_SHIFT & PCM__FAMILY_AGGREGATION_MASK,
        .name.size = record.name_size,
        .help.size = record.help_size,
        .unit.size = record.unit_size,
    };
    if (view.label_count > PCM_MAX_LABELS || view.bound_count > PCM_MAX_BOUNDS)
        return PCM_CORRUPT;
    if (!take(&cursor, &left, view.bound_count * sizeof(double), &bounds) ||
        !take(&cursor, &left, view.label_count * sizeof(uint16_t), &sizes) ||
        !take(&cursor, &left, view.name.size, &view.name.data) ||
        !take(&cursor, &left, view.help.size, &view.help.data) ||
        !take(&cursor, &left, view.unit.size, &view.unit.data))
        return PCM_CORRUPT;
    view.bounds = (const double *)bounds;
    view.label_sizes = (const uint16_t *)sizes;
    if (!take(&cursor, &left, sum_sizes(view.label_sizes, view.label_count), &names))
        return PCM_CORRUPT;
    view.label_names = names;
    view.end = cursor + left;
    *out = view;
    return PCM_OK;
}

int pcm__catalog_series(const struct pcm_store *store, uint64_t offset, uint32_t size, struct pcm__series_view *out) {
    struct pcm__series_record *record = (struct pcm__series_record *)at(store, offset);
    if (size < sizeof *record)
        return PCM_CORRUPT;
    const char *cursor = (const char *)(record + 1);
    uint64_t left = size - sizeof *record;
    const char *sizes;
    struct pcm__series_view view = {.record = record};
    copy_once(&view.family, &record->family, sizeof view.family);
    copy_once(&view.label_count, &record->label_count, sizeof view.label_count);
    if (view.label_count > PCM_MAX_LABELS || !take(&cursor, &left, view.label_count * sizeof(uint16_t), &sizes))
        return PCM_CORRUPT;
    view.label_sizes = (const uint16_t *)sizes;
    view.label_values = cursor;
    view.end = cursor + left;
    if (sum_sizes(view.label_sizes, view.label_count) > left)
        return PCM_CORRUPT;
    *out = view;
    return PCM_OK;
}

int pcm__catalog_series_by_id(const struct pcm_store *store, pcm_series_id id, struct pcm__series_view *out) {
    uint64_t length;
    struct pcm__record record;
    if (id == 0 || id % 8 != 1)
        return PCM_ARGUMENT;
    int status = pcm__catalog_length(store, &length);
    if (status != PCM_OK)
        return status;
    if (id - 1 >= length || pcm__catalog_record(store, id - 1, length, &record) != PCM_OK ||
        record.kind != PCM__RECORD_SERIES)
        return PCM_ARGUMENT;
    return pcm__catalog_series(store, id - 1, record.size, out);
}

pcm_bytes pcm__catalog_label_value(const struct pcm__series_view *view, uint32_t label) {
    uint16_t size;
    copy_once(&size, &view->label_sizes[label], sizeof size);
    uint64_t start = sum_sizes(view->label_sizes, label);
    uint64_t room = (uint64_t)(view->end - view->label_values);
    if (start > room || size > room - start)
        return (pcm_bytes){"", 0};
    return (pcm_bytes){view->label_values + start, size};
}

/* Room for a record behind the committed ones, zeroed: a process may have died here half-way. */
static int start_record(struct pcm_store *store, uint64_t size, uint32_t kind, uint64_t *offset, char **out) {
    int status = pcm__catalog_length(store, offset);
    if (status == PCM_OK)
        status = pcm__reserve_catalog(store, size);
    if (status != PCM_OK)
        return status;
    *out = at(store, *offset);
    memset(*out, 0, size);
    struct pcm__record head = {.size = (uint32_t)size, .kind = kind};
    memcpy(*out, &head, sizeof head);
    return PCM_OK;
}

static void publish(struct pcm_store *store, uint64_t length) {
    atomic_store_explicit(&store->header->catalog_length, length, memory_order_release);
}

static char *put(char *cursor, pcm_bytes bytes) {
    if (bytes.size > 0)
        memcpy(cursor, bytes.data, bytes.size);
    return cursor + bytes.size;
}

static char *put_sizes(char *cursor, const pcm_bytes *strings, uint32_t count) {
    for (uint32_t i = 0; i < count; i++, cursor += sizeof(uint16_t)) {
        uint16_t size = (uint16_t)strings[i].size;
        memcpy(cursor, &size, sizeof size);
    }
    return cursor;
}

static uint64_t total_size(const pcm_bytes *strings, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += sizeof(uint16_t) + strings[i].size;
    return sum;
}

int pcm__catalog_append_family(struct pcm_store *store, const pcm_family_definition *definition) {
    uint64_t size = round8(sizeof(struct pcm__family_record) + definition->bound_count * sizeof(double) +
                           definition->name.size + definition->help.size + definition->unit.size +
                           total_size(definition->label_names, definition->label_count));
    uint64_t offset;
    char *start;
    int status = start_record(store, size, PCM__RECORD_FAMILY, &offset, &start);
    if (status != PCM_OK)
        return status;
    struct pcm__family_record *record = (struct pcm__family_record *)start;
    record->type = definition->type;
    record->label_count = (uint16_t)definition->label_count;
    record->bound_count = (uint16_t)definition->bound_count;
    record->name_size = (uint16_t)definition->name.size;
    record->help_size = (uint16_t)definition->help.size;
    record->unit_size = (uint16_t)definition->unit.size;
    record->schema = (int8_t)definition->schema;
    record->flags = (uint8_t)((definition->negative ? PCM__FAMILY_NEGATIVE : 0) |
                              (definition->per_process ? PCM__FAMILY_PER_PROCESS : 0) |
                              (uint32_t)definition->aggregation << PCM__FAMILY_AGGREGATION_SHIFT);
    char *cursor = (char *)(record + 1);
    cursor = put(cursor, (pcm_bytes){(const char *)definition->bounds, definition->bound_count * sizeof(double)});
    cursor = put_sizes(cursor, definition->label_names, definition->label_count);
    cursor = put(cursor, definition->name);
    cursor = put(cursor, definition->help);
    cursor = put(cursor, definition->unit);
    for (uint32_t i = 0; i < definition->label_count; i++)
        cursor = put(cursor, definition->label_names[i]);
    publish(store, offset + size);
    return PCM_OK;
}

int pcm__catalog_append_zeros(struct pcm_store *store, uint64_t size, uint32_t kind, uint64_t *offset) {
    char *start;
    int status = start_record(store, size, kind, offset, &start);
    if (status == PCM_OK)
        publish(store, *offset + size);
    return status;
}

uint64_t pcm__catalog_series_bytes(const pcm_bytes *values, uint32_t count) {
    return sizeof(struct pcm__series_record) + total_size(values, count);
}

void pcm__catalog_write_series(struct pcm__series_record *record, uint64_t family_offset, uint64_t owner,
                               const pcm_bytes *values, uint32_t count) {
    record->family = family_offset;
    atomic_store_explicit(&record->owner, owner, memory_order_relaxed);
    atomic_store_explicit(&record->created_at_ms, pcm__now_ms(), memory_order_relaxed);
    atomic_store_explicit(&record->rebase, 0, memory_order_relaxed);
    atomic_store_explicit(&record->set_bits, 0, memory_order_relaxed);
    record->label_count = count;
    char *cursor = put_sizes((char *)(record + 1), values, count);
    for (uint32_t i = 0; i < count; i++)
        cursor = put(cursor, values[i]);
}

int pcm__catalog_append_series(struct pcm_store *store, uint64_t size, uint64_t family_offset, uint64_t owner,
                               const pcm_bytes *values, uint32_t count, uint32_t integer_cell, uint32_t double_cell) {
    uint64_t offset;
    char *start;
    int status = start_record(store, size, PCM__RECORD_SERIES, &offset, &start);
    if (status != PCM_OK)
        return status;
    struct pcm__series_record *record = (struct pcm__series_record *)start;
    pcm__catalog_write_series(record, family_offset, owner, values, count);
    atomic_store_explicit(&record->integer_cell, integer_cell, memory_order_relaxed);
    atomic_store_explicit(&record->double_cell, double_cell, memory_order_relaxed);
    atomic_store_explicit(&record->life, 1, memory_order_relaxed);
    publish(store, offset + size);
    return PCM_OK;
}
