/* See crash_series.h. */
#include "crash_series.h"

#include "crash_store.h"
#include "store.h"

#include <stdint.h>
#include <string.h>

static const char *const labels[] = {"old", "next", "last"};
enum { COUNT = sizeof labels / sizeof *labels, BUCKETS = 3 };

/* Whoever takes the lock after a death puts right what it has left. */
static int take_lock(void) {
    pcm_series_id series;
    return series_of(PCM_GAUGE, "other_gauge", "new", &series);
}

static int family_of(const char *name, pcm_family_id *out) {
    pcm_family_definition definition;
    return pcm_family_find(store, (pcm_bytes){name, strlen(name)}, out, &definition);
}

/* ---------------------------------------------------------------- cells and records that are free again */

/*
 * Neither is lost by a death: as many new series as there are labels need no more than without one. The store is opened
 * anew, so that nobody is left who may still add to what is gone.
 */
static int check_room(pcm_type type, const char *name, uint64_t *least) {
    static const char *const fresh[COUNT] = {"new 1", "new 2", "new 3"};
    pcm_store_close(store);
    int status = open_store(false);
    for (int i = 0; status == PCM_OK && i < COUNT; i++) {
        pcm_series_id series;
        uint32_t cell;
        pcm_histogram histogram;
        status = series_of(type, name, fresh[i], &series);
        if (status == PCM_OK && type == PCM_HISTOGRAM)
            status = pcm_histogram_bind(store, series, &histogram);
        else if (status == PCM_OK)
            status = pcm_series_cell(store, series, &cell);
        if (status == PCM_OK && type != PCM_HISTOGRAM)
            status = pcm_series_add_double(store, series, 0.5);
    }
    if (status != PCM_OK)
        return status;
    const struct pcm__header *header = store->header;
    uint64_t used[] = {header->integers_used, header->doubles_used, header->catalog_length};
    for (int i = 0; i < 3; i++) {
        /* The first time nobody has died. */
        if (least[i] == 0)
            least[i] = used[i];
        if (used[i] > least[i])
            return PCM_CAPACITY;
    }
    return PCM_OK;
}

/* ---------------------------------------------------------------- exemplars */

static int put_exemplar(pcm_type type, const char *name, const char *label, double value, const char *text) {
    pcm_series_id series;
    uint32_t life;
    pcm_bytes label_name = {"trace_id", 8};
    pcm_bytes label_value = {text, strlen(text)};
    int status = series_of(type, name, label, &series);
    if (status == PCM_OK)
        status = pcm_series_keep_exemplars(store, series, &life);
    return status == PCM_OK ? pcm_exemplar_put(store, series, life, value, &label_name, &label_value, 1) : status;
}

static int check_exemplar(const pcm_reader *reader, const char *name, const char *label, uint32_t bucket,
                          const char *text) {
    pcm_exemplar found;
    uint32_t series = number_of(reader, name, label);
    int status = series == UINT32_MAX ? PCM_NOT_FOUND : pcm_reader_exemplar(reader, series, bucket, &found);
    if (status != PCM_OK)
        return status;
    bool is_same = found.label_count == 1 && found.values[0].size == strlen(text) &&
                   memcmp(found.values[0].data, text, strlen(text)) == 0;
    return is_same ? PCM_OK : PCM_CORRUPT;
}

/* Of series whose exemplars would meet in one record if a link could lead to what is no record yet. */
int prepare_exemplars(void) {
    pcm_series_id series;
    int status = put_exemplar(PCM_COUNTER, "old_total", "old", 1, "before");
    for (int i = 0; status == PCM_OK && i < 2; i++)
        status = series_of(PCM_HISTOGRAM, "old_seconds", labels[i], &series);
    return status;
}

int keep_it(void) {
    pcm_series_id series;
    uint32_t life;
    int status = series_of(PCM_HISTOGRAM, "old_seconds", "old", &series);
    return status == PCM_OK ? pcm_series_keep_exemplars(store, series, &life) : status;
}

int see_exemplars(void) {
    pcm_reader *reader;
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = check_exemplar(reader, "old_total", "old", 0, "before");
    for (int i = 0; i < 2; i++)
        for (uint32_t bucket = 0; status == PCM_OK && bucket < BUCKETS; bucket++)
            status = check_exemplar(reader, "old_seconds", labels[i], bucket, labels[i]);
    pcm_reader_destroy(reader);
    return status;
}

/* The other one comes first: it gets the place that the dead process was about to fill. */
int find_exemplars(void) {
    static const double values[BUCKETS] = {0.5, 5, 50};
    int status = PCM_OK;
    for (int i = 1; i >= 0; i--)
        for (int bucket = 0; status == PCM_OK && bucket < BUCKETS; bucket++)
            status = put_exemplar(PCM_HISTOGRAM, "old_seconds", labels[i], values[bucket], labels[i]);
    return status == PCM_OK ? see_exemplars() : status;
}

/* ---------------------------------------------------------------- a removal */

int prepare_removal(void) {
    pcm_series_id series;
    uint32_t cell;
    int status = series_of(PCM_COUNTER, "old_total", "gone!", &series);
    if (status == PCM_OK)
        status = pcm_series_cell(store, series, &cell);
    if (status != PCM_OK)
        return status;
    pcm_cell_add(store, cell, 7);
    return pcm_series_add_double(store, series, 0.5);
}

int remove_it(void) {
    pcm_family_id family;
    pcm_series_id series;
    pcm_bytes label = {"gone!", 5};
    int status = family_of("old_total", &family);
    if (status == PCM_OK)
        status = pcm_series_find(store, family, &label, 1, &series);
    if (status == PCM_NOT_FOUND)
        return PCM_OK;
    return status == PCM_OK ? pcm_series_remove(store, series) : status;
}

/* All of it, or a new one; the witness has added to whichever it was. */
int find_removal(void) {
    double value;
    int status = value_of("old_total", "gone!", &value);
    return status == PCM_OK && value != 7.5 + 0.25 && value != 0.25 ? PCM_CORRUPT : status;
}

int see_removal(void) {
    static uint64_t least[3];
    double value;
    int status = value_of("old_total", "gone!", &value);
    if (status != PCM_NOT_FOUND)
        return status == PCM_OK ? PCM_CORRUPT : status;
    return check_room(PCM_COUNTER, "old_total", least);
}

/* ---------------------------------------------------------------- a whole family */

int prepare_family(void) {
    int status = PCM_OK;
    for (int i = 0; status == PCM_OK && i < COUNT; i++) {
        pcm_series_id series;
        pcm_histogram histogram;
        status = series_of(PCM_HISTOGRAM, "old_seconds", labels[i], &series);
        if (status == PCM_OK)
            status = pcm_histogram_bind(store, series, &histogram);
        if (status == PCM_OK)
            status = pcm_histogram_observe(store, &histogram, 0.25);
    }
    return status;
}

int reset_all(void) {
    pcm_family_id family;
    int status = family_of("old_seconds", &family);
    return status == PCM_OK ? pcm_family_reset(store, family) : status;
}

/* Each as it was or at 0, one after the other; the witness has observed 0.125 with the first one. */
int find_reset(void) {
    bool was_reset = true;
    int status = take_lock();
    for (int i = 0; status == PCM_OK && i < COUNT; i++) {
        int64_t count = -1;
        double sum = 0;
        status = histogram_of("old_seconds", labels[i], &count, &sum);
        /* What came between the death and the end of a reset that had begun goes with it. */
        if (i == 0 && count > 0) {
            count--;
            sum -= 0.125;
        }
        bool is_reset = count == 0 && sum == 0;
        bool is_whole = count == 1 && sum == 0.25;
        if (status == PCM_OK && ((!is_reset && !is_whole) || (is_reset && !was_reset)))
            status = PCM_CORRUPT;
        was_reset = is_reset;
    }
    return status;
}

int see_reset(void) {
    int status = PCM_OK;
    for (int i = 0; status == PCM_OK && i < COUNT; i++) {
        int64_t count = -1;
        double sum = -1;
        status = histogram_of("old_seconds", labels[i], &count, &sum);
        if (status == PCM_OK && (count != 0 || sum != 0))
            status = PCM_CORRUPT;
    }
    return status;
}

int remove_all(void) {
    pcm_family_id family;
    int status = family_of("old_seconds", &family);
    return status == PCM_OK ? pcm_family_remove_all(store, family) : status;
}

/* How many are left of them, which are the last ones, whole; -1 where they are not. */
static int count_rest(void) {
    int rest = 0;
    for (int i = 0; i < COUNT; i++) {
        int64_t count = -1;
        double sum = 0;
        if (histogram_of("old_seconds", labels[i], &count, &sum) != PCM_OK)
            return -1;
        bool is_gone = count == -1;
        if (is_gone ? rest > 0 : count != 1 || sum != 0.25)
            return -1;
        rest += !is_gone;
    }
    return rest;
}

/* As many before what was left is put right as afterwards. */
int find_rest(void) {
    int rest = count_rest();
    int status = take_lock();
    if (status == PCM_OK && (rest < 0 || count_rest() != rest))
        status = PCM_CORRUPT;
    return status;
}

int see_nothing(void) {
    static uint64_t least[3];
    return count_rest() == 0 ? check_room(PCM_HISTOGRAM, "old_seconds", least) : PCM_CORRUPT;
}
