/*
 * Families and series, found, created and removed under the store's lock. Most callers find what they look for without
 * the file's lock: a series that was there when the changes were last read is not given to another one before the caller
 * moves on.
 */
#include "amounts.h"
#include "catalog.h"
#include "life.h"
#include "lock.h"
#include "name_clash.h"
#include "names.h"
#include "new_series.h"
#include "orphans.h"
#include "reserve.h"
#include "slots.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Series that are reset before the lock is given up for a while: a millisecond's work at most where they are histograms. */
#define RESET_AT_A_TIME 64u
#define RESET_PAUSE_NS  50000

/* ---------------------------------------------------------------- families */

static int match_family(const struct pcm_store *store, const pcm_family_definition *definition, pcm_family_id *out) {
    uint32_t number;
    int status = pcm__index_find_family(store, definition->name, &number);
    if (status != PCM_OK)
        return status;
    const struct pcm__family *family = pcm__index_family(&store->index, number);
    if (family->definition.type != definition->type)
        return PCM_TYPE_CONFLICT;
    if (!pcm__definition_is_same(&family->definition, definition))
        return PCM_DEFINITION_CONFLICT;
    *out = family->id;
    return PCM_OK;
}

int pcm_family_declare(pcm_store *store, const pcm_family_definition *definition, pcm_family_id *out) {
    if (!pcm__definition_is_valid(definition))
        return PCM_ARGUMENT;
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    if (status == PCM_OK)
        status = match_family(store, definition, out);
    pthread_mutex_unlock(&store->mutex);
    if (status != PCM_NOT_FOUND)
        return status;
    status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    status = match_family(store, definition, out);
    if (status == PCM_NOT_FOUND && pcm__name_clashes(store, definition))
        status = PCM_DEFINITION_CONFLICT;
    if (status == PCM_NOT_FOUND) {
        /* A family that no series fits into would only occupy its name. */
        status = pcm__reserve_room(store, pcm__first_integers(definition), pcm__first_doubles(definition));
        if (status == PCM_OK)
            status = pcm__catalog_append_family(store, definition);
        if (status == PCM_OK)
            status = pcm__index_read(store);
        if (status == PCM_OK)
            status = match_family(store, definition, out);
    }
    pcm__store_unlock(store);
    return status;
}

int pcm_family_find(pcm_store *store, pcm_bytes name, pcm_family_id *id, pcm_family_definition *out) {
    uint32_t number;
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    if (status == PCM_OK)
        status = pcm__index_find_family(store, name, &number);
    if (status == PCM_OK) {
        const struct pcm__family *family = pcm__index_family(&store->index, number);
        *id = family->id;
        *out = family->definition;
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* ---------------------------------------------------------------- series */

static uint32_t link_at(const struct pcm_store *store, uint32_t number) {
    return pcm__index_series(&store->index, number)->record;
}

/*
 * Those of dead owners are not found, and of what is aggregated the calling process's own one only, unless it has none and
 * `any` will do. What the index finds may have been removed since it was read: who has the lock knows.
 */
static int match_series(const struct pcm_store *store, uint32_t family, const pcm_bytes *values, bool any,
                        pcm_series_id *out) {
    const pcm_family_definition *definition = &pcm__index_family(&store->index, family)->definition;
    bool is_aggregated = definition->aggregation != PCM_AGGREGATION_NONE;
    uint64_t self = pcm__slots_self(store);
    struct pcm__index_search search = pcm__index_search(store, family, values);
    uint32_t number;
    int status = PCM_NOT_FOUND;
    while (pcm__index_next(&search, &number)) {
        uint32_t link = link_at(store, number);
        bool is_own = !is_aggregated || pcm__is_owned_by(store, link, self);
        bool is_wanted = is_own || (any && status == PCM_NOT_FOUND);
        if (!is_wanted || (pcm__is_owned(definition) && pcm__is_orphan(store, link)))
            continue;
        *out = (uint64_t)link * 8 + 1;
        status = PCM_OK;
        if (is_own)
            break;
    }
    return status;
}

static int create_series(struct pcm_store *store, uint32_t number, const pcm_bytes *values) {
    struct pcm__new_series new;
    uint64_t appended = 0;
    int status = pcm__new_series_prepare(store, number, values, (pcm_series_cells){0}, &appended, &new);
    return status == PCM_OK ? pcm__new_series_begin(store, &new) : status;
}

/*
 * What a dead process has left under these label values makes room for what is created next. Of what is aggregated many
 * may have left something, which is in nobody's way.
 */
static int remove_orphan(struct pcm_store *store, uint32_t family, const pcm_bytes *values) {
    struct pcm__index_search search = pcm__index_search(store, family, values);
    uint32_t number;
    if (pcm__index_family(&store->index, family)->definition.aggregation != PCM_AGGREGATION_NONE ||
        !pcm__index_next(&search, &number) || !pcm__is_orphan(store, link_at(store, number)))
        return PCM_OK;
    int status = pcm__life_end(store, link_at(store, number));
    return status == PCM_OK ? pcm__index_read(store) : status;
}

static bool values_fit(const pcm_bytes *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (values[i].size > PCM_MAX_STRING)
            return false;
    return true;
}

/* Whether there may be one more series, beside those that are about to be made in the family and in all. */
static bool fits(const struct pcm_store *store, uint32_t family, pcm_series_limits limits, uint32_t more_of_family,
                 uint32_t more) {
    uint64_t of_family = (uint64_t)pcm__index_family(&store->index, family)->series_count + more_of_family;
    uint64_t of_store = (uint64_t)pcm__index_lived_count(&store->index) + more;
    return (limits.of_family == 0 || of_family < limits.of_family) &&
           (limits.of_store == 0 || of_store < limits.of_store);
}

/* Passes NOT_FOUND on where one more series may be made. */
static int within(struct pcm_store *store, uint32_t family, pcm_series_limits limits) {
    if (fits(store, family, limits, 0, 0))
        return PCM_NOT_FOUND;
    pcm__count_refusal(store);
    return PCM_SERIES_LIMIT;
}

static int find_series(struct pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count, bool any,
                       uint32_t *number, pcm_series_id *out) {
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    const struct pcm__family *found = pcm__index_family_by_id(&store->index, family, number);
    if (status == PCM_OK && (found == NULL || found->definition.label_count != count || !values_fit(values, count)))
        status = PCM_ARGUMENT;
    if (status == PCM_OK)
        status = match_series(store, *number, values, any, out);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

int pcm_series_find(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                    pcm_series_id *out) {
    uint32_t number;
    return find_series(store, family, values, count, true, &number, out);
}

int pcm_family_list_series(pcm_store *store, pcm_family_id family, pcm_series_id *out, size_t size, size_t *count) {
    uint32_t wanted;
    *count = 0;
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    if (status == PCM_OK && pcm__index_family_by_id(&store->index, family, &wanted) == NULL)
        status = PCM_ARGUMENT;
    for (uint32_t number = 0; status == PCM_OK && number < pcm__index_series_count(&store->index); number++) {
        const struct pcm__series *series = pcm__index_series(&store->index, number);
        if (series->family != wanted || !pcm__life_is_lived(series->life))
            continue;
        if (*count < size)
            out[*count] = (uint64_t)series->record * 8 + 1;
        *count += 1;
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* Whether there is such a series now is of no account, so that no lock is needed. */
int pcm_series_label_values(const pcm_store *store, pcm_series_id series, pcm_bytes *values, uint32_t *count) {
    struct pcm__series_view view;
    int status = pcm__catalog_series_by_id(store, series, &view);
    if (status != PCM_OK)
        return status;
    for (uint32_t i = 0; i < view.label_count; i++)
        values[i] = pcm__catalog_label_value(&view, i);
    *count = view.label_count;
    return PCM_OK;
}

int pcm_series_bind(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                    pcm_series_id *out) {
    return pcm_series_bind_within(store, family, values, count, (pcm_series_limits){0}, out);
}

/* Without the file's lock at first: what runs into a limit once does so again and again. */
static int reject_early(struct pcm_store *store, uint32_t number, pcm_series_limits limits) {
    pthread_mutex_lock(&store->mutex);
    int status = store->read_only ? PCM_READ_ONLY : within(store, number, limits);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

int pcm_series_bind_within(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                           pcm_series_limits limits, pcm_series_id *out) {
    uint32_t number;
    int status = find_series(store, family, values, count, false, &number, out);
    if (status == PCM_NOT_FOUND)
        status = reject_early(store, number, limits);
    if (status != PCM_NOT_FOUND)
        return status;
    status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    status = remove_orphan(store, number, values);
    if (status == PCM_OK)
        status = match_series(store, number, values, false, out);
    if (status == PCM_NOT_FOUND)
        status = within(store, number, limits);
    if (status == PCM_NOT_FOUND) {
        status = create_series(store, number, values);
        if (status == PCM_OK)
            status = match_series(store, number, values, false, out);
    }
    pcm__store_unlock(store);
    return status;
}

/* Series that are asked for together. */
struct batch {
    const pcm_series_request *requests;
    uint32_t count;
    uint32_t at; /* of the request that is looked at */
    struct pcm__new_series *news;
    pcm_series_id *found;
    uint64_t appended; /* bytes that the new ones will append to the catalog */
};

static bool is_limited(const pcm_series_request *request) {
    return request->limits.of_family > 0 || request->limits.of_store > 0;
}

/* Whether one more may be made within its limits, beside those that something was taken for. */
static bool fits_beside(const struct pcm_store *store, const struct batch *batch, uint32_t family) {
    uint32_t of_family = 0;
    uint32_t of_store = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        of_store += batch->news[i].is_taken;
        of_family += batch->news[i].is_taken && batch->news[i].family == family;
    }
    return fits(store, family, batch->requests[batch->at].limits, of_family, of_store);
}

/* Takes what a new series needs; what has limits does without where they, or the store, have no room. */
static int prepare_new(struct pcm_store *store, struct batch *batch, uint32_t family) {
    const pcm_series_request *request = &batch->requests[batch->at];
    struct pcm__new_series *new = &batch->news[batch->at];
    *new = (struct pcm__new_series){.is_wanted = true, .family = family, .values = request->values};
    if (is_limited(request) && !fits_beside(store, batch, family)) {
        pcm__count_refusal(store);
        return PCM_OK;
    }
    int status = pcm__new_series_prepare(store, family, request->values, request->cells, &batch->appended, new);
    return is_limited(request) && (status == PCM_CAPACITY || status == PCM_NO_SPACE) ? PCM_OK : status;
}

/* Finds the series, or takes what a new one needs. */
static int prepare_one(struct pcm_store *store, struct batch *batch) {
    const pcm_series_request *request = &batch->requests[batch->at];
    pcm_series_id *found = &batch->found[batch->at];
    uint32_t number;
    const struct pcm__family *family = pcm__index_family_by_id(&store->index, request->family, &number);
    if (family == NULL || family->definition.label_count != request->count ||
        !values_fit(request->values, request->count))
        return PCM_ARGUMENT;
    int status = remove_orphan(store, number, request->values);
    if (status == PCM_OK)
        status = match_series(store, number, request->values, false, found);
    if (status == PCM_NOT_FOUND)
        return prepare_new(store, batch, number);
    return status == PCM_OK ? pcm__series_make_cells(store, *found, request->cells) : status;
}

/* What can be done without comes last, so that it takes nothing that others need. */
static int prepare_all(struct pcm_store *store, struct batch *batch) {
    for (int limited = 0; limited < 2; limited++) {
        for (batch->at = 0; batch->at < batch->count; batch->at++) {
            if (is_limited(&batch->requests[batch->at]) != limited)
                continue;
            int status = prepare_one(store, batch);
            if (status != PCM_OK)
                return status;
        }
    }
    return PCM_OK;
}

/* None of them is a series before there is room for all. */
static int bind_all(struct pcm_store *store, struct batch *batch) {
    int status = prepare_all(store, batch);
    bool is_refused = status != PCM_OK;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct pcm__new_series *new = &batch->news[i];
        if (!new->is_wanted)
            continue;
        /* The same may have been asked for before. */
        bool is_there = match_series(store, new->family, new->values, false, &batch->found[i]) == PCM_OK;
        if (!new->is_taken)
            continue;
        if (is_refused || is_there || status != PCM_OK) {
            pcm__new_series_give(store, new);
            continue;
        }
        batch->at = i;
        status = pcm__new_series_begin(store, new);
        if (status == PCM_OK)
            status = match_series(store, new->family, new->values, false, &batch->found[i]);
    }
    return status;
}

int pcm_series_bind_all(pcm_store *store, const pcm_series_request *requests, uint32_t count, pcm_series_id *out,
                        uint32_t *failed) {
    struct batch batch = {
        .requests = requests,
        .count = count,
        .news = calloc(count + 1ull, sizeof *batch.news),
        .found = calloc(count + 1ull, sizeof *batch.found),
    };
    int status = batch.news == NULL || batch.found == NULL ? PCM_NO_MEMORY : pcm__store_lock(store);
    if (status == PCM_OK) {
        status = bind_all(store, &batch);
        pcm__store_unlock(store);
    }
    if (status == PCM_OK)
        memcpy(out, batch.found, count * sizeof *out);
    else
        *failed = batch.at;
    free(batch.news);
    free(batch.found);
    return status;
}

/* ---------------------------------------------------------------- removal and reset */

/* Does something to the record of a series, and of what is aggregated to all under the same label values. */
static int apply_to(struct pcm_store *store, pcm_series_id series, int (*apply)(struct pcm_store *, uint32_t link)) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    int status = pcm__series_find(store, series, &view, &definition);
    if (status != PCM_OK || definition->aggregation == PCM_AGGREGATION_NONE)
        return status == PCM_OK ? apply(store, (uint32_t)((series - 1) / 8)) : status;
    pcm_bytes values[PCM_MAX_LABELS];
    uint32_t number;
    if (view.label_count != definition->label_count ||
        pcm__index_family_by_id(&store->index, view.family + 1, &number) == NULL)
        return PCM_CORRUPT;
    for (uint32_t i = 0; i < view.label_count; i++)
        values[i] = pcm__catalog_label_value(&view, i);
    struct pcm__index_search search = pcm__index_search(store, number, values);
    while (status == PCM_OK && pcm__index_next(&search, &number))
        status = apply(store, link_at(store, number));
    return status;
}

static int with_lock(struct pcm_store *store, pcm_series_id series, int (*apply)(struct pcm_store *, uint32_t link)) {
    int status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    status = apply_to(store, series, apply);
    if (status == PCM_OK)
        status = pcm__index_read(store);
    pcm__store_unlock(store);
    return status;
}

int pcm_series_remove(pcm_store *store, pcm_series_id series) {
    return with_lock(store, series, pcm__life_end);
}

int pcm_series_reset(pcm_store *store, pcm_series_id series) {
    return with_lock(store, series, pcm__series_reset);
}

int pcm_family_remove_all(pcm_store *store, pcm_family_id family) {
    uint32_t number;
    int status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    if (pcm__index_family_by_id(&store->index, family, &number) == NULL)
        status = PCM_ARGUMENT;
    uint32_t count = pcm__index_series_count(&store->index);
    for (uint32_t i = 0; status == PCM_OK && i < count; i++) {
        const struct pcm__series *series = pcm__index_series(&store->index, i);
        if (series->family == number && pcm__life_is_lived(series->life))
            status = pcm__life_end(store, series->record);
    }
    if (status == PCM_OK)
        status = pcm__index_read(store);
    pcm__store_unlock(store);
    return status;
}

/* Where a reset of a family is, and what it could not reset. */
struct reset {
    uint32_t next;
    uint32_t end; /* what is made meanwhile begins at 0 */
    int refusal;
};

/* Some of them, with the lock held. One that there is no room for keeps no other one from it. */
static int reset_some(struct pcm_store *store, pcm_family_id family, struct reset *reset) {
    uint32_t number;
    if (pcm__index_family_by_id(&store->index, family, &number) == NULL)
        return PCM_ARGUMENT;
    if (reset->next == 0)
        reset->end = pcm__index_series_count(&store->index);
    for (uint32_t left = RESET_AT_A_TIME; left > 0 && reset->next < reset->end; reset->next++) {
        const struct pcm__series *series = pcm__index_series(&store->index, reset->next);
        if (series->family != number || !pcm__life_is_lived(series->life))
            continue;
        int status = pcm__series_reset(store, series->record);
        if (status == PCM_CAPACITY || status == PCM_NO_SPACE)
            reset->refusal = status;
        else if (status != PCM_OK)
            return status;
        left--;
    }
    return PCM_OK;
}

int pcm_family_reset(pcm_store *store, pcm_family_id family) {
    /* Whoever waits gets the lock in between: each series is reset by itself. */
    const struct timespec pause = {.tv_nsec = RESET_PAUSE_NS};
    struct reset reset = {.refusal = PCM_OK};
    for (;;) {
        int status = pcm__store_lock(store);
        if (status != PCM_OK)
            return status;
        status = reset_some(store, family, &reset);
        pcm__store_unlock(store);
        if (status != PCM_OK || reset.next >= reset.end)
            return status == PCM_OK ? reset.refusal : status;
        nanosleep(&pause, NULL);
    }
}
