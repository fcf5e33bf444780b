/* Gauges whose value is made of one of each process. Processes are children that are killed, as in core_orphan_test.c. */
#include "core_check.h"
#include "reader.h"
#include "slots.h"

#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pcm_bytes label_name = {"queue", 5};

static pcm_family_definition definition_of(pcm_aggregation how) {
    static const char *const names[] = {"none", "sum", "min", "max", "average"};
    return (pcm_family_definition){
        .type = PCM_GAUGE, .name = bytes(names[how]), .label_names = &label_name, .label_count = 1, .aggregation = how};
}

static int bind(pcm_store *store, pcm_aggregation how, const char *value, pcm_series_id *series) {
    pcm_family_definition definition = definition_of(how);
    pcm_bytes text = bytes(value);
    pcm_family_id family;
    int status = pcm_family_declare(store, &definition, &family);
    return status == PCM_OK ? pcm_series_bind(store, family, &text, 1, series) : status;
}

static int set(pcm_store *store, pcm_aggregation how, const char *queue, double value) {
    pcm_series_id series;
    int status = bind(store, how, queue, &series);
    return status == PCM_OK ? pcm_gauge_set(store, series, value) : status;
}

static int set_all(pcm_store *store, double value) {
    int status = PCM_OK;
    for (int how = PCM_AGGREGATION_SUM; status == PCM_OK && how <= PCM_AGGREGATION_AVERAGE; how++)
        status = set(store, (pcm_aggregation)how, "mail", value);
    return status;
}

/* A child that has set one gauge of each kind, and waits to be killed; -1 where it could not. */
static pid_t start_process(double value) {
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        pcm_store *store;
        /* Also where the test fails and ends nobody. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ready[0]);
        if (check_open("a", (pcm_open_options){0}, &store) != PCM_OK || set_all(store, value) != PCM_OK ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    bool is_ready = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return is_ready ? child : -1;
}

static void end(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* The one series that is shown of a family, after a refresh. PCM_NOT_FOUND where there is none, ARGUMENT where several. */
static int shown(pcm_reader *reader, pcm_aggregation how, uint32_t *series) {
    pcm_bytes name = definition_of(how).name;
    int status = PCM_NOT_FOUND;
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        pcm_series_view view = pcm_reader_series(reader, i);
        pcm_bytes found = pcm_reader_family(reader, view.family)->name;
        if (view.is_removed || found.size != name.size || memcmp(found.data, name.data, name.size) != 0)
            continue;
        status = status == PCM_NOT_FOUND ? PCM_OK : PCM_ARGUMENT;
        *series = i;
    }
    return status;
}

static void read_value(pcm_reader *reader, pcm_aggregation how, pcm_number *out) {
    uint32_t series;
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, shown(reader, how, &series));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, series, out));
    CHECK(pcm_reader_is_current(reader, series));
}

/* -1 where it cannot be read, which is a failure of the test by itself. */
static pcm_number value_of(pcm_reader *reader, pcm_aggregation how) {
    pcm_number number = {.integer = -1, .real = -1};
    read_value(reader, how, &number);
    return number;
}

static void check_all(pcm_reader *reader, double sum, double min, double max, double average) {
    CHECK(value_of(reader, PCM_AGGREGATION_SUM).real == sum);
    CHECK(value_of(reader, PCM_AGGREGATION_MIN).real == min);
    CHECK(value_of(reader, PCM_AGGREGATION_MAX).real == max);
    CHECK(value_of(reader, PCM_AGGREGATION_AVERAGE).real == average);
}

void gauges_of_living_processes_are_read_as_one(void) {
    pcm_store *sidecar;
    pcm_store *store;
    pcm_reader *reader;
    uint32_t series;
    pid_t first = start_process(2);
    pid_t second = start_process(7.5);
    CHECK(first > 0 && second > 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &sidecar));
    CHECK_STATUS(PCM_OK, pcm_reader_create(sidecar, &reader));
    check_all(reader, 9.5, 2, 7.5, 4.75);
    uint64_t version = pcm_reader_version(reader);
    check_all(reader, 9.5, 2, 7.5, 4.75);
    CHECK(pcm_reader_version(reader) == version);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, set_all(store, -1));
    check_all(reader, 8.5, -1, 7.5, 8.5 / 3);
    /* The one that stood for all. */
    end(first);
    check_all(reader, 6.5, -1, 7.5, 3.25);
    CHECK(pcm__index_lived_count(&store->index) == 12);
    CHECK_STATUS(PCM_OK, pcm_store_remove_orphans(store));
    CHECK(pcm__index_lived_count(&store->index) == 8);
    check_all(reader, 6.5, -1, 7.5, 3.25);
    end(second);
    check_all(reader, -1, -1, -1, -1);
    pcm_store_close(store);
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_NOT_FOUND, shown(reader, PCM_AGGREGATION_SUM, &series));
    pcm_reader_destroy(reader);
    pcm_store_close(sidecar);
}

/* Whether bind finds the own one among those of others under the same values, and does not make another. */
void each_process_has_one_of_its_own(void) {
    pcm_store *store;
    pcm_family_id family;
    pcm_family_definition definition;
    pcm_series_id own;
    pcm_series_id again;
    pcm_bytes mail = bytes("mail");
    pid_t first = start_process(1);
    pid_t second = start_process(1);
    CHECK(first > 0 && second > 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_family_find(store, bytes("sum"), &family, &definition));
    CHECK(definition.aggregation == PCM_AGGREGATION_SUM);
    /* Without one of its own it finds that of another one, such as to remove them all. */
    CHECK_STATUS(PCM_OK, pcm_series_find(store, family, &mail, 1, &again));
    CHECK_STATUS(PCM_OK, bind(store, PCM_AGGREGATION_SUM, "mail", &own));
    CHECK(own != again);
    CHECK(pcm__index_lived_count(&store->index) == 9);
    CHECK_STATUS(PCM_OK, bind(store, PCM_AGGREGATION_SUM, "mail", &again));
    CHECK(own == again);
    CHECK_STATUS(PCM_OK, pcm_series_find(store, family, &mail, 1, &again));
    CHECK(own == again);
    CHECK(pcm__index_lived_count(&store->index) == 9);
    end(first);
    end(second);
    pcm_store_close(store);
}

void what_is_aggregated_is_removed_and_reset_as_one(void) {
    pcm_store *store;
    pcm_reader *reader;
    pcm_series_id own;
    uint32_t series;
    pid_t child = start_process(2);
    CHECK(child > 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, set_all(store, 3));
    CHECK_STATUS(PCM_OK, bind(store, PCM_AGGREGATION_SUM, "mail", &own));
    CHECK(value_of(reader, PCM_AGGREGATION_SUM).integer == 5);
    CHECK_STATUS(PCM_OK, pcm_series_reset(store, own));
    CHECK(value_of(reader, PCM_AGGREGATION_SUM).integer == 0);
    CHECK_STATUS(PCM_OK, set(store, PCM_AGGREGATION_SUM, "mail", 3));
    CHECK_STATUS(PCM_OK, pcm_series_remove(store, own));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_NOT_FOUND, shown(reader, PCM_AGGREGATION_SUM, &series));
    CHECK_STATUS(PCM_OK, shown(reader, PCM_AGGREGATION_MAX, &series));
    CHECK_STATUS(PCM_REMOVED, pcm_series_reset(store, own));
    end(child);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void aggregates_are_exact_and_nan_gives_way(void) {
    static const int64_t large = 9007199254740993; /* 2^53 + 1, which is no double */
    pcm_store *store;
    pcm_reader *reader;
    pcm_series_id series;
    uint32_t cell;
    pid_t child = start_process(NAN);
    CHECK(child > 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK(isnan(value_of(reader, PCM_AGGREGATION_MIN).real));
    for (int how = PCM_AGGREGATION_SUM; how <= PCM_AGGREGATION_AVERAGE; how++) {
        CHECK_STATUS(PCM_OK, bind(store, (pcm_aggregation)how, "mail", &series));
        CHECK_STATUS(PCM_OK, pcm_series_cell(store, series, &cell));
        pcm_cell_add(store, cell, large);
    }
    CHECK(isnan(value_of(reader, PCM_AGGREGATION_SUM).real));
    CHECK(isnan(value_of(reader, PCM_AGGREGATION_AVERAGE).real));
    CHECK(value_of(reader, PCM_AGGREGATION_MIN).integer == large);
    CHECK(value_of(reader, PCM_AGGREGATION_MAX).integer == large);
    end(child);
    child = start_process(2);
    CHECK(child > 0);
    pcm_number sum = value_of(reader, PCM_AGGREGATION_SUM);
    CHECK(sum.is_integer && sum.integer == large + 2);
    CHECK(value_of(reader, PCM_AGGREGATION_MIN).integer == 2);
    CHECK(value_of(reader, PCM_AGGREGATION_MAX).integer == large);
    end(child);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void lanes_of_an_aggregate_are_those_of_all_processes(void) {
    pcm_store *store;
    pcm_reader *reader;
    pcm_series_id id;
    pcm_store_info info;
    pcm_number lanes[PCM_MAX_LANES];
    uint32_t series;
    uint32_t cell;
    int64_t total = 0;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (check_open("a", (pcm_open_options){0}, &store) != PCM_OK ||
            bind(store, PCM_AGGREGATION_SUM, "mail", &id) != PCM_OK || pcm_series_cell(store, id, &cell) != PCM_OK)
            _exit(1);
        pcm_cell_add(store, cell, 40);
        for (;;)
            pause();
    }
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, bind(store, PCM_AGGREGATION_SUM, "mail", &id));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, id, &cell));
    pcm_cell_add(store, cell, 2);
    for (int i = 0; i < 10000 && value_of(reader, PCM_AGGREGATION_SUM).integer != 42; i++)
        usleep(1000);
    CHECK_STATUS(PCM_OK, shown(reader, PCM_AGGREGATION_SUM, &series));
    CHECK_STATUS(PCM_OK, pcm_reader_lanes(reader, series, lanes, PCM_MAX_LANES));
    pcm_store_get_info(store, &info);
    for (uint32_t i = 0; i < info.lanes + info.atomic_lanes; i++)
        total += lanes[i].integer;
    CHECK(total == 42);
    end(child);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}

void definitions_of_aggregates_are_checked(void) {
    pcm_store *store;
    pcm_family_id family;
    pcm_family_definition definition = definition_of(PCM_AGGREGATION_SUM);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, pcm_family_declare(store, &definition, &family));
    definition.aggregation = PCM_AGGREGATION_MAX;
    CHECK_STATUS(PCM_DEFINITION_CONFLICT, pcm_family_declare(store, &definition, &family));
    definition.name = bytes("other");
    definition.aggregation = (pcm_aggregation)5;
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    definition.aggregation = PCM_AGGREGATION_SUM;
    definition.per_process = true;
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    definition.per_process = false;
    definition.type = PCM_COUNTER;
    CHECK_STATUS(PCM_ARGUMENT, pcm_family_declare(store, &definition, &family));
    pcm_store_close(store);
}
