/*
 * What is counted in a series beyond adding to a cell: cells that are made when they are first needed, sets and resets,
 * observations. None of it stores into a lane.
 */
#include "amounts.h"

#include "cpu.h"
#include "exponential.h"
#include "life.h"
#include "lock.h"
#include "rebase.h"
#include "reserve.h"

#include <math.h>
#include <string.h>

uint32_t pcm__first_integers(const pcm_family_definition *definition) {
    return definition->type == PCM_COUNTER ? 1 : pcm_definition_bucket_count(definition);
}

uint32_t pcm__first_doubles(const pcm_family_definition *definition) {
    return pcm__has_buckets(definition->type) ? 1 : 0;
}

int pcm__series_find(const struct pcm_store *store, pcm_series_id id, struct pcm__series_view *view,
                     const pcm_family_definition **definition) {
    uint32_t number;
    int status = pcm__catalog_series_by_id(store, id, view);
    if (status != PCM_OK)
        return status;
    if (!pcm__life_is_lived(atomic_load_explicit(&view->record->life, memory_order_acquire)))
        return PCM_REMOVED;
    const struct pcm__family *family = pcm__index_family_by_id(&store->index, view->family + 1, &number);
    if (family == NULL)
        return PCM_CORRUPT;
    *definition = &family->definition;
    return PCM_OK;
}

/* ---------------------------------------------------------------- cells of a series */

/* A cell that another series had may be in a reader's pass with what it held then: hence the change. `out` is plus one. */
static int make_cell(struct pcm_store *store, struct pcm__series_record *record, bool is_signed, bool is_double,
                     uint32_t *out) {
    uint32_t integer = 0;
    uint32_t real = 0;
    enum pcm__cell_kind kind = is_signed ? PCM__CELL_SIGNED : PCM__CELL_COUNT;
    int status = pcm__reserve_cells(store, kind, !is_double, is_double, &integer, &real);
    if (status != PCM_OK)
        return status;
    *out = (is_double ? real : integer) + 1;
    uint64_t number = pcm__rebase_begin(store, record);
    atomic_store_explicit(is_double ? &record->double_cell : &record->integer_cell, *out, memory_order_seq_cst);
    pcm__rebase_end(store, record, number);
    return PCM_OK;
}

/*
 * The integer or the double cell of a counter or gauge, made under the lock if there is none yet. It is published last,
 * with release: whoever adds to it finds it zeroed, and `set` finds that something may have been added. A set may take
 * the double cell away again: what is then added to the one that was found comes before the set.
 */
static int lazy_cell(struct pcm_store *store, pcm_series_id id, bool is_double, uint32_t *out) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    int status = pcm__series_find(store, id, &view, &definition);
    if (status != PCM_OK)
        return status;
    if (pcm__has_buckets(definition->type))
        return PCM_ARGUMENT;
    const _Atomic uint32_t *field = is_double ? &view.record->double_cell : &view.record->integer_cell;
    uint32_t cell = atomic_load_explicit(field, memory_order_acquire);
    if (cell == 0) {
        status = pcm__store_lock(store);
        if (status != PCM_OK)
            return status;
        /* It may have been removed, or given the cell, while this thread waited. */
        status = pcm__series_find(store, id, &view, &definition);
        if (status == PCM_OK)
            cell = atomic_load_explicit(field, memory_order_acquire);
        if (status == PCM_OK && cell == 0)
            status = make_cell(store, view.record, pcm__is_like_gauge(definition->type), is_double, &cell);
        pcm__store_unlock(store);
    }
    if (status == PCM_OK && cell > store->geometry.capacity)
        status = PCM_CORRUPT;
    if (status == PCM_OK)
        *out = cell - 1;
    return status;
}

int pcm__series_make_cells(struct pcm_store *store, pcm_series_id id, pcm_series_cells cells) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    uint32_t made;
    int status = pcm__series_find(store, id, &view, &definition);
    if (status != PCM_OK || pcm__has_buckets(definition->type))
        return status;
    bool is_signed = pcm__is_like_gauge(definition->type);
    if (cells.integer && atomic_load_explicit(&view.record->integer_cell, memory_order_relaxed) == 0)
        status = make_cell(store, view.record, is_signed, false, &made);
    if (status == PCM_OK && cells.fraction &&
        atomic_load_explicit(&view.record->double_cell, memory_order_relaxed) == 0)
        status = make_cell(store, view.record, is_signed, true, &made);
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

int pcm__series_reset(struct pcm_store *store, uint32_t link) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    int status = pcm__series_find(store, (uint64_t)link * 8 + 1, &view, &definition);
    /* Of what is always 1 there is nothing to be forgotten. */
    if (status != PCM_OK || definition->type == PCM_INFO)
        return status;
    status = pcm__rebase(store, view.record, definition, 0);
    if (status == PCM_OK && pcm__is_like_gauge(definition->type))
        atomic_store_explicit(&view.record->created_at_ms, pcm__now_ms(), memory_order_relaxed);
    return status;
}

int pcm_gauge_set(pcm_store *store, pcm_series_id series, double value) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    if (store->read_only)
        return PCM_READ_ONLY;
    int status = pcm__series_find(store, series, &view, &definition);
    if (status != PCM_OK)
        return status;
    if (!pcm__is_like_gauge(definition->type))
        return PCM_ARGUMENT;
    /*
     * Nothing was ever added: one store. An add that begins meanwhile comes after this set. One whose setter died half-way
     * is finished first.
     */
    if (atomic_load_explicit(&view.record->integer_cell, memory_order_seq_cst) == 0 &&
        atomic_load_explicit(&view.record->double_cell, memory_order_seq_cst) == 0 &&
        atomic_load_explicit(&view.record->rebase, memory_order_relaxed) % 2 == 0) {
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        atomic_store_explicit(&view.record->set_bits, bits, memory_order_relaxed);
        return PCM_OK;
    }
    return pcm_gauge_set_all(store, &series, &value, 1);
}

/* All are looked up before any is written: with the lock held, none can be removed in between. */
static int set_all(struct pcm_store *store, const pcm_series_id *series, const double *values, uint32_t count) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    int status = PCM_OK;
    for (uint32_t i = 0; status == PCM_OK && i < count; i++) {
        status = pcm__series_find(store, series[i], &view, &definition);
        if (status == PCM_OK && !pcm__is_like_gauge(definition->type))
            status = PCM_ARGUMENT;
    }
    for (uint32_t i = 0; status == PCM_OK && i < count; i++) {
        status = pcm__series_find(store, series[i], &view, &definition);
        if (status == PCM_OK)
            status = pcm__rebase(store, view.record, definition, values[i]);
    }
    return status;
}

int pcm_gauge_set_all(pcm_store *store, const pcm_series_id *series, const double *values, uint32_t count) {
    int status = pcm__store_lock(store);
    if (status != PCM_OK)
        return status;
    status = set_all(store, series, values, count);
    pcm__store_unlock(store);
    return status;
}

/* ---------------------------------------------------------------- histograms */

int pcm_histogram_bind(pcm_store *store, pcm_series_id series, pcm_histogram *out) {
    struct pcm__series_view view;
    const pcm_family_definition *definition;
    int status = pcm__series_find(store, series, &view, &definition);
    if (status != PCM_OK)
        return status;
    uint32_t buckets = pcm_definition_bucket_count(definition);
    if (buckets == 0)
        return PCM_ARGUMENT;
    /* Before the cell: a reset in between makes them disagree. */
    uint64_t moves = atomic_load_explicit(pcm__rebase_moves(store), memory_order_acquire);
    /* One that is under way may have told before the cell changes: then the record is looked at each time. */
    bool is_moving = atomic_load_explicit(&view.record->rebase, memory_order_acquire) % 2 == 1;
    uint32_t first = atomic_load_explicit(&view.record->integer_cell, memory_order_relaxed);
    uint32_t sum = atomic_load_explicit(&view.record->double_cell, memory_order_acquire);
    uint64_t capacity = store->geometry.capacity;
    if (first == 0 || sum == 0 || sum > capacity || first - 1 + (uint64_t)buckets > capacity)
        return PCM_CORRUPT;
    *out = (pcm_histogram){
        .bounds = definition->bounds,
        .bound_count = definition->bound_count,
        .first_cell = first - 1,
        .sum_cell = sum - 1,
        .moves = is_moving ? moves - 1 : moves,
        .sum_field = (const uint32_t *)&view.record->double_cell,
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

/*
 * Some sum has got another cell since the histogram was bound. Only then is the record looked at, as that is one more
 * line of memory for each series. Acquire: the lanes of the cell are zeroed. Where there is none, the number is no cell's.
 */
static __attribute__((noinline)) uint32_t find_sum_cell(const pcm_histogram *histogram) {
    return __atomic_load_n(histogram->sum_field, __ATOMIC_ACQUIRE) - 1;
}

int pcm_histogram_observe(pcm_store *store, const pcm_histogram *histogram, double value) {
    if (!isfinite(value))
        return PCM_AMOUNT;
    uint32_t bucket = histogram->is_exponential ? pcm__exponential_cell(&histogram->exponential, value)
                                                : find_bucket(histogram->bounds, histogram->bound_count, value);
    pcm__cell_add(store, histogram->first_cell + bucket, 1);
    uint32_t sum_cell = histogram->sum_cell;
    if (__builtin_expect(atomic_load_explicit(pcm__rebase_moves(store), memory_order_acquire) != histogram->moves, 0))
        sum_cell = find_sum_cell(histogram);
    if (pcm__cell_exists(store, sum_cell))
        pcm__cell_add_double(store, sum_cell, value);
    return PCM_OK;
}
