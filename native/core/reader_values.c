/*
 * Values of a reader, taken from the sums of its last pass. Right after the pass all that is needed of the records is
 * copied, so that whatever is removed from then on is read as it was.
 */
#include "aggregation.h"
#include "catalog.h"
#include "exponential.h"
#include "life.h"
#include "lock.h"
#include "reader.h"
#include "rebase.h"
#include "slots.h"

#include <math.h>
#include <sched.h>
#include <string.h>

/* A series that is being changed is read again so many times at most: who changes it may have died half-way. */
#define MOST_REREADS 1000
/* So many times it is waited for, before what the change will have made of it is shown. */
#define PATIENT_REREADS 100
/* After each so many, whether there is anybody to wait for at all: hardly any change takes that long. */
#define REREADS_A_QUESTION 10

/* Records that are asked for before their turn. */
#define FETCHED_AHEAD 16u

#define LARGEST_DOUBLE 9007199254740992.0 /* 2^53 */
#define LARGEST_INT64  9223372036854775808.0

static const pcm_family_definition *definition_of(const pcm_reader *reader, uint32_t series) {
    return pcm_reader_family(reader, reader->series[series].family);
}

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

static uint64_t integer_in_lanes(const pcm_store *store, uint32_t cell) {
    uint64_t sum = 0;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        sum += load(pcm__store_word(store, lane, cell));
    return sum;
}

static uint64_t integer_now(const pcm_store *store, uint32_t cell) {
    return integer_in_lanes(store, cell) + load(pcm__store_base(store, cell));
}

static double double_in_lanes(const pcm_store *store, uint32_t cell) {
    double sum = 0;
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(store); lane++)
        sum += as_double(load(pcm__store_word(store, lane, cell)));
    return sum;
}

/* The base comes last, as in the pass. */
static double double_now(const pcm_store *store, uint32_t cell) {
    return double_in_lanes(store, cell) + as_double(load(pcm__store_base(store, cell)));
}

/* ---------------------------------------------------------------- after the pass */

/* From the pass, or from the words as they are now. */
static inline struct pcm__parts collect(const pcm_reader *reader, const struct pcm__series_record *record, bool now) {
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

/* What a change that is under way makes of it; false where it does not count yet, or is none of the value. */
static bool foresee_parts(const pcm_reader *reader, const struct pcm__series_record *record, uint64_t rebase,
                          struct pcm__parts *out) {
    struct pcm__rebase_view change;
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_acquire);
    uint32_t double_cell = atomic_load_explicit(&record->double_cell, memory_order_acquire);
    struct pcm__parts parts = {0};
    if (rebase % 2 == 0 || integer_cell > reader->store->geometry.capacity ||
        double_cell > reader->store->geometry.capacity)
        return false;
    if (integer_cell != 0)
        parts.integer = (int64_t)integer_in_lanes(reader->store, integer_cell - 1);
    if (double_cell != 0)
        parts.fraction = double_in_lanes(reader->store, double_cell - 1);
    if (!pcm__rebase_foresee(reader->store, record, rebase, &change) || change.double_cell != double_cell)
        return false;
    parts.set = as_double(change.set_bits);
    if (integer_cell != 0)
        parts.integer = (int64_t)((uint64_t)parts.integer + change.integer_base);
    if (double_cell != 0)
        parts.fraction += as_double(change.double_base);
    *out = parts;
    return true;
}

static bool is_whole(double value, double limit) {
    return fabs(value) < limit && trunc(value) == value && !(value == 0 && signbit(value));
}

pcm_number pcm__reader_number(struct pcm__parts parts) {
    int64_t sum;
    if (is_whole(parts.set, LARGEST_INT64) && is_whole(parts.fraction, LARGEST_DOUBLE) &&
        !__builtin_add_overflow(parts.integer, (int64_t)parts.set, &sum) &&
        !__builtin_add_overflow(sum, (int64_t)parts.fraction, &sum))
        return (pcm_number){.is_integer = true, .integer = sum, .real = (double)sum};
    if (parts.integer == 0 && parts.fraction == 0)
        return (pcm_number){.real = parts.set};
    return (pcm_number){.real = parts.set + (double)parts.integer + parts.fraction};
}

/* Neither was it ever set nor is there a fraction: nearly every counter. */
static inline bool is_integer_only(struct pcm__parts parts) {
    uint64_t set_bits;
    uint64_t fraction_bits;
    memcpy(&set_bits, &parts.set, sizeof set_bits);
    memcpy(&fraction_bits, &parts.fraction, sizeof fraction_bits);
    return (set_bits | fraction_bits) == 0;
}

static inline void collect_number(const pcm_reader *reader, const struct pcm__series_record *record, bool now,
                                  struct pcm__settled *out) {
    struct pcm__parts parts = collect(reader, record, now);
    if (is_integer_only(parts)) {
        out->kind = PCM__INTEGER;
        out->integer = parts.integer;
    } else {
        pcm__settled_set(out, pcm__reader_number(parts));
    }
}

/* First integer cell and the double cell of a series with buckets, checked against the capacity. */
static int bucket_cells(const pcm_reader *reader, const struct pcm__series_record *record, uint32_t buckets,
                        uint32_t *first, uint32_t *sum) {
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_relaxed);
    uint32_t double_cell = atomic_load_explicit(&record->double_cell, memory_order_relaxed);
    uint64_t capacity = reader->store->geometry.capacity;
    if (integer_cell == 0 || double_cell == 0 || double_cell > capacity || integer_cell - 1ull + buckets > capacity)
        return PCM_CORRUPT;
    *first = integer_cell - 1;
    *sum = double_cell - 1;
    return PCM_OK;
}

/*
 * In place of what the pass found. Buckets that were made after the pass are not in it: they count as 0. A sum may have got
 * a cell that was, by a reset.
 */
static int read_again(pcm_reader *reader, uint32_t first, uint32_t buckets, uint32_t sum_cell) {
    for (uint32_t cell = first; cell < first + buckets && cell < reader->integer_count; cell++)
        reader->integers[cell] = integer_now(reader->store, cell);
    int status = pcm__reader_reach(reader, sum_cell);
    uint64_t first_double = reader->store->geometry.capacity - reader->double_count;
    if (status == PCM_OK && sum_cell >= first_double)
        reader->doubles[sum_cell - first_double] = double_now(reader->store, sum_cell);
    return status;
}

static int collect_buckets(pcm_reader *reader, const struct pcm__series_record *record, bool now,
                           struct pcm__settled *out) {
    int status = bucket_cells(reader, record, out->kind, &out->first_cell, &out->sum_cell);
    return status == PCM_OK && now ? read_again(reader, out->first_cell, out->kind, out->sum_cell) : status;
}

/* Of a change that does not end, after a while or as it was left. */
static __attribute__((noinline)) bool foresee(const pcm_reader *reader, const struct pcm__series_record *record,
                                              uint64_t rebase, struct pcm__settled *out) {
    struct pcm__parts parts;
    if (!foresee_parts(reader, record, rebase, &parts))
        return false;
    pcm__settled_set(out, pcm__reader_number(parts));
    return true;
}

/*
 * Whether a change that has not ended was left by a holder of the lock that died: nobody finishes it before somebody else
 * takes the lock. It may have ended by then, so that the record is looked at afterwards.
 */
static __attribute__((noinline)) bool was_left(const pcm_reader *reader, uint64_t rebase, int attempt) {
    return rebase % 2 == 1 && attempt % REREADS_A_QUESTION == REREADS_A_QUESTION - 1 &&
           pcm__store_is_unlocked(reader->store);
}

static inline bool is_at(const struct pcm__series_record *record, uint64_t rebase) {
    return atomic_load_explicit(&record->rebase, memory_order_relaxed) == rebase;
}

/*
 * The pass has all of a series or nothing of the last change of its value: it is taken only if the change was complete
 * before the pass, and none began since. Otherwise the series is read by itself until no change falls in between.
 */
static inline int settle(pcm_reader *reader, uint32_t series, const struct pcm__series_record *record,
                         uint32_t buckets) {
    struct pcm__settled *out = &reader->settled[series];
    int status = PCM_OK;
    out->kind = buckets;
    for (int attempt = 0; attempt < MOST_REREADS; attempt++) {
        uint64_t before = atomic_load_explicit(&record->rebase, memory_order_acquire);
        bool now = before / 2 > reader->rebases;
        out->created_at_ms = atomic_load_explicit(&record->created_at_ms, memory_order_relaxed);
        out->exemplars = atomic_load_explicit(&record->exemplars, memory_order_acquire);
        if (buckets == 0)
            collect_number(reader, record, now, out);
        else
            status = collect_buckets(reader, record, now, out);
        atomic_thread_fence(memory_order_acquire);
        if (status != PCM_OK || (before % 2 == 0 && is_at(record, before)))
            break;
        bool is_left = was_left(reader, before, attempt);
        if (buckets == 0 && (is_left || attempt >= PATIENT_REREADS) && foresee(reader, record, before, out))
            break;
        if (is_left && is_at(record, before))
            break;
        sched_yield();
    }
    return status;
}

/* Each process that lives is asked for once in a refresh. The owner in the record may be any number. */
static inline bool is_orphan(pcm_reader *reader, const struct pcm__series_record *record) {
    uint64_t owner = load(&record->owner);
    if (owner == 0)
        return false;
    uint64_t *living = &reader->living[(uint32_t)(owner - 1) % PCM_MAX_PROCESSES];
    if (*living == owner)
        return false;
    if (!pcm__slots_is_alive(reader->store, owner))
        return true;
    *living = owner;
    return false;
}

/*
 * What it takes to settle a series again that was just settled, see reader.h. A gauge that was never added to is set without
 * the lock, and the owner of a series may die.
 */
static inline uint32_t steadiness(const pcm_reader *reader, pcm_type type, uint32_t series,
                                  const struct pcm__series_record *record) {
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_relaxed);
    uint32_t double_cell = atomic_load_explicit(&record->double_cell, memory_order_relaxed);
    if (pcm__is_like_gauge(type) || load(&record->owner) != 0)
        return PCM__UNSTEADY;
    if (reader->settled[series].kind != PCM__INTEGER && reader->settled[series].kind != PCM__REAL)
        return PCM__STEADY;
    if (reader->settled[series].kind != PCM__INTEGER || double_cell != 0 || load(&record->set_bits) != 0 ||
        integer_cell > reader->integer_count)
        return PCM__UNSTEADY;
    return integer_cell;
}

/* Whether that is the number of a cell. */
static inline bool is_cell(uint32_t steady) {
    return steady != PCM__UNSTEADY && steady != PCM__STEADY;
}

int pcm__reader_settle(pcm_reader *reader, bool is_unchanged) {
    bool any_gone = false;
    memset(reader->living, 0, sizeof reader->living);
    int status = pcm__aggregation_group(reader);
    if (status != PCM_OK)
        return status;
    reader->any_exemplars &= is_unchanged;
    /* Series of a family mostly follow one another. */
    uint32_t family = UINT32_MAX;
    uint32_t buckets = 0;
    pcm_type type = PCM_UNTYPED;
    for (uint32_t i = 0; i < reader->series_count; i++) {
        if (i % PCM_READER_WORK_AT_A_TIME == 0) {
            uint32_t left = reader->series_count - i;
            pcm_reader_give_way(reader, left < PCM_READER_WORK_AT_A_TIME ? left : PCM_READER_WORK_AT_A_TIME);
        }
        if (is_unchanged && reader->steady[i] != PCM__UNSTEADY)
            continue;
        if (!pcm__life_is_lived(reader->series[i].life)) {
            reader->settled[i] = (struct pcm__settled){.kind = PCM__HIDDEN};
            reader->steady[i] = PCM__STEADY;
            continue;
        }
        if (family != reader->series[i].family) {
            family = reader->series[i].family;
            const pcm_family_definition *definition = pcm_reader_family(reader, family);
            buckets = pcm_definition_bucket_count(definition);
            type = definition->type;
        }
        /* Records lie mostly one behind the other, but the processor does not fetch ahead beyond a page. */
        if (reader->series_count - i > FETCHED_AHEAD)
            __builtin_prefetch(pcm__reader_record(reader, i + FETCHED_AHEAD));
        const struct pcm__series_record *record = pcm__reader_record(reader, i);
        int found = settle(reader, i, record, buckets);
        reader->any_exemplars |= reader->settled[i].exemplars != 0;
        reader->steady[i] = steadiness(reader, type, i, record);
        /* Whatever was read of a record that has changed its life is of no account. */
        if (is_orphan(reader, record) || !pcm__reader_is_current(reader, i, record)) {
            reader->series[i].life = 0;
            reader->settled[i].kind = PCM__HIDDEN;
            reader->steady[i] = PCM__STEADY;
            any_gone = true;
            continue;
        }
        if (found != PCM_OK)
            status = found;
        /* It may have been read after the pass. */
        if (is_cell(reader->steady[i]))
            reader->integers[reader->steady[i] - 1] = (uint64_t)reader->settled[i].integer;
    }
    reader->version += any_gone;
    pcm__aggregation_apply(reader);
    return status;
}

/* ---------------------------------------------------------------- values */

struct pcm__parts pcm__reader_parts(const pcm_reader *reader, uint32_t series) {
    return collect(reader, pcm__reader_record(reader, series), false);
}

static inline int value_of(const pcm_reader *reader, uint32_t series, pcm_number *out) {
    uint32_t steady = reader->steady[series];
    if (is_cell(steady)) {
        out->is_integer = true;
        out->integer = (int64_t)integer_at(reader, steady - 1);
        out->real = (double)out->integer;
        return PCM_OK;
    }
    const struct pcm__settled *settled = &reader->settled[series];
    if (settled->kind != PCM__INTEGER && settled->kind != PCM__REAL)
        return settled->kind == PCM__HIDDEN ? PCM_REMOVED : PCM_ARGUMENT;
    pcm__settled_get(settled, out);
    return PCM_OK;
}

int pcm_reader_value(const pcm_reader *reader, uint32_t series, pcm_number *out) {
    return value_of(reader, series, out);
}

int pcm_reader_values(const pcm_reader *reader, const uint32_t *series, size_t count, pcm_number *out) {
    int status = PCM_OK;
    for (size_t i = 0; status == PCM_OK && i < count; i++)
        status = value_of(reader, series[i], &out[i]);
    return status;
}

int pcm_reader_histogram(const pcm_reader *reader, uint32_t series, int64_t *buckets, double *sum) {
    const struct pcm__settled *settled = &reader->settled[series];
    if (settled->kind == PCM__HIDDEN)
        return PCM_REMOVED;
    if (settled->kind == PCM__INTEGER || settled->kind == PCM__REAL)
        return PCM_ARGUMENT;
    for (uint32_t i = 0; i < settled->kind; i++)
        buckets[i] = (int64_t)integer_at(reader, settled->first_cell + i);
    *sum = double_at(reader, settled->sum_cell);
    return PCM_OK;
}

static pcm_number lane_number(const pcm_store *store, uint32_t lane, uint32_t first, uint32_t cells,
                              uint32_t double_cell) {
    struct pcm__parts parts = {0};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < cells; i++)
        sum += load(pcm__store_word(store, lane, first + i));
    parts.integer = (int64_t)sum;
    if (double_cell != 0)
        parts.fraction = as_double(load(pcm__store_word(store, lane, double_cell - 1)));
    return pcm__reader_number(parts);
}

/* The cells that the lanes are asked for. */
static int lane_cells(const pcm_reader *reader, uint32_t series, uint32_t *first, uint32_t *count,
                      uint32_t *double_cell) {
    const struct pcm__series_record *record = pcm__reader_record(reader, series);
    uint64_t capacity = reader->store->geometry.capacity;
    *count = pcm_definition_bucket_count(definition_of(reader, series));
    *double_cell = 0;
    if (*count > 0) {
        uint32_t sum;
        return bucket_cells(reader, record, *count, first, &sum);
    }
    uint32_t integer_cell = atomic_load_explicit(&record->integer_cell, memory_order_acquire);
    *double_cell = atomic_load_explicit(&record->double_cell, memory_order_acquire);
    *count = integer_cell != 0;
    *first = integer_cell != 0 ? integer_cell - 1 : 0;
    return integer_cell > capacity || *double_cell > capacity ? PCM_CORRUPT : PCM_OK;
}

static void add_number(pcm_number *to, pcm_number number) {
    bool is_integer = to->is_integer && number.is_integer;
    int64_t sum = (int64_t)((uint64_t)to->integer + (uint64_t)number.integer);
    *to = (pcm_number){.is_integer = is_integer, .integer = sum, .real = to->real + number.real};
    if (is_integer)
        to->real = (double)sum;
}

static int add_lanes(const pcm_reader *reader, uint32_t series, pcm_number *out) {
    const pcm_store *store = reader->store;
    uint32_t first;
    uint32_t cells;
    uint32_t double_cell;
    int status = lane_cells(reader, series, &first, &cells, &double_cell);
    for (uint32_t lane = 0; status == PCM_OK && lane < pcm__store_all_lanes(store); lane++)
        add_number(&out[lane], lane_number(store, lane, first, cells, double_cell));
    return status;
}

int pcm_reader_lanes(const pcm_reader *reader, uint32_t series, pcm_number *out, size_t size) {
    uint32_t count;
    if (size < pcm__store_all_lanes(reader->store))
        return PCM_ARGUMENT;
    if (!pcm_reader_is_current(reader, series))
        return PCM_REMOVED;
    const struct pcm__member *members = pcm__aggregation_members(reader, series, &count);
    for (uint32_t lane = 0; lane < pcm__store_all_lanes(reader->store); lane++)
        out[lane] = (pcm_number){.is_integer = true};
    int status = count == 0 ? add_lanes(reader, series, out) : PCM_OK;
    for (uint32_t i = 0; status == PCM_OK && i < count; i++)
        if (pcm__life_is_lived(reader->series[members[i].series].life))
            status = add_lanes(reader, members[i].series, out);
    return pcm_reader_is_current(reader, series) ? status : PCM_REMOVED;
}
