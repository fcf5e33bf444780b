/* Stores that are cut off, or hold noise. */
#include "core_check.h"
#include "layout.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void a_truncated_file_breaks_the_store_and_not_the_process(void) {
    pcm_store *store;
    pcm_store *reader_store;
    uint32_t cell;
    pcm_number number;
    pcm_store_info info;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &reader_store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    pcm_reader *reader;
    CHECK_STATUS(PCM_OK, pcm_reader_create(reader_store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK(truncate(check_path("a"), 0) == 0);
    for (int i = 0; i < 1000; i++)
        pcm_cell_add(store, cell, 1);
    CHECK_STATUS(PCM_BROKEN, check_value(store, "c_total", &number));
    CHECK_STATUS(PCM_BROKEN, pcm_reader_refresh(reader));
    /* The pages that a reader has not noticed yet are gone as well. */
    CHECK(pcm_reader_label_value(reader, 0, 0).size == 0);
    pcm_store_get_info(store, &info);
    CHECK(info.broken);
    pcm_series_id series;
    CHECK(check_series(store, PCM_COUNTER, "new_total", NULL, &series) != PCM_OK);
    pcm_reader_destroy(reader);
    pcm_store_close(reader_store);
    pcm_store_close(store);
    CHECK(unlink(check_path("a")) == 0);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){0}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    pcm_store_close(store);
}

/* Its file as whoever died in a reset left it, but for the cell of the sum. */
static void leave_a_reset_without_cells(const char *name, pcm_series_id series) {
    struct pcm__header header;
    const uint32_t none = 0;
    const uint32_t busy = 1;
    int fd = open(check_path(name), O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &header, sizeof header, 0) == sizeof header && close(fd) == 0);
    const uint64_t rebase = (header.rebases + 1) * 2 + 1;
    const struct pcm__intent intent = {.rebase = rebase, .series = series - 1};
    const long record = (long)(header.catalog_offset + series - 1);
    check_patch(name, PCM__INTENT_OFFSET, &intent, sizeof intent);
    check_patch(name, record + (long)offsetof(struct pcm__series_record, rebase), &rebase, sizeof rebase);
    check_patch(name, record + (long)offsetof(struct pcm__series_record, double_cell), &none, sizeof none);
    check_patch(name, offsetof(struct pcm__header, busy), &busy, sizeof busy);
}

void a_reset_that_was_left_without_cells_is_refused(void) {
    pcm_store *store;
    pcm_series_id series;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.persist = true}, &store));
    CHECK_STATUS(PCM_OK, check_series(store, PCM_HISTOGRAM, "h", NULL, &series));
    pcm_store_close(store);
    leave_a_reset_without_cells("a", series);
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.persist = true}, &store));
    CHECK_STATUS(PCM_CORRUPT, check_series(store, PCM_COUNTER, "new_total", NULL, &series));
    pcm_store_close(store);
}

/* Cuts the file off, and puts it back byte for byte after `use` has met what is missing. */
static bool meets_a_hole(const char *name, void (*use)(void *), void *argument) {
    struct stat whole;
    int fd = open(check_path(name), O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &whole) != 0)
        return false;
    char *bytes = malloc((size_t)whole.st_size);
    bool ok = bytes != NULL && pread(fd, bytes, (size_t)whole.st_size, 0) == whole.st_size && ftruncate(fd, 0) == 0;
    if (ok)
        use(argument);
    ok = ok && pwrite(fd, bytes, (size_t)whole.st_size, 0) == whole.st_size;
    free(bytes);
    close(fd);
    return ok;
}

struct counting {
    pcm_store *store;
    uint32_t cell;
};

static void count_one(void *argument) {
    const struct counting *counting = argument;
    pcm_cell_add(counting->store, counting->cell, 1);
}

static void read_a_label(void *reader) {
    pcm_reader_label_value(reader, 0, 0);
}

/* What was counted in between is in no file, and the missing pages never come back: that must not be forgotten. */
void a_store_that_met_a_hole_stays_broken_when_its_file_is_put_back(void) {
    struct counting counting;
    pcm_store *reader_store;
    pcm_reader *reader;
    pcm_number number;
    pcm_store_info info;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 512}, &counting.store));
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &reader_store));
    CHECK_STATUS(PCM_OK, check_counter(counting.store, "c_total", &counting.cell));
    pcm_cell_add(counting.store, counting.cell, 5);
    CHECK_STATUS(PCM_OK, pcm_reader_create(reader_store, &reader));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK(meets_a_hole("a", count_one, &counting));
    /* Who did not look meanwhile has everything. */
    CHECK(!pcm_store_is_broken(reader_store));
    CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(number.integer == 5);
    CHECK(pcm_store_is_broken(counting.store));
    pcm_store_get_info(counting.store, &info);
    CHECK(info.broken);
    CHECK_STATUS(PCM_BROKEN, check_value(counting.store, "c_total", &number));
    pcm_series_id series;
    CHECK_STATUS(PCM_BROKEN, check_series(counting.store, PCM_COUNTER, "new_total", NULL, &series));
    CHECK(meets_a_hole("a", read_a_label, reader));
    CHECK(pcm_store_is_broken(reader_store));
    CHECK_STATUS(PCM_BROKEN, pcm_reader_refresh(reader));
    pcm_reader_destroy(reader);
    pcm_store_close(reader_store);
    pcm_store_close(counting.store);
}

static volatile sig_atomic_t first_calls;
static volatile sig_atomic_t second_calls;
static struct sigaction before_second;

static void be_first(int number) {
    (void)number;
    first_calls++;
}

/* As it should be: what is not its own goes to whoever was there before. */
static void be_second(int number, siginfo_t *info, void *context) {
    second_calls++;
    before_second.sa_sigaction(number, info, context);
}

static bool open_counting(struct counting *counting) {
    return check_open("a", (pcm_open_options){.capacity = 512}, &counting->store) == PCM_OK &&
           check_counter(counting->store, "c_total", &counting->cell) == PCM_OK;
}

static bool count_into_a_hole(struct counting *counting) {
    bool broken = meets_a_hole("a", count_one, counting) && pcm_store_is_broken(counting->store);
    pcm_store_close(counting->store);
    return broken && unlink(check_path("a")) == 0;
}

/* Each number is the step that went wrong. */
static int change_handlers(void) {
    struct sigaction none = {.sa_handler = SIG_DFL};
    struct sigaction first = {.sa_handler = be_first};
    struct sigaction second = {.sa_sigaction = be_second, .sa_flags = SA_SIGINFO};
    struct counting counting;
    pcm_reader *reader;
    /* Listeners that come and go, more often than there are places. */
    for (int i = 0; i < 100; i++) {
        if (!open_counting(&counting) || sigaction(SIGBUS, i % 2 == 0 ? &first : &none, NULL) != 0 ||
            pcm_sigbus_keep() != PCM_OK || !count_into_a_hole(&counting))
            return 1;
    }
    sigaction(SIGBUS, &first, NULL);
    if (pcm_sigbus_keep() != PCM_OK || first_calls != 0 || raise(SIGBUS) != 0 || first_calls != 1)
        return 2;
    /* One that calls the stores' handler, which comes back in front of it and must not be called for ever. */
    if (!open_counting(&counting) || pcm_reader_create(counting.store, &reader) != PCM_OK ||
        sigaction(SIGBUS, &second, &before_second) != 0 || pcm_reader_refresh(reader) != PCM_OK)
        return 3;
    pcm_reader_destroy(reader);
    if (!count_into_a_hole(&counting) || second_calls != 0)
        return 4;
    return raise(SIGBUS) == 0 && second_calls == 1 && first_calls == 2 ? 0 : 5;
}

void a_handler_for_sigbus_that_others_replace_comes_back(void) {
    int pid = fork();
    if (pid == 0)
        _exit(change_handlers());
    int status = check_child_status(pid);
    if (status != 0)
        printf("# step %d\n", status);
    CHECK(status == 0);
}

/* Each number is the step that went wrong. */
static int open_once_more(void) {
    struct sigaction first = {.sa_handler = be_first};
    struct counting counting;
    pcm_store *again;
    if (!open_counting(&counting) || sigaction(SIGBUS, &first, NULL) != 0 ||
        check_open("a", (pcm_open_options){0}, &again) != PCM_OK)
        return 1;
    struct sigaction now;
    if (sigaction(SIGBUS, NULL, &now) != 0 || now.sa_handler == be_first)
        return 2;
    return count_into_a_hole(&counting) ? 0 : 3;
}

void a_store_that_is_opened_once_more_gets_its_handler_back(void) {
    int pid = fork();
    if (pid == 0)
        _exit(open_once_more());
    int status = check_child_status(pid);
    if (status != 0)
        printf("# step %d\n", status);
    CHECK(status == 0);
}

static atomic_bool stop_changing;

static void *change_all_the_time(void *argument) {
    (void)argument;
    struct sigaction first = {.sa_handler = be_first};
    while (!atomic_load(&stop_changing)) {
        sigaction(SIGBUS, &first, NULL);
        pcm_sigbus_keep();
    }
    return NULL;
}

static int open_in_child(void) {
    pcm_store *store;
    alarm(10);
    int status = check_open("b", (pcm_open_options){.capacity = 512}, &store);
    if (status == PCM_OK)
        pcm_store_close(store);
    return status;
}

void children_that_are_forked_while_the_handler_comes_back_open_stores(void) {
    pcm_store *store;
    pthread_t thread;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 512}, &store));
    CHECK(pthread_create(&thread, NULL, change_all_the_time, NULL) == 0);
    int status = 0;
    for (int i = 0; i < 100 && status == 0; i++) {
        int pid = fork();
        if (pid == 0)
            _exit(open_in_child());
        status = check_child_status(pid);
    }
    atomic_store(&stop_changing, true);
    pthread_join(thread, NULL);
    pcm_store_close(store);
    CHECK(status == 0);
}

void a_catalog_of_noise_is_refused(void) {
    pcm_store *store;
    uint32_t cell;
    struct pcm__header header;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = 512}, &store));
    CHECK_STATUS(PCM_OK, check_counter(store, "c_total", &cell));
    pcm_store_close(store);
    FILE *file = fopen(check_path("a"), "rb");
    CHECK(file != NULL && fread(&header, sizeof header, 1, file) == 1 && fclose(file) == 0);
    unsigned state = 1;
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
        unsigned char noise[8];
        for (int i = 0; i < 8; i++)
            noise[i] = (unsigned char)((state = state * 1664525u + 1013904223u) >> 24);
        long offset = (long)(header.catalog_offset + (state >> 8) % 120);
        check_patch("a", offset, noise, 1 + state % 8);
        int status = check_open("a", (pcm_open_options){.read_only = true}, &store);
        if (status == PCM_OK) {
            pcm_number number;
            check_value(store, "c_total", &number);
            pcm_store_close(store);
        }
        CHECK(status == PCM_OK || status == PCM_CORRUPT);
        refused += status == PCM_CORRUPT;
    }
    CHECK(refused > 0);
}
