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

uint32_t number_of(const pcm_reader *reader, const char *name, const char *label) {
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        pcm_series_view view = pcm_reader_series(reader, i);
        pcm_bytes found = pcm_reader_family(reader, view.family)->name;
        pcm_bytes value = pcm_reader_label_value(reader, i, 0);
        if (!view.is_removed && found.size == strlen(name) && memcmp(found.data, name, found.size) == 0 &&
            value.size == strlen(label) && memcmp(value.data, label, value.size) == 0)
            return i;
    }
    return UINT32_MAX;
}

int value_of(const char *name, const char *label, double *out) {
    pcm_reader *reader;
    pcm_number number;
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    uint32_t series = status == PCM_OK ? number_of(reader, name, label) : 0;
    if (status == PCM_OK)
        status = series == UINT32_MAX ? PCM_NOT_FOUND : pcm_reader_value(reader, series, &number);
    if (status == PCM_OK)
        *out = number.real;
    pcm_reader_destroy(reader);
    return status;
}

int check_values(double total, double gauge, double other_gauge) {
    double value;
    int status = value_of("old_total", "old", &value);
    if (status == PCM_OK && value != total)
        status = PCM_CORRUPT;
    if (status == PCM_OK)
        status = value_of("old_gauge", "old", &value);
    if (status == PCM_OK && value != gauge && value != other_gauge)
        status = PCM_CORRUPT;
    return status;
}

int histogram_of(const char *name, const char *label, int64_t *count, double *out) {
    pcm_reader *reader;
    int64_t buckets[PCM_MAX_BUCKETS];
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    uint32_t series = status == PCM_OK ? number_of(reader, name, label) : UINT32_MAX;
    if (series != UINT32_MAX)
        status = pcm_reader_histogram(reader, series, buckets, out);
    if (series != UINT32_MAX && status == PCM_OK)
        *count = buckets[0] + buckets[1] + buckets[2];
    pcm_reader_destroy(reader);
    return status;
}
