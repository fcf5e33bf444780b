/* Opening, attaching and closing, and the files that must be refused. */
#include "core_check.h"
#include "cpu.h"
#include "layout.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void status_codes_have_names_and_messages(void) {
    CHECK(strcmp(pcm_status_name(PCM_NO_SPACE), "ERR_PCM_NO_SPACE") == 0);
    CHECK(strstr(pcm_status_message(PCM_NO_SPACE), "space") != NULL);
    CHECK(strcmp(pcm_status_name(12345), "ERR_PCM_UNKNOWN") == 0);
}

void cpu_lists_are_read_to_their_highest_id(void) {
    CHECK(pcm__cpu_list_highest("0\n") == 0);
    CHECK(pcm__cpu_list_highest("0-1\n") == 1);
    CHECK(pcm__cpu_list_highest("0-3,8-11,16\n") == 16);
    CHECK(pcm__cpu_list_highest("") == -1);
    CHECK(pcm__cpu_list_highest("none") == -1);
    CHECK(pcm__cpu_lanes() >= (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
}

void a_new_store_is_private_and_reserved(void) {
    pcm_store *store;
    struct stat stat_;
    pcm_store_info info;
    umask(0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK(stat(check_path("a"), &stat_) == 0 && (stat_.st_mode & 07777) == 0600);
    pcm_store_get_info(store, &info);
    CHECK(info.backend == PCM_BACKEND_RSEQ && info.capacity == PCM_DEFAULT_CAPACITY && info.cell_bytes == 8);
    CHECK(info.lanes == pcm__cpu_lanes() && info.atomic_lanes >= 1 && !info.broken && !info.read_only);
    CHECK(info.reserved_bytes >= 65536 && info.reserved_bytes < info.file_bytes);
    pcm_store_close(store);
    CHECK(access(check_path("a"), F_OK) == 0);
    CHECK_STATUS(PCM_OK, check_open("b", (pcm_open_options){.file_mode = 0640}, &store));
    CHECK(stat(check_path("b"), &stat_) == 0 && (stat_.st_mode & 07777) == 0640);
    CHECK_STATUS(PCM_OK, pcm_store_unlink(store));
    CHECK(access(check_path("b"), F_OK) != 0);
    pcm_store_close(store);
}

void a_store_opened_twice_by_a_process_is_one(void) {
    pcm_store *first;
    pcm_store *second;
    pcm_process processes[2];
    size_t count;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &first));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &second));
    CHECK(first == second);
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(first, processes, 2, &count));
    CHECK(count == 1 && processes[0].alive && processes[0].pid == (uint32_t)getpid());
    pcm_store_close(first);
    uint32_t cell;
    CHECK_STATUS(PCM_OK, check_counter(second, "still_open_total", &cell));
    pcm_store_close(second);
}

void another_process_attaches_and_sees_the_same_series(void) {
    pcm_store *store;
    uint32_t cell;
    pcm_number number;
    pcm_process processes[4];
    size_t count;
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "shared_total", &cell));
    pcm_cell_add(store, cell, 5);
    int pid = fork();
    if (pid == 0) {
        pcm_store *own;
        uint32_t own_cell;
        pcm_store_close(store);
        int bad = check_open("a", (pcm_open_options){0}, &own) || check_counter(own, "shared_total", &own_cell);
        if (!bad)
            pcm_cell_add(own, own_cell, 7);
        char byte;
        bad |= read(pipes[0], &byte, 1) != 1;
        if (!bad)
            pcm_store_close(own);
        _exit(bad);
    }
    for (count = 0; count < 2; usleep(1000))
        CHECK_STATUS(PCM_OK, pcm_store_list_processes(store, processes, 4, &count));
    CHECK(processes[0].alive && processes[1].alive);
    CHECK(write(pipes[1], "x", 1) == 1);
    CHECK(check_child(pid));
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(store, processes, 4, &count));
    CHECK(count == 1);
    CHECK_STATUS(PCM_OK, check_value(store, "shared_total", &number));
    CHECK(number.is_integer && number.integer == 12);
    pcm_store_close(store);
}

static void make_store(const char *name) {
    pcm_store *store;
    CHECK_STATUS(PCM_OK, check_open(name, (pcm_open_options){0}, &store));
    pcm_store_close(store);
}

void files_that_are_no_stores_are_refused(void) {
    pcm_store *store = NULL;
    uint32_t version = PCM__FORMAT_VERSION + 1;
    uint64_t capacity = 1024;
    uint32_t lanes = 1u << 30;
    FILE *file = fopen(check_path("text"), "w");
    CHECK(file != NULL && fputs("this is no store, whatever its length may be", file) >= 0 && fclose(file) == 0);
    CHECK_STATUS(PCM_NOT_A_STORE, check_open("text", (pcm_open_options){0}, &store));
    file = fopen(check_path("empty"), "w");
    CHECK(file != NULL && fclose(file) == 0);
    CHECK_STATUS(PCM_NOT_A_STORE, check_open("empty", (pcm_open_options){0}, &store));
    make_store("version");
    check_patch("version", offsetof(struct pcm__header, version), &version, sizeof version);
    CHECK_STATUS(PCM_VERSION, check_open("version", (pcm_open_options){0}, &store));
    uint32_t found = 0;
    uint32_t wanted = 0;
    CHECK_STATUS(PCM_OK, pcm_store_format_versions(check_path("version"), &found, &wanted));
    CHECK(found == PCM__FORMAT_VERSION + 1 && wanted == PCM__FORMAT_VERSION);
    CHECK_STATUS(PCM_NOT_A_STORE, pcm_store_format_versions(check_path("text"), &found, &wanted));
    CHECK_STATUS(PCM_NOT_FOUND, pcm_store_format_versions(check_path("nothing"), &found, &wanted));
    make_store("capacity");
    check_patch("capacity", offsetof(struct pcm__header, capacity), &capacity, sizeof capacity);
    CHECK_STATUS(PCM_CORRUPT, check_open("capacity", (pcm_open_options){0}, &store));
    make_store("lanes");
    check_patch("lanes", offsetof(struct pcm__header, lanes), &lanes, sizeof lanes);
    CHECK_STATUS(PCM_CORRUPT, check_open("lanes", (pcm_open_options){0}, &store));
    make_store("short");
    CHECK(truncate(check_path("short"), 100000) == 0);
    CHECK_STATUS(PCM_CORRUPT, check_open("short", (pcm_open_options){0}, &store));
    CHECK(store == NULL);
}

void paths_that_are_not_regular_files_are_refused(void) {
    pcm_store *store = NULL;
    make_store("target");
    CHECK(symlink(check_path("target"), check_path("link")) == 0);
    CHECK_STATUS(PCM_UNSAFE_PATH, check_open("link", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_UNSAFE_PATH, check_open("link", (pcm_open_options){.read_only = true}, &store));
    CHECK(mkfifo(check_path("fifo"), 0600) == 0);
    CHECK_STATUS(PCM_UNSAFE_PATH, check_open("fifo", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_UNSAFE_PATH, check_open(".", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_NOT_FOUND, check_open("none/store", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_ARGUMENT, pcm_store_open(&(pcm_open_options){.path = ""}, &store));
    CHECK_STATUS(PCM_ARGUMENT, check_open("big", (pcm_open_options){.capacity = 1ull << 40}, &store));
    CHECK(store == NULL && access(check_path("big"), F_OK) != 0);
}

void read_only_needs_a_store_and_changes_nothing(void) {
    pcm_store *store;
    pcm_store *reader;
    pcm_series_id series;
    uint32_t cell;
    pcm_number number;
    size_t count;
    CHECK_STATUS(PCM_NOT_FOUND, check_open("a", (pcm_open_options){.read_only = true}, &store));
    CHECK(access(check_path("a"), F_OK) != 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "read_total", &cell));
    pcm_cell_add(store, cell, 3);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &reader));
    CHECK(reader != store);
    pcm_cell_add(reader, cell, 1);
    CHECK_STATUS(PCM_READ_ONLY, check_series(reader, PCM_COUNTER, "new_total", NULL, &series));
    CHECK_STATUS(PCM_OK, check_series(reader, PCM_COUNTER, "read_total", NULL, &series));
    CHECK_STATUS(PCM_READ_ONLY, pcm_series_add_double(reader, series, 0.5));
    CHECK_STATUS(PCM_READ_ONLY, pcm_store_unlink(reader));
    CHECK_STATUS(PCM_OK, check_value(reader, "read_total", &number));
    CHECK(number.integer == 3);
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(reader, NULL, 0, &count));
    CHECK(count == 1);
    pcm_store_close(reader);
    pcm_store_close(store);
}

void another_back_end_than_the_files_is_refused(void) {
    pcm_store *store;
    pcm_store *other = NULL;
    pcm_mode mode;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.backend = PCM_BACKEND_ATOMIC}, &store));
    CHECK_STATUS(PCM_BACKEND_MISMATCH, check_open("a", (pcm_open_options){.backend = PCM_BACKEND_RSEQ}, &other));
    CHECK(other == NULL);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &other));
    pcm_thread_get_mode(other, &mode);
    CHECK(mode.backend == PCM_BACKEND_ATOMIC && strstr(mode.reason, "made with") != NULL);
    pcm_store_close(other);
    pcm_store_close(store);
}

void an_ephemeral_store_goes_with_its_last_process(void) {
    pcm_store *store;
    int pid;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.ephemeral = true}, &store));
    pid = fork();
    if (pid == 0) {
        pcm_store *own;
        pcm_store_close(store);
        int bad = check_open("a", (pcm_open_options){0}, &own);
        if (!bad)
            pcm_store_close(own);
        _exit(bad);
    }
    CHECK(check_child(pid));
    CHECK(access(check_path("a"), F_OK) == 0);
    pcm_store_close(store);
    CHECK(access(check_path("a"), F_OK) != 0);
}

void a_process_that_exits_gives_its_stores_back(void) {
    pcm_store *store;
    size_t count;
    int pid = fork();
    if (pid == 0) {
        pcm_store *named;
        exit(check_open("ephemeral", (pcm_open_options){.ephemeral = true}, &store) ||
             check_open("named", (pcm_open_options){0}, &named));
    }
    CHECK(check_child(pid));
    CHECK(access(check_path("ephemeral"), F_OK) != 0 && access(check_path("named"), F_OK) == 0);
    CHECK_STATUS(PCM_OK, check_open("named", (pcm_open_options){.read_only = true}, &store));
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(store, NULL, 0, &count));
    CHECK(count == 0);
    pcm_store_close(store);
    /* A child that inherited a store takes nothing of it along. */
    CHECK_STATUS(PCM_OK, check_open("inherited", (pcm_open_options){.ephemeral = true}, &store));
    pid = fork();
    if (pid == 0)
        exit(0);
    CHECK(check_child(pid));
    CHECK_STATUS(PCM_OK, pcm_store_list_processes(store, NULL, 0, &count));
    CHECK(count == 1 && access(check_path("inherited"), F_OK) == 0);
    pcm_store_close(store);
}

/* A child that opens a store, says so, and waits to be killed. */
static int start_holder(const char *name, bool ephemeral) {
    int pipes[2];
    char byte = 0;
    if (pipe(pipes) != 0)
        return -1;
    int pid = fork();
    if (pid == 0) {
        pcm_store *store;
        if (check_open(name, (pcm_open_options){.ephemeral = ephemeral}, &store) != PCM_OK)
            _exit(1);
        if (write(pipes[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(pipes[1]);
    bool ready = read(pipes[0], &byte, 1) == 1;
    close(pipes[0]);
    return ready ? pid : -1;
}

void stores_of_killed_processes_are_swept(void) {
    uint32_t removed;
    int ephemeral = start_holder("ephemeral", true);
    int named = start_holder("named", false);
    FILE *file = fopen(check_path("other"), "w");
    CHECK(ephemeral > 0 && named > 0 && file != NULL && fclose(file) == 0);
    CHECK_STATUS(PCM_OK, pcm_store_sweep(check_directory, &removed));
    CHECK(removed == 0);
    kill(ephemeral, SIGKILL);
    kill(named, SIGKILL);
    waitpid(ephemeral, NULL, 0);
    waitpid(named, NULL, 0);
    CHECK_STATUS(PCM_OK, pcm_store_sweep(check_directory, &removed));
    CHECK(removed == 1);
    CHECK(access(check_path("ephemeral"), F_OK) != 0 && access(check_path("named"), F_OK) == 0 &&
          access(check_path("other"), F_OK) == 0);
}

void a_store_of_another_boot_is_refused_or_carried_over(void) {
    pcm_store *store;
    pcm_series_id counter;
    pcm_series_id gauge;
    pcm_series_id histogram_series;
    pcm_histogram histogram;
    uint32_t cell;
    pcm_number number;
    static const uint8_t other_boot[16] = {1, 2, 3};
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 1024, .lanes = 7}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "old_total", "x", &counter));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, counter, &cell));
    pcm_cell_add(store, cell, 40);
    CHECK_STATUS(PCM_OK, pcm_series_add_double(store, counter, 2.5));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_GAUGE, "old_gauge", NULL, &gauge));
    CHECK_STATUS(PCM_OK, pcm_gauge_set(store, gauge, -0.25));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "old_seconds", NULL, &histogram_series));
    CHECK_STATUS(PCM_OK, pcm_histogram_bind(store, histogram_series, &histogram));
    CHECK_STATUS(PCM_OK, pcm_histogram_observe(store, &histogram, 0.75));
    pcm_store_close(store);
    check_patch("a", offsetof(struct pcm__header, boot_id), other_boot, sizeof other_boot);
    CHECK_STATUS(PCM_OTHER_BOOT, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OTHER_BOOT, check_open("a", (pcm_open_options){.read_only = true, .persist = true}, &store));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.persist = true}, &store));
    pcm_store_info info;
    pcm_store_get_info(store, &info);
    CHECK(info.lanes == pcm__cpu_lanes() && info.capacity == 1024);
    CHECK_STATUS(PCM_OK, check_value(store, "old_total", &number));
    CHECK(number.real == 42.5);
    CHECK_STATUS(PCM_OK, check_value(store, "old_gauge", &number));
    CHECK(number.real == -0.25);
    CHECK_STATUS(PCM_OK, check_series(store, PCM_COUNTER, "old_total", "x", &counter));
    CHECK_STATUS(PCM_OK, pcm_series_cell(store, counter, &cell));
    pcm_cell_add(store, cell, 1);
    CHECK_STATUS(PCM_OK, check_value(store, "old_total", &number));
    CHECK(number.real == 43.5);
    pcm_reader *reader;
    int64_t buckets[4];
    double sum;
    CHECK_STATUS(PCM_OK, pcm_reader_create(store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_histogram(reader, 2, buckets, &sum));
    CHECK(buckets[0] == 0 && buckets[1] == 1 && buckets[2] == 0 && buckets[3] == 0 && sum == 0.75);
    pcm_reader_destroy(reader);
    pcm_store_close(store);
}
