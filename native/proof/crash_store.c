/* See crash_store.h. */
#include "crash_store.h"

#include <string.h>

char path[4096];
pcm_store *store;

int series_of(pcm_type type, const char *name, const char *label, pcm_series_id *out) {
    static const double bounds[] = {1, 10};
    pcm_bytes label_name = {"label", 5};
    pcm_bytes value = {label, strlen(label)};
    pcm_family_id family;
    pcm_family_definition definition = {
        .type = type,
        .name = {name, strlen(name)},
        .help = {"Crash", 5},
        .unit = {"", 0},
        .label_names = &label_name,
        .label_count = 1,
        .bounds = bounds,
        .bound_count = type == PCM_HISTOGRAM ? 2 : 0,
    };
    int status = pcm_family_declare(store, &definition, &family);
    return status == PCM_OK ? pcm_series_bind(store, family, &value, 1, out) : status;
}

int open_store(bool persist) {
    return pcm_store_open(&(pcm_open_options){.path = path, .capacity = 1024, .lanes = 2, .persist = persist}, &store);
}

static int value_of(pcm_reader *reader, const char *name, double *out) {
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        pcm_bytes found = pcm_reader_family(reader, pcm_reader_series(reader, i).family)->name;
        pcm_number number;
        if (found.size != strlen(name) || memcmp(found.data, name, found.size) != 0)
            continue;
        if (pcm_reader_label_value(reader, i, 0).size != 3 ||
            memcmp(pcm_reader_label_value(reader, i, 0).data, "old", 3))
            continue;
        int status = pcm_reader_value(reader, i, &number);
        *out = number.real;
        return status;
    }
    return PCM_NOT_FOUND;
}

int check_values(double total, double gauge, double other_gauge) {
    pcm_reader *reader;
    double value;
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    if (status == PCM_OK)
        status = value_of(reader, "old_total", &value);
    if (status == PCM_OK && value != total)
        status = PCM_CORRUPT;
    if (status == PCM_OK)
        status = value_of(reader, "old_gauge", &value);
    if (status == PCM_OK && value != gauge && value != other_gauge)
        status = PCM_CORRUPT;
    pcm_reader_destroy(reader);
    return status;
}

int histogram_of(const char *name, int64_t *count, double *out) {
    pcm_reader *reader;
    int64_t buckets[PCM_MAX_BUCKETS];
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    uint32_t series = status == PCM_OK ? pcm_reader_series_count(reader) : 0;
    for (uint32_t i = 0; i < series; i++) {
        pcm_bytes found = pcm_reader_family(reader, pcm_reader_series(reader, i).family)->name;
        if (found.size == strlen(name) && memcmp(found.data, name, found.size) == 0)
            status = pcm_reader_histogram(reader, i, buckets, out);
        else
            continue;
        *count = buckets[0] + buckets[1] + buckets[2];
    }
    pcm_reader_destroy(reader);
    return status;
}
