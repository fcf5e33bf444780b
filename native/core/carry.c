/* See carry.h. Values are copied by name, not by place, as the new machine may have another number of CPUs. */
#include "carry.h"

#include "catalog.h"
#include "lock.h"
#include "reader.h"
#include "rebase.h"
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void set_base(pcm_store *store, uint32_t cell, const void *word) {
    uint64_t bits;
    memcpy(&bits, word, sizeof bits);
    atomic_store_explicit(pcm__store_base(store, cell), bits, memory_order_relaxed);
}

/* The integer and double parts go to the bases of a counter's or gauge's cells. */
static int copy_number(const pcm_reader *from, uint32_t series, pcm_store *to, const struct pcm__series_view *view,
                       pcm_series_id id) {
    struct pcm__parts parts = pcm__reader_parts(from, series);
    uint32_t cell;
    int status = PCM_OK;
    if (parts.integer != 0) {
        status = pcm_series_cell(to, id, &cell);
        if (status == PCM_OK)
            set_base(to, cell, &parts.integer);
    }
    if (status == PCM_OK && parts.fraction != 0) {
        /* Makes the double cell. */
        status = pcm_series_add_double(to, id, 0.0);
        if (status == PCM_OK)
            set_base(to, atomic_load(&view->record->double_cell) - 1, &parts.fraction);
    }
    if (status == PCM_OK) {
        uint64_t bits;
        memcpy(&bits, &parts.set, sizeof bits);
        atomic_store_explicit(&view->record->set_bits, bits, memory_order_relaxed);
    }
    return status;
}

static int copy_histogram(const pcm_reader *from, uint32_t series, pcm_store *to, const struct pcm__series_view *view,
                          pcm_series_id id, uint32_t bucket_count) {
    int64_t buckets[PCM_MAX_BUCKETS];
    double sum;
    pcm_histogram histogram;
    int status = pcm_reader_histogram(from, series, buckets, &sum);
    if (status == PCM_OK)
        status = pcm_histogram_bind(to, id, &histogram);
    if (status != PCM_OK)
        return status;
    for (uint32_t i = 0; i < bucket_count; i++)
        set_base(to, histogram.first_cell + i, &buckets[i]);
    set_base(to, atomic_load(&view->record->double_cell) - 1, &sum);
    return PCM_OK;
}

static int copy_series(const pcm_reader *from, uint32_t series, pcm_store *to) {
    pcm_series_view old = pcm_reader_series(from, series);
    const pcm_family_definition *definition = pcm_reader_family(from, old.family);
    pcm_bytes values[PCM_MAX_LABELS];
    pcm_family_id family;
    pcm_series_id id;
    struct pcm__series_view view;
    for (uint32_t i = 0; i < old.label_count; i++)
        values[i] = pcm_reader_label_value(from, series, i);
    int status = pcm_family_declare(to, definition, &family);
    if (status == PCM_OK)
        status = pcm_series_bind(to, family, values, old.label_count, &id);
    if (status == PCM_OK)
        status = pcm__catalog_series_by_id(to, id, &view);
    if (status != PCM_OK)
        return status;
    atomic_store_explicit(&view.record->created_at_ms, old.created_at_ms, memory_order_relaxed);
    uint32_t buckets = pcm_definition_bucket_count(definition);
    return buckets > 0 ? copy_histogram(from, series, to, &view, id, buckets)
                       : copy_number(from, series, to, &view, id);
}

/* What belonged to a process ended with its boot, and nobody has a slot in the new store yet that could own it. */
static bool stays(const pcm_reader *from, uint32_t series) {
    pcm_series_view view = pcm_reader_series(from, series);
    const pcm_family_definition *definition = pcm_reader_family(from, view.family);
    return !view.is_removed && !definition->per_process && definition->aggregation == PCM_AGGREGATION_NONE;
}

static int copy_all(pcm_store *old, pcm_store *new) {
    pcm_reader *reader;
    int status = pcm_reader_create(old, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    /* Also those of older versions that would be refused now because of what their lines are called. */
    for (uint32_t i = 0; status == PCM_OK && i < pcm_reader_family_count(reader); i++)
        status = pcm__catalog_append_family(new, pcm_reader_family(reader, i));
    for (uint32_t i = 0; status == PCM_OK && i < pcm_reader_series_count(reader); i++)
        if (stays(reader, i))
            status = copy_series(reader, i, new);
    pcm_reader_destroy(reader);
    return status;
}

/* A complete new store under a temporary path, filled from the old one. */
static int write_new(const pcm_open_options *options, pcm_store *old, const char *temporary) {
    struct stat stat;
    if (fstat(old->fd, &stat) != 0)
        return PCM_SYSTEM;
    pcm_open_options new_options = *options;
    new_options.path = temporary;
    new_options.file_mode = stat.st_mode & 0777;
    new_options.backend =
        options->backend == PCM_BACKEND_DEFAULT ? (pcm_backend)old->geometry.backend : options->backend;
    new_options.capacity = options->capacity > old->geometry.capacity ? options->capacity : old->geometry.capacity;
    bool exists;
    bool ephemeral;
    int fd;
    pcm_store *new;
    struct pcm__geometry geometry;
    unlink(temporary); /* of one that died half-way */
    int status = pcm__store_file_create(&new_options, &exists);
    if (status == PCM_OK)
        status = pcm__store_file_open(temporary, false, &fd);
    if (status != PCM_OK)
        return status;
    status = pcm__store_file_check(fd, &geometry, &ephemeral);
    if (status == PCM_OK)
        status = pcm__store_map(fd, &geometry, temporary, false, &new);
    if (status != PCM_OK) {
        close(fd);
        return status;
    }
    status = copy_all(old, new);
    pcm__store_unmap(new);
    return status;
}

/*
 * A set or a reset that its boot has left half-way is finished or undone in the old file, as by whoever takes its lock next,
 * so that its value is read whole. Whatever the header says of its holder: pages of a file on a disk get there in no order.
 */
static int finish(pcm_store *old) {
    int status = pcm__index_read(old);
    return status == PCM_OK ? pcm__rebase_repair(old) : status;
}

static int replace(const pcm_open_options *options, int fd, const struct pcm__geometry *geometry) {
    char temporary[PATH_MAX];
    pcm_store *old;
    if (snprintf(temporary, sizeof temporary, "%s.carry", options->path) >= (int)sizeof temporary)
        return PCM_ARGUMENT;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return PCM_SYSTEM;
    int status = pcm__store_map(copy, geometry, options->path, false, &old);
    if (status != PCM_OK) {
        close(copy);
        return status;
    }
    status = finish(old);
    if (status == PCM_OK)
        status = write_new(options, old, temporary);
    pcm__store_unmap(old);
    if (status == PCM_OK && rename(temporary, options->path) != 0)
        status = pcm__path_status();
    if (status != PCM_OK)
        unlink(temporary);
    return status;
}

int pcm__carry_over(const pcm_open_options *options, int fd, const struct pcm__geometry *geometry) {
    int status = pcm__file_lock(fd, PCM__LOCK_OFFSET, PCM__OPEN_PATIENCE_MS);
    if (status != PCM_OK)
        return status;
    /* Somebody else may have done it while this process waited. */
    if (pcm__store_file_has_path(fd, options->path))
        status = replace(options, fd, geometry);
    pcm__file_unlock(fd, PCM__LOCK_OFFSET);
    return status;
}
