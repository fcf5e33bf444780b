/*
 * Families and series, found or created under the store's lock, and the operations on them that are more than adding
 * to a cell. Most callers find what they look for without the file's lock: what is committed never changes.
 */
#include "catalog.h"
#include "exponential.h"
#include "lock.h"
#include "names.h"
#include "reserve.h"

#include <math.h>
#include <string.h>

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

/* Cells that a new series has from the start; a gauge gets its own when something is added to it. */
static uint32_t first_integers(const pcm_family_definition *definition) {
    return definition->type == PCM_COUNTER ? 1 : pcm_definition_bucket_count(definition);
}

static uint32_t first_doubles(const pcm_family_definition *definition) {
    return pcm__has_buckets(definition->type) ? 1 : 0;
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
    if (status == PCM_NOT_FOUND) {
        /* A family that no series fits into would only occupy its name. */
        status = pcm__reserve_room(store, first_integers(definition), first_doubles(definition));
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

static int match_series(const struct pcm_store *store, uint32_t family, const pcm_bytes *values, pcm_series_id *out) {
    uint32_t number;
    int status = pcm__index_find_series(store, family, values, &number);
    if (status == PCM_OK)
        *out = (uint64_t)pcm__index_series(&store->index, number)->record * 8 + 1;
    return status;
}

static int create_series(struct pcm_store *store, uint32_t number, const pcm_bytes *values) {
    const struct pcm__family *family = pcm__index_family(&store->index, number);
    uint32_t count = family->definition.label_count;
    uint64_t bytes = sizeof(struct pcm__series_record) + 8;
    uint32_t integers = first_integers(&family->definition);
    uint32_t doubles = first_doubles(&family->definition);
    uint32_t integer_cell;
    uint32_t double_cell;
    for (uint32_t i = 0; i < count; i++)
        bytes += sizeof(uint16_t) + values[i].size;
    /* The catalog first: cells taken for a record that does not fit would be lost. */
    int status = pcm__reserve_catalog(store, bytes);
    if (status == PCM_OK)
        status = pcm__reserve_cells(store, integers, doubles, &integer_cell, &double_cell);
    if (status == PCM_OK)
        status = pcm__catalog_append_series(store, family->id - 1, values, count, integers > 0 ? integer_cell + 1 : 0,
                                            doubles > 0 ? double_cell + 1 : 0);
    return status == PCM_OK ? pcm__index_read(store) : status;
}

static bool values_fit(const pcm_bytes *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (values[i].size > PCM_MAX_STRING)
            return false;
    return true;
}

/* Passes NOT_FOUND on where one more series may be made. */
static int within(struct pcm_store *store, uint32_t family, pcm_series_limits limits) {
    uint32_t of_family = pcm__index_family(&store->index, family)->series_count;
    if ((limits.of_family == 0 || of_family < limits.of_family) &&
        (limits.of_store == 0 || pcm__index_series_count(&store->index) < limits.of_store))
        return PCM_NOT_FOUND;
    pcm__count_refusal(store);
    return PCM_SERIES_LIMIT;
}

int pcm_series_bind(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                    pcm_series_id *out) {
    return pcm_series_bind_within(store, family, values, count, (pcm_series_limits){0}, out);
}

int pcm_series_bind_within(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                           pcm_series_limits limits, pcm_series_id *out) {
    uint32_t number;
    pthread_mutex_lock(&store->mutex);
    int status = pcm__index_read(store);
    const struct pcm__family *found = pcm__index_family_by_id(&store->index, family, &number);
    if (status == PCM_OK && (found == NULL || found->definition.label_count != count || !values_fit(values, count)))
        status = PCM_ARGUMENT;
    if (status == PCM_OK)
        status = match_series(store, number, values, out);
    /* Without the file's lock at first: what runs into a limit once does so again and again. */
    if (status == PCM_NOT_FOUND && !store->read_only)
        status = within(store, number, limits);
    pthread_mutex_unlock(&store->mutex);
    if (status != PCM_NOT_FOUND)
        return status;
    status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    status = match_series(store, number, values, out);
    if (status == PCM_NOT_FOUND)
        status = within(store, number, limits);
    if (status == PCM_NOT_FOUND) {
        status = create_series(store, number, values);
        if (status == PCM_OK)
            status = match_series(store, number, values, out);
    }
    pcm__store_unlock(store);
    return status;
}

/* ---------------------------------------------------------------- cells of a series */

/* The series and its family's definition; the id may come from anywhere. */
static int find_series(const struct pcm_store *store, pcm_series_id id, struct pcm__series_view *view,
                       const pcm_family_definition **definition) {
    uint32_t number;
    int status = pcm__catalog_series_by_id(store, id, view);
    if (status != PCM_OK)
        return status;
    const struct pcm__family *family = pcm__index_family_by_id(&store->index, view->family + 1, &number);
    if (family == NULL)
        return PCM_CORRUPT;
    *definition = &family->definition;
    return PCM_OK;
}

/*
 * The integer or the double cell of a counter or gauge, made under the lock if there is none yet. It is published last,
 * with release: whoever adds to it finds it zeroed, and `set` finds that something may have been added.
 */
static int lazy_cell(struct pcm_store *store, pcm_series_id id, bool is_double, uint32_t *out) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    int status = find_series(store, id, &view, &definition);
    if (status != PCM_OK)
        return status;
    if (pcm__has_buckets(definition->type))
        return PCM_ARGUMENT;
    _Atomic uint32_t *field = is_double ? &view.record->double_cell : &view.record->integer_cell;
    uint32_t cell = atomic_load_explicit(field, memory_order_acquire);
    if (cell == 0) {
        status = pcm__store_lock(store);
        if (status != PCM_OK)
            return status;
        cell = atomic_load_explicit(field, memory_order_acquire);
        if (cell == 0) {
            uint32_t integer = 0;
            uint32_t real = 0;
            status = pcm__reserve_cells(store, !is_double, is_double, &integer, &real);
            cell = (is_double ? real : integer) + 1;
            if (status == PCM_OK)
                atomic_store_explicit(field, cell, memory_order_seq_cst);
        }
        pcm__store_unlock(store);
    }
    if (status == PCM_OK && cell > store->geometry.capacity)
        status = PCM_CORRUPT;
    if (status == PCM_OK)
        *out = cell - 1;
    return status;
}

int pcm_series_cell(pcm_store *store, pcm_series_id series, uint32_t *out) {
    return lazy_cell(store, series, false, out);
}

int pcm_series_add_double(pcm_store *store, pcm_series_id series, double amount) {
    uint32_t cell;
    if (!isfinite(amount))
        return PCM_AMOUNT;
    if (store->read_only)
        return PCM_READ_ONLY;
    int status = lazy_cell(store, series, true, &cell);
    if (status == PCM_OK)
        pcm__cell_add_double(store, cell, amount);
    return status;
}

/* ---------------------------------------------------------------- gauges */

static uint64_t sum_integers(const struct pcm_store *store, uint32_t cell) {
    uint64_t sum = 0;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        sum += atomic_load_explicit(pcm__store_word(store, lane, cell), memory_order_relaxed);
    return sum;
}

/* Lane after lane from 0 on, as readers do, who add the base last: minus this sum makes their value exactly 0. */
static double sum_doubles(const struct pcm_store *store, uint32_t cell, double *largest) {
    double sum = 0;
    *largest = 0;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++) {
        uint64_t bits = atomic_load_explicit(pcm__store_word(store, lane, cell), memory_order_relaxed);
        double value;
        memcpy(&value, &bits, sizeof value);
        sum += value;
        if (!(fabs(value) <= *largest))
            *largest = fabs(value);
    }
    return sum;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Lanes beyond this swallow fractions that are added to them later; infinite ones never get back to a number. */
#define LARGEST_LANE 4294967296.0 /* 2^32 */

/*
 * Takes what a double cell holds out of the value; where that has become too large for what is to come, by giving the
 * gauge another cell, if there is one. Who still adds to the old one does so before the set.
 */
static void rebase_double(struct pcm_store *store, struct pcm__series_record *record, uint32_t cell) {
    uint32_t none;
    uint32_t fresh;
    double largest;
    double sum = sum_doubles(store, cell, &largest);
    if (!(largest <= LARGEST_LANE) && pcm__reserve_cells(store, 0, 1, &none, &fresh) == PCM_OK)
        atomic_store_explicit(&record->double_cell, fresh + 1, memory_order_release);
    else
        atomic_store_explicit(pcm__store_base(store, cell), bits_of(-sum), memory_order_relaxed);
}

/*
 * Changes the bases of a gauge's cells to minus what their lanes hold, and its set value, so that readers see all or
 * nothing: `rebase` is odd meanwhile, and has a number that the header only reaches afterwards. A reader whose pass
 * began before that number reads the gauge again, by itself. With the lock held.
 */
static int rebase(struct pcm_store *store, struct pcm__series_record *record, double value) {
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_relaxed);
    uint32_t double_cell = atomic_load_explicit(&record->double_cell, memory_order_relaxed);
    if (integer_cell > store->geometry.capacity || double_cell > store->geometry.capacity)
        return PCM_CORRUPT;
    uint64_t number = atomic_load_explicit(&store->header->rebases, memory_order_relaxed) + 1;
    atomic_store_explicit(&record->rebase, number * 2 + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    if (integer_cell != 0)
        atomic_store_explicit(pcm__store_base(store, integer_cell - 1), -sum_integers(store, integer_cell - 1),
                              memory_order_relaxed);
    if (double_cell != 0)
        rebase_double(store, record, double_cell - 1);
    atomic_store_explicit(&record->set_bits, bits_of(value), memory_order_relaxed);
    atomic_store_explicit(&record->rebase, number * 2, memory_order_release);
    atomic_store_explicit(&store->header->rebases, number, memory_order_release);
    return PCM_OK;
}

int pcm_gauge_set(pcm_store *store, pcm_series_id series, double value) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    if (store->read_only)
        return PCM_READ_ONLY;
    int status = find_series(store, series, &view, &definition);
    if (status != PCM_OK)
        return status;
    if (!pcm__is_like_gauge(definition->type))
        return PCM_ARGUMENT;
    /* Nothing was ever added: one store. An add that begins meanwhile comes after this set. */
    if (atomic_load_explicit(&view.record->integer_cell, memory_order_seq_cst) == 0 &&
        atomic_load_explicit(&view.record->double_cell, memory_order_seq_cst) == 0) {
        atomic_store_explicit(&view.record->set_bits, bits_of(value), memory_order_relaxed);
        return PCM_OK;
    }
    status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    status = rebase(store, view.record, value);
    pcm__store_unlock(store);
    return status;
}

/* ---------------------------------------------------------------- histograms */

int pcm_histogram_bind(pcm_store *store, pcm_series_id series, pcm_histogram *out) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    int status = find_series(store, series, &view, &definition);
    if (status != PCM_OK)
        return status;
    uint32_t buckets = pcm_definition_bucket_count(definition);
    if (buckets == 0)
        return PCM_ARGUMENT;
    uint32_t first = atomic_load_explicit(&view.record->integer_cell, memory_order_relaxed);
    uint32_t sum = atomic_load_explicit(&view.record->double_cell, memory_order_relaxed);
    uint64_t capacity = store->geometry.capacity;
    if (first == 0 || sum == 0 || sum > capacity || first - 1 + (uint64_t)buckets > capacity)
        return PCM_CORRUPT;
    *out = (pcm_histogram){
        .bounds = definition->bounds,
        .bound_count = definition->bound_count,
        .first_cell = first - 1,
        .sum_cell = sum - 1,
        .is_exponential = definition->type != PCM_HISTOGRAM,
    };
    if (out->is_exponential)
        pcm_definition_exponential(definition, &out->exponential);
    return PCM_OK;
}

/* Number of the first bound that is not below the value; compiled to conditional moves. */
static uint32_t find_bucket(const double *bounds, uint32_t count, double value) {
    const double *low = bounds;
    while (count > 0) {
        uint32_t half = count / 2;
        bool above = low[half] < value;
        low = above ? low + half + 1 : low;
        count = above ? count - half - 1 : half;
    }
    return (uint32_t)(low - bounds);
}

int pcm_histogram_observe(pcm_store *store, const pcm_histogram *histogram, double value) {
    if (!isfinite(value))
        return PCM_AMOUNT;
    uint32_t bucket = histogram->is_exponential ? pcm__exponential_cell(&histogram->exponential, value)
                                                : find_bucket(histogram->bounds, histogram->bound_count, value);
    pcm__cell_add(store, histogram->first_cell + bucket, 1);
    pcm__cell_add_double(store, histogram->sum_cell, value);
    return PCM_OK;
}
