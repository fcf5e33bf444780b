/* Names that lines of two families would have. */
#include "core_check.h"
#include "layout.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct named {
    pcm_type type;
    const char *name;
};

static int declare(pcm_store *store, struct named family) {
    static const double bounds[] = {0.001, 1000, 0.5};
    bool is_exponential = family.type == PCM_NATIVE_HISTOGRAM || family.type == PCM_SUMMARY;
    pcm_family_definition definition = {
        .type = family.type,
        .name = bytes(family.name),
        .help = bytes("Help"),
        .bounds = bounds,
        .bound_count = family.type == PCM_SUMMARY ? 3
                       : is_exponential           ? 2
                                                  : 0,
        .schema = is_exponential ? 2 : 0,
    };
    pcm_family_id id;
    return pcm_family_declare(store, &definition, &id);
}

/* Opens a new store in which there is this family. */
static int open_with(struct named family, pcm_store **out) {
    static int number;
    char name[32];
    snprintf(name, sizeof name, "clash%d", number++);
    int status = check_open(name, (pcm_open_options){.capacity = 1024}, out);
    return status == PCM_OK ? declare(*out, family) : status;
}

void names_that_lines_of_two_families_would_have_are_refused(void) {
    static const struct {
        struct named lines;
        const char *name;
    } clashes[] = {
        {{PCM_HISTOGRAM, "x"}, "x_bucket"},
        {{PCM_HISTOGRAM, "x"}, "x_sum"},
        {{PCM_HISTOGRAM, "x"}, "x_count"},
        {{PCM_HISTOGRAM, "x"}, "x_created"},
        {{PCM_NATIVE_HISTOGRAM, "x"}, "x_bucket"},
        {{PCM_NATIVE_HISTOGRAM, "x"}, "x_sum"},
        {{PCM_NATIVE_HISTOGRAM, "x"}, "x_count"},
        {{PCM_NATIVE_HISTOGRAM, "x"}, "x_created"},
        {{PCM_SUMMARY, "x"}, "x_sum"},
        {{PCM_SUMMARY, "x"}, "x_count"},
        {{PCM_SUMMARY, "x"}, "x_created"},
        {{PCM_COUNTER, "x_total"}, "x_created"},
        {{PCM_HISTOGRAM, "x_count"}, "x_count_sum"},
        {{PCM_COUNTER, "_total_total"}, "_total_created"},
    };
    for (size_t i = 0; i < sizeof clashes / sizeof *clashes; i++) {
        pcm_store *store;
        CHECK_STATUS(PCM_OK, open_with(clashes[i].lines, &store));
        CHECK_STATUS(PCM_DEFINITION_CONFLICT, declare(store, (struct named){PCM_GAUGE, clashes[i].name}));
        CHECK_STATUS(PCM_DEFINITION_CONFLICT, declare(store, (struct named){PCM_HISTOGRAM, clashes[i].name}));
        pcm_store_close(store);
        CHECK_STATUS(PCM_OK, open_with((struct named){PCM_GAUGE, clashes[i].name}, &store));
        CHECK_STATUS(PCM_DEFINITION_CONFLICT, declare(store, clashes[i].lines));
        CHECK_STATUS(PCM_OK, declare(store, (struct named){PCM_GAUGE, clashes[i].name}));
        pcm_store_close(store);
    }
}

void names_that_only_look_like_those_of_lines_are_free(void) {
    pcm_store *store;
    static const struct named together[] = {
        {PCM_SUMMARY, "s"},     {PCM_GAUGE, "s_bucket"},  {PCM_GAUGE, "g"},        {PCM_COUNTER, "g_count"},
        {PCM_GAUGE, "h_total"}, {PCM_GAUGE, "h_created"}, {PCM_COUNTER, "_total"}, {PCM_COUNTER, "_created"},
        {PCM_HISTOGRAM, "x"},   {PCM_GAUGE, "x_counts"},  {PCM_GAUGE, "xx_count"}, {PCM_COUNTER, "x_total"},
        {PCM_GAUGE, "_sum"},    {PCM_GAUGE, "sum"},
    };
    CHECK_STATUS(PCM_OK, open_with((struct named){PCM_GAUGE, "first"}, &store));
    for (size_t i = 0; i < sizeof together / sizeof *together; i++)
        CHECK_STATUS(PCM_OK, declare(store, together[i]));
    pcm_store_close(store);
}

/* Writes another name of the same length over one that is in a file once. */
static void rename_in_file(const char *file, const char *from, const char *to) {
    size_t size = 1 << 22;
    char *contents = calloc(1, size);
    FILE *stream = fopen(check_path(file), "rb");
    if (contents == NULL || stream == NULL || (size = fread(contents, 1, size, stream)) == 0)
        check_failed = 1;
    const char *found = contents == NULL ? NULL : memmem(contents, size, from, strlen(from));
    if (found == NULL)
        check_failed = 1;
    else
        check_patch(file, found - contents, to, strlen(to));
    if (stream != NULL)
        fclose(stream);
    free(contents);
}

void names_that_met_before_they_were_refused_are_kept(void) {
    pcm_store *store;
    pcm_series_id series;
    pcm_number number;
    uint32_t cell;
    static const uint8_t other_boot[16] = {1, 2, 3};
    CHECK_STATUS(PCM_OK, check_open("old", (pcm_open_options){.capacity = 1024}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "x", NULL, &series));
    CHECK_STATUS(PCM_OK, check_counter(store, "y_count", &cell));
    pcm_cell_add(store, cell, 7);
    pcm_store_close(store);
    rename_in_file("old", "y_count", "x_count");
    check_patch("old", offsetof(struct pcm__header, boot_id), other_boot, sizeof other_boot);
    CHECK_STATUS(PCM_OK, check_open("old", (pcm_open_options){.persist = true}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "x_count", &cell));
    CHECK_STATUS(PCM_OK, check_value(store, "x_count", &number));
    CHECK(number.real == 7);
    pcm_store_close(store);
}
