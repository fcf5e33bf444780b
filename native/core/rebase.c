/*
 * See rebase.h. What is under way is written into the header's page before the record says so. Of a counter or gauge that
 * is all of the change, and the double cell is what it begins with: where the record has the new one (or keeps its cell),
 * the change counts, and writing the rest again does no harm; else nothing has happened. So amounts that are added by others
 * after a death are neither lost nor counted twice. Of what has buckets the double cell comes last, so that it
 * is done where the cell has changed; else all buckets begin anew when it is finished.
 */
#include "rebase.h"

#include "cpu.h"
#include "exemplars.h"
#include "exponential.h"
#include "life.h"
#include "reserve.h"

#include <math.h>
#include <string.h>

static uint64_t load(const _Atomic uint64_t *word) {
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store_word(_Atomic uint64_t *word, uint64_t value) {
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static uint32_t double_cell_of(const struct pcm__series_record *record) {
    return atomic_load_explicit(&record->double_cell, memory_order_acquire);
}

static struct pcm__intent *intent_of(const struct pcm_store *store) {
    return (struct pcm__intent *)pcm__store_at(store, PCM__INTENT_OFFSET);
}

static uint64_t offset_of(const struct pcm_store *store, const struct pcm__series_record *record) {
    return (uint64_t)((const char *)record - pcm__store_at(store, store->geometry.catalog_offset));
}

/* ---------------------------------------------------------------- numbers of changes */

static uint64_t next_number(const struct pcm_store *store) {
    return load(&store->header->rebases) + 1;
}

/*
 * `rebase` of the record is odd meanwhile, and has a number that the header only reaches afterwards. A reader whose pass
 * began before that number reads the series again, by itself.
 */
uint64_t pcm__rebase_begin(struct pcm_store *store, struct pcm__series_record *record) {
    uint64_t number = next_number(store);
    /* Release: who sees it sees what is intended. */
    atomic_store_explicit(&record->rebase, number * 2 + 1, memory_order_release);
    atomic_thread_fence(memory_order_release);
    return number;
}

/* The header never goes back: a number that came twice would tell a reader that nothing has changed. */
static void complete(struct pcm_store *store, uint64_t number) {
    if (load(&store->header->rebases) < number)
        atomic_store_explicit(&store->header->rebases, number, memory_order_release);
}

void pcm__rebase_end(struct pcm_store *store, struct pcm__series_record *record, uint64_t number) {
    atomic_store_explicit(&record->rebase, number * 2, memory_order_release);
    complete(store, number);
}

/* ---------------------------------------------------------------- what is in the lanes */

static uint64_t sum_integers(const struct pcm_store *store, uint32_t cell) {
    uint64_t sum = 0;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        sum += load(pcm__store_word(store, lane, cell));
    return sum;
}

/* Lane after lane from 0 on, as readers do, who add the base last: minus this sum makes their value exactly 0. */
static double sum_doubles(const struct pcm_store *store, uint32_t cell, bool *any) {
    double sum = 0;
    *any = false;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++) {
        uint64_t bits = load(pcm__store_word(store, lane, cell));
        double value;
        memcpy(&value, &bits, sizeof value);
        sum += value;
        *any |= value != 0;
    }
    return sum;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* ---------------------------------------------------------------- what is to be done */

/* The cells of a series, checked. Those of integers are counted from 0, the double cell plus one. */
struct cells {
    uint32_t first;
    uint32_t count;
    uint32_t double_cell;
};

static int cells_of(const struct pcm_store *store, const struct pcm__series_record *record, uint32_t buckets,
                    struct cells *out) {
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_relaxed);
    uint32_t count = buckets > 0 ? buckets : 1;
    uint64_t capacity = store->geometry.capacity;
    *out = (struct cells){integer_cell - 1, integer_cell == 0 ? 0 : count, double_cell_of(record)};
    return integer_cell + (uint64_t)count - 1 > capacity || out->double_cell > capacity ? PCM_CORRUPT : PCM_OK;
}

/*
 * What is added to a lane is rounded to the size of what it holds already. For what comes after to be as exact as in a new
 * series, the series gets another cell, unless nothing was added to the one that it has; who looked that one up
 * just before still adds to it, and so before the set. Without room for another one, what the lanes hold is taken
 * out by the base, and roundings stay as large as it was. Where it is no number any more, nothing can take it out:
 * a counter or gauge is without a cell until it needs one, a histogram cannot be.
 */
static int restart_doubles(struct pcm_store *store, uint32_t double_cell, bool has_buckets,
                           struct pcm__rebase_view *out) {
    bool any;
    uint32_t none;
    uint32_t fresh;
    double sum = sum_doubles(store, double_cell - 1, &any);
    out->double_cell = double_cell;
    if (!any)
        return PCM_OK;
    int status = PCM_CAPACITY;
    if (pcm__life_may_retire(store) || !isfinite(sum))
        status = pcm__try_cells(store, PCM__CELL_DOUBLE, 0, 1, &none, &fresh);
    if (status == PCM_OK)
        out->double_cell = fresh + 1;
    if (status != PCM_CAPACITY && status != PCM_NO_SPACE)
        return status;
    if (isfinite(sum)) {
        out->double_base = bits_of(-sum);
    } else if (!has_buckets) {
        out->double_cell = 0;
    } else {
        pcm__count_refusal(store);
        return status;
    }
    return PCM_OK;
}

/* The fence keeps what is written from being seen before the last change has ended. */
static void intend(struct pcm_store *store, const struct pcm__series_record *record, uint32_t double_cell,
                   const struct pcm__rebase_view *change) {
    struct pcm__intent *intent = intent_of(store);
    atomic_thread_fence(memory_order_release);
    store_word(&intent->series, offset_of(store, record));
    store_word(&intent->set_bits, change->set_bits);
    store_word(&intent->integer_base, change->integer_base);
    store_word(&intent->double_base, change->double_base);
    atomic_store_explicit(&intent->double_cell, change->double_cell, memory_order_relaxed);
    atomic_store_explicit(&intent->double_cell_before, double_cell, memory_order_relaxed);
    store_word(&intent->rebase, next_number(store) * 2 + 1);
}

bool pcm__rebase_foresee(const struct pcm_store *store, const struct pcm__series_record *record, uint64_t rebase,
                         struct pcm__rebase_view *out) {
    const struct pcm__intent *intent = intent_of(store);
    uint32_t before = atomic_load_explicit(&intent->double_cell_before, memory_order_relaxed);
    bool is_intended =
        rebase % 2 == 1 && load(&intent->rebase) == rebase && load(&intent->series) == offset_of(store, record);
    *out = (struct pcm__rebase_view){
        .set_bits = load(&intent->set_bits),
        .integer_base = load(&intent->integer_base),
        .double_base = load(&intent->double_base),
        .double_cell = atomic_load_explicit(&intent->double_cell, memory_order_relaxed),
    };
    out->is_done = out->double_cell != before && double_cell_of(record) == out->double_cell;
    atomic_thread_fence(memory_order_acquire);
    return is_intended && out->double_cell <= store->geometry.capacity && load(&record->rebase) == rebase;
}

/* ---------------------------------------------------------------- doing it */

/*
 * From now on the series has another double cell, or none. Whoever observes and finds that one has moved finds where to.
 * That it moves is told first: should this process die in between, they look in vain, and nobody goes on adding to a
 * cell that no series has.
 */
static void move_doubles(struct pcm_store *store, struct pcm__series_record *record, bool has_buckets, uint32_t to) {
    if (has_buckets)
        atomic_fetch_add_explicit(pcm__rebase_moves(store), 1, memory_order_release);
    atomic_store_explicit(&record->double_cell, to, memory_order_release);
}

static void change_doubles(struct pcm_store *store, struct pcm__series_record *record, bool has_buckets,
                           const struct pcm__rebase_view *change) {
    if (change->double_cell != double_cell_of(record))
        move_doubles(store, record, has_buckets, change->double_cell);
    else if (change->double_cell != 0)
        store_word(pcm__store_base(store, change->double_cell - 1), change->double_base);
}

/* Can be done again from any step on. */
static void apply_number(struct pcm_store *store, struct pcm__series_record *record, const struct cells *cells,
                         const struct pcm__rebase_view *change) {
    change_doubles(store, record, false, change);
    atomic_thread_fence(memory_order_release);
    if (cells->count > 0)
        store_word(pcm__store_base(store, cells->first), change->integer_base);
    store_word(&record->set_bits, change->set_bits);
}

static void apply_buckets(struct pcm_store *store, struct pcm__series_record *record, const struct cells *cells,
                          const struct pcm__rebase_view *change) {
    for (uint32_t cell = cells->first; cell < cells->first + cells->count; cell++)
        store_word(pcm__store_base(store, cell), -sum_integers(store, cell));
    change_doubles(store, record, true, change);
}

/* Exemplars of the same millisecond are not told by the time. */
static void restart_time(struct pcm_store *store, struct pcm__series_record *record, pcm_type type) {
    if (pcm__is_like_gauge(type))
        return;
    pcm__exemplars_forget(store, record);
    store_word(&record->created_at_ms, pcm__now_ms());
}

int pcm__rebase(struct pcm_store *store, struct pcm__series_record *record, const pcm_family_definition *definition,
                double value) {
    uint32_t buckets = pcm_definition_bucket_count(definition);
    struct cells cells;
    struct pcm__rebase_view change = {.set_bits = bits_of(value)};
    int status = cells_of(store, record, buckets, &cells);
    if (status == PCM_OK && cells.double_cell != 0)
        status = restart_doubles(store, cells.double_cell, buckets > 0, &change);
    if (status != PCM_OK)
        return status;
    if (buckets == 0 && cells.count > 0)
        change.integer_base = -sum_integers(store, cells.first);
    intend(store, record, cells.double_cell, &change);
    uint64_t number = pcm__rebase_begin(store, record);
    if (buckets > 0)
        apply_buckets(store, record, &cells, &change);
    else
        apply_number(store, record, &cells, &change);
    if (change.double_cell != cells.double_cell)
        pcm__life_retire_double(store, cells.double_cell - 1);
    restart_time(store, record, definition->type);
    pcm__rebase_end(store, record, number);
    return PCM_OK;
}

/* ---------------------------------------------------------------- repair */

/* The double cell that is given away waits with all that no series has when the rest is repaired. */
static int finish(struct pcm_store *store, struct pcm__series_record *record, const struct pcm__rebase_view *intended) {
    uint32_t number;
    struct cells cells;
    struct pcm__rebase_view change = *intended;
    const struct pcm__family *family = pcm__index_family_by_id(&store->index, record->family + 1, &number);
    if (family == NULL)
        return PCM_CORRUPT;
    uint32_t buckets = pcm_definition_bucket_count(&family->definition);
    int status = cells_of(store, record, buckets, &cells);
    if (status != PCM_OK)
        return status;
    /* What has buckets has both kinds of cells from the start. */
    if (buckets > 0 && (cells.count == 0 || cells.double_cell == 0 || change.double_cell == 0))
        return PCM_CORRUPT;
    /* Nothing has happened. */
    if (buckets == 0 && change.double_cell != cells.double_cell)
        return PCM_OK;
    if (buckets == 0) {
        apply_number(store, record, &cells, &change);
    } else if (!change.is_done) {
        bool any = false;
        double sum = cells.double_cell == change.double_cell ? sum_doubles(store, cells.double_cell - 1, &any) : 0;
        /* What is infinite by now cannot be taken out. */
        change.double_base = any && isfinite(sum) ? bits_of(-sum) : 0;
        apply_buckets(store, record, &cells, &change);
    }
    restart_time(store, record, family->definition.type);
    return PCM_OK;
}

static int repair_record(struct pcm_store *store, struct pcm__series_record *record) {
    uint64_t rebase = load(&record->rebase);
    struct pcm__rebase_view change;
    if (!pcm__life_is_lived(atomic_load_explicit(&record->life, memory_order_relaxed)))
        return PCM_OK;
    if (rebase % 2 == 0) {
        /* Its process may have died before the header had the number. */
        complete(store, rebase / 2);
        return PCM_OK;
    }
    int status = pcm__rebase_foresee(store, record, rebase, &change) ? finish(store, record, &change) : PCM_OK;
    if (status == PCM_OK)
        pcm__rebase_end(store, record, rebase / 2);
    return status;
}

int pcm__rebase_repair(struct pcm_store *store) {
    int status = PCM_OK;
    uint32_t count = pcm__index_series_count(&store->index);
    for (uint32_t i = 0; status == PCM_OK && i < count; i++) {
        struct pcm__series_record *record = pcm__life_record(store, pcm__index_series(&store->index, i)->record);
        status = record == NULL ? PCM_CORRUPT : repair_record(store, record);
    }
    /* Its number may be another change's next. */
    if (status == PCM_OK)
        store_word(&intent_of(store)->rebase, 0);
    return status;
}
