/* See new_series.h. */
#include "new_series.h"

#include "amounts.h"
#include "catalog.h"
#include "exponential.h"
#include "free_cells.h"
#include "life.h"
#include "names.h"
#include "reserve.h"
#include "slots.h"

bool pcm__is_owned(const pcm_family_definition *definition) {
    return definition->per_process || definition->aggregation != PCM_AGGREGATION_NONE;
}

static const pcm_family_definition *definition_of(const struct pcm_store *store, uint32_t family) {
    return &pcm__index_family(&store->index, family)->definition;
}

/* A gauge has none unless it is asked for. */
static uint32_t integers_of(const pcm_family_definition *definition, pcm_series_cells more) {
    uint32_t first = pcm__first_integers(definition);
    return first == 0 && more.integer ? 1 : first;
}

static uint32_t doubles_of(const pcm_family_definition *definition, pcm_series_cells more) {
    return more.fraction ? 1 : pcm__first_doubles(definition);
}

static int take_cells(struct pcm_store *store, pcm_series_cells more, struct pcm__new_series *new) {
    const pcm_family_definition *definition = definition_of(store, new->family);
    enum pcm__cell_kind kind = pcm__is_like_gauge(definition->type) ? PCM__CELL_SIGNED : PCM__CELL_COUNT;
    uint32_t integers = integers_of(definition, more);
    uint32_t doubles = doubles_of(definition, more);
    uint32_t integer_cell = 0;
    uint32_t double_cell = 0;
    int status = pcm__reserve_cells(store, kind, integers, doubles, &integer_cell, &double_cell);
    if (status != PCM_OK)
        return status;
    new->first_integer = integers > 0 ? integer_cell + 1 : 0;
    new->double_cell = doubles > 0 ? double_cell + 1 : 0;
    return PCM_OK;
}

int pcm__new_series_prepare(struct pcm_store *store, uint32_t family, const pcm_bytes *values, pcm_series_cells more,
                            uint64_t *appended, struct pcm__new_series *out) {
    struct pcm__new_series new = {.is_wanted = true, .family = family, .values = values};
    new.size =
        pcm__life_size(pcm__catalog_series_bytes(values, definition_of(store, family)->label_count), &new.size_class);
    int status = pcm__life_collect(store);
    /* The record first: cells taken for one that does not fit would be lost. */
    if (status == PCM_OK)
        status = pcm__life_take(store, new.size_class, &new.link, &new.record);
    if (status == PCM_OK && new.link == 0)
        status = pcm__reserve_catalog(store, *appended + new.size);
    if (status != PCM_OK)
        return status;
    status = take_cells(store, more, &new);
    if (status != PCM_OK) {
        if (new.link != 0)
            pcm__life_give(store, new.size_class, new.link);
        return status;
    }
    new.is_taken = true;
    *appended += new.link == 0 ? new.size : 0;
    *out = new;
    return PCM_OK;
}

/* Fills the record of a series that is gone. */
static void revive(struct pcm_store *store, const struct pcm__new_series *new, uint64_t family, uint64_t owner,
                   uint32_t count) {
    pcm__catalog_write_series(new->record, family, owner, new->values, count);
    /* Whoever repairs the store takes the cells for the family's, should this process die now. */
    atomic_store_explicit(&new->record->integer_cell, new->first_integer, memory_order_release);
    atomic_store_explicit(&new->record->double_cell, new->double_cell, memory_order_release);
    pcm__life_begin(store, new->link);
}

int pcm__new_series_begin(struct pcm_store *store, const struct pcm__new_series *new) {
    const struct pcm__family *family = pcm__index_family(&store->index, new->family);
    uint32_t count = family->definition.label_count;
    uint64_t owner = pcm__is_owned(&family->definition) ? pcm__slots_owner(store) : 0;
    int status = PCM_OK;
    if (new->link != 0)
        revive(store, new, family->id - 1, owner, count);
    else
        status = pcm__catalog_append_series(store, new->size, family->id - 1, owner, new->values, count,
                                            new->first_integer, new->double_cell);
    return status == PCM_OK ? pcm__index_read(store) : status;
}

void pcm__new_series_give(struct pcm_store *store, const struct pcm__new_series *new) {
    uint32_t buckets = pcm_definition_bucket_count(definition_of(store, new->family));
    if (new->first_integer != 0)
        pcm__free_cells_give(store, false, new->first_integer - 1, buckets > 0 ? buckets : 1);
    if (new->double_cell != 0)
        pcm__free_cells_give(store, true, new->double_cell - 1, 1);
    if (new->link != 0)
        pcm__life_give(store, new->size_class, new->link);
}
