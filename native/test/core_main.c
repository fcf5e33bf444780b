/* Runs the tests of the core, or those whose name contains the argument; prints one line for each and their
 * tally, of which those are no part that could test nothing. */
#include "core_check.h"
#include "store.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int check_failed;
const char *check_skipped;
char check_directory[64];

const char *check_path(const char *name) {
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", check_directory, name);
    return path[turn];
}

int check_open(const char *name, pcm_open_options options, pcm_store **out) {
    options.path = check_path(name);
    return pcm_store_open(&options, out);
}

int check_series(pcm_store *store, pcm_type type, const char *name, const char *label, pcm_series_id *out) {
    static const double bounds[] = {0.5, 1, 2.5};
    pcm_bytes label_name = bytes("label");
    pcm_bytes value = label == NULL ? bytes("") : bytes(label);
    pcm_family_definition definition = {
        .type = type,
        .name = bytes(name),
        .help = bytes("Help"),
        .label_names = &label_name,
        .label_count = label != NULL,
        .bounds = bounds,
        .bound_count = type == PCM_HISTOGRAM ? 3 : 0,
    };
    pcm_family_id family;
    int status = pcm_family_declare(store, &definition, &family);
    return status == PCM_OK ? pcm_series_bind(store, family, &value, label != NULL, out) : status;
}

int check_counter(pcm_store *store, const char *name, uint32_t *cell) {
    pcm_series_id series;
    int status = check_series(store, PCM_COUNTER, name, NULL, &series);
    return status == PCM_OK ? pcm_series_cell(store, series, cell) : status;
}

int check_count(int count) {
    const char *scale = getenv("PCM_TEST_SCALE");
    double scaled = scale == NULL ? count : count * strtod(scale, NULL);
    return scaled < 1 ? 1 : (int)scaled;
}

int check_value(pcm_store *store, const char *name, pcm_number *out) {
    pcm_reader *reader;
    int status = pcm_reader_create(store, &reader);
    if (status != PCM_OK)
        return status;
    status = pcm_reader_refresh(reader);
    uint32_t count = status == PCM_OK ? pcm_reader_series_count(reader) : 0;
    if (status == PCM_OK)
        status = PCM_NOT_FOUND;
    for (uint32_t i = 0; i < count; i++) {
        pcm_bytes found = pcm_reader_family(reader, pcm_reader_series(reader, i).family)->name;
        if (found.size == strlen(name) && memcmp(found.data, name, found.size) == 0)
            status = pcm_reader_value(reader, i, out);
    }
    pcm_reader_destroy(reader);
    return status;
}

void check_patch(const char *name, long offset, const void *data, size_t size) {
    FILE *file = fopen(check_path(name), "r+b");
    if (file == NULL || fseek(file, offset, SEEK_SET) != 0 || fwrite(data, 1, size, file) != size)
        check_failed = 1;
    if (file != NULL)
        fclose(file);
}

int check_fill(pcm_store *store, pcm_series_id *last) {
    int status = PCM_OK;
    for (int i = 0; status == PCM_OK; i++) {
        char label[32];
        pcm_series_id series;
        snprintf(label, sizeof label, "%d", i);
        status = check_series(store, PCM_GAUGE, "filling", label, &series);
        if (status == PCM_OK)
            status = pcm_series_add_double(store, series, 0.5);
        if (status == PCM_OK)
            *last = series;
    }
    return status;
}

uint64_t check_refusals(const pcm_store *store) {
    const struct pcm__totals *totals = (const struct pcm__totals *)pcm__store_at(store, PCM__TOTALS_OFFSET);
    return atomic_load(&totals->refusals);
}

int check_cpu(bool highest) {
    static cpu_set_t at_start;
    int found = -1;
    if (CPU_COUNT(&at_start) == 0)
        sched_getaffinity(0, sizeof at_start, &at_start);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &at_start) && (found < 0 || highest))
            found = cpu;
    return found;
}

void check_run_on(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        check_failed = 1;
}

int check_child_status(int pid) {
    int status;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool check_child(int pid) {
    return check_child_status(pid) == 0;
}

static void remove_directory(void) {
    DIR *directory = opendir(check_directory);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        unlink(check_path(entry->d_name));
    if (directory != NULL)
        closedir(directory);
    rmdir(check_directory);
}

enum outcome { PASSED, FAILED, SKIPPED };

static enum outcome run(const char *name, void (*test)(void)) {
    strcpy(check_directory, "/dev/shm/pcm-test-XXXXXX");
    cpu_set_t cpus;
    sched_getaffinity(0, sizeof cpus, &cpus);
    check_skipped = NULL;
    check_failed = mkdtemp(check_directory) == NULL;
    if (!check_failed)
        test();
    sched_setaffinity(0, sizeof cpus, &cpus);
    remove_directory();
    if (check_failed) {
        printf("not ok %s\n", name);
        return FAILED;
    }
    if (check_skipped != NULL) {
        printf("skip %s: %s\n", name, check_skipped);
        return SKIPPED;
    }
    printf("ok %s\n", name);
    return PASSED;
}

int main(int argc, char **argv) {
    const char *filter = argc > 1 ? argv[1] : "";
    int outcomes[] = {[PASSED] = 0, [FAILED] = 0, [SKIPPED] = 0};
    /* A child that is killed must not print again what its parent had in its buffer. */
    setvbuf(stdout, NULL, _IONBF, 0);
#define X(name)                                                                                                        \
    if (strstr(#name, filter) != NULL)                                                                                 \
        outcomes[run(#name, name)]++;
    TESTS(X)
#undef X
    printf("%d passed, %d failed\n", outcomes[PASSED], outcomes[FAILED]);
    return outcomes[FAILED] != 0;
}
