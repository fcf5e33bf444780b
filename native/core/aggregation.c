/* See aggregation.h. */
#include "aggregation.h"

#include "catalog.h"
#include "life.h"
#include "names.h"

#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- groups */

static pcm_aggregation aggregation_of(const pcm_reader *reader, uint32_t family) {
    return family < reader->family_count ? pcm_reader_family(reader, family)->aggregation : PCM_AGGREGATION_NONE;
}

static bool any_aggregated(const pcm_reader *reader) {
    for (uint32_t family = 0; family < reader->family_count; family++)
        if (aggregation_of(reader, family) != PCM_AGGREGATION_NONE)
            return true;
    return false;
}

static bool is_member(const pcm_reader *reader, uint32_t series) {
    return pcm__life_is_lived(reader->series[series].life) &&
           aggregation_of(reader, reader->series[series].family) != PCM_AGGREGATION_NONE;
}

static bool have_same_labels(const pcm_reader *reader, uint32_t one, uint32_t other) {
    uint32_t count = pcm_reader_family(reader, reader->series[one].family)->label_count;
    for (uint32_t i = 0; i < count; i++)
        if (!pcm__bytes_are_same(pcm_reader_label_value(reader, one, i), pcm_reader_label_value(reader, other, i)))
            return false;
    return true;
}

static int compare(const void *a, const void *b) {
    const struct pcm__member *one = a;
    const struct pcm__member *other = b;
    if (one->family != other->family)
        return one->family < other->family ? -1 : 1;
    if (one->hash != other->hash)
        return one->hash < other->hash ? -1 : 1;
    if (one->group != other->group)
        return one->group < other->group ? -1 : 1;
    return one->series < other->series ? -1 : one->series > other->series;
}

static bool may_be_same(const struct pcm__member *one, const struct pcm__member *other) {
    return one->family == other->family && one->hash == other->hash;
}

/* Nearly always the first one of a run of the same hash has the same labels as all others of it. */
static void set_group(const pcm_reader *reader, struct pcm__member *members, uint32_t at, uint32_t first) {
    for (uint32_t i = first; i < at; i++) {
        if (members[i].group == members[i].series && have_same_labels(reader, members[i].series, members[at].series)) {
            members[at].group = members[i].group;
            return;
        }
    }
    members[at].group = members[at].series;
}

static void set_groups(pcm_reader *reader) {
    struct pcm__member *members = reader->members;
    uint32_t count = reader->member_count;
    uint32_t first = 0;
    /* There is no array yet where there was never a member. */
    if (count == 0)
        return;
    qsort(members, count, sizeof *members, compare);
    for (uint32_t i = 0; i < count; i++) {
        if (!may_be_same(&members[i], &members[first]))
            first = i;
        set_group(reader, members, i, first);
    }
    qsort(members, count, sizeof *members, compare);
}

int pcm__aggregation_group(pcm_reader *reader) {
    if (reader->grouped_version == reader->version && reader->grouped_count == reader->series_count)
        return PCM_OK;
    uint32_t count = 0;
    uint32_t wanted = any_aggregated(reader) ? reader->series_count : 0;
    for (uint32_t i = 0; i < wanted; i++)
        count += is_member(reader, i);
    int status = pcm__reader_make_room((void **)&reader->members, sizeof *reader->members, &reader->member_room, count);
    if (status != PCM_OK)
        return status;
    reader->member_count = 0;
    for (uint32_t i = 0; i < wanted; i++) {
        const struct pcm__series *series = &reader->series[i];
        if (is_member(reader, i))
            reader->members[reader->member_count++] =
                (struct pcm__member){.family = series->family, .hash = series->hash, .series = i};
    }
    set_groups(reader);
    reader->grouped_version = reader->version;
    reader->grouped_count = reader->series_count;
    return PCM_OK;
}

static uint32_t end_of_group(const pcm_reader *reader, uint32_t first) {
    uint32_t end = first + 1;
    while (end < reader->member_count && reader->members[end].group == reader->members[first].group)
        end++;
    return end;
}

const struct pcm__member *pcm__aggregation_members(const pcm_reader *reader, uint32_t series, uint32_t *count) {
    const struct pcm__series *wanted = &reader->series[series];
    struct pcm__member first = {.family = wanted->family, .hash = wanted->hash};
    uint32_t low = 0;
    uint32_t high = reader->member_count;
    *count = 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&reader->members[middle], &first) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (uint32_t end; low < reader->member_count && may_be_same(&reader->members[low], &first); low = end) {
        end = end_of_group(reader, low);
        for (uint32_t i = low; i < end; i++) {
            if (reader->members[i].series == series) {
                *count = end - low;
                return &reader->members[low];
            }
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- values */

struct total {
    pcm_number number;
    uint32_t count;
};

static pcm_number sum_of(pcm_number a, pcm_number b) {
    pcm_number sum = {.real = a.real + b.real};
    sum.is_integer = a.is_integer && b.is_integer && !__builtin_add_overflow(a.integer, b.integer, &sum.integer);
    if (sum.is_integer)
        sum.real = (double)sum.integer;
    return sum;
}

static bool is_less(pcm_number a, pcm_number b) {
    return a.is_integer && b.is_integer ? a.integer < b.integer : a.real < b.real;
}

/* The least or the greatest one, as Prometheus has it: NaN gives way to any number. */
static pcm_number extreme_of(pcm_number a, pcm_number b, bool least) {
    if (isnan(a.real) || isnan(b.real))
        return isnan(a.real) ? b : a;
    return is_less(b, a) == least ? b : a;
}

static void take(struct total *total, pcm_number number, pcm_aggregation how) {
    bool is_extreme = how == PCM_AGGREGATION_MIN || how == PCM_AGGREGATION_MAX;
    if (total->count++ == 0)
        total->number = number;
    else if (is_extreme)
        total->number = extreme_of(total->number, number, how == PCM_AGGREGATION_MIN);
    else
        total->number = sum_of(total->number, number);
}

static struct pcm__parts parts_of(const struct total *total, pcm_aggregation how) {
    if (how == PCM_AGGREGATION_AVERAGE && total->count > 1)
        return (struct pcm__parts){.set = total->number.real / total->count};
    if (total->number.is_integer)
        return (struct pcm__parts){.integer = total->number.integer};
    return (struct pcm__parts){.set = total->number.real};
}

static void apply_to_group(pcm_reader *reader, uint32_t first, uint32_t end) {
    pcm_aggregation how = aggregation_of(reader, reader->members[first].family);
    struct pcm__settled *shown = NULL;
    struct total total = {0};
    for (uint32_t i = first; i < end; i++) {
        uint32_t series = reader->members[i].series;
        struct pcm__settled *settled = &reader->settled[series];
        pcm_number number;
        if (!pcm__life_is_lived(reader->series[series].life))
            continue;
        pcm__settled_get(settled, &number);
        take(&total, number, how);
        if (shown == NULL) {
            shown = settled;
            continue;
        }
        settled->kind = PCM__HIDDEN;
        if (settled->created_at_ms < shown->created_at_ms)
            shown->created_at_ms = settled->created_at_ms;
    }
    if (shown != NULL)
        pcm__settled_set(shown, pcm__reader_number(parts_of(&total, how)));
}

void pcm__aggregation_apply(pcm_reader *reader) {
    for (uint32_t first = 0, end; first < reader->member_count; first = end) {
        end = end_of_group(reader, first);
        apply_to_group(reader, first, end);
    }
}
