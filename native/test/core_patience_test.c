/* How long a reader waits for a change that has begun: as long as somebody may end it, and not for the dead. */
#include "core_check.h"
#include "layout.h"
#include "reader.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* More than it takes to ask whether there is somebody to wait for, several times over. */
#define LONG_YIELDS 300
/* Fewer than a reader waits for whoever holds the lock, before it shows what it foresees. */
#define FEW_YIELDS 50
#define CAPACITY   (512 * 256)

struct work {
    pcm_store *store;
    pcm_series_id series;
    void (*change)(const struct work *work);
};

/* A thread that is held in the middle of a change, where it touches a page that it may not. Children share it. */
struct middle {
    void *page;
    size_t page_bytes;
    bool dies;    /* in place of being held */
    int patience; /* yields that it is held for */
    _Atomic int yields;
    _Atomic bool held;
    _Atomic bool released;
    _Atomic bool ended;
};

static struct middle *middle;
static struct sigaction before;

/* A minute at least, which nothing here takes. */
static bool pause_until(const _Atomic bool *happened) {
    for (int i = 0; i < 600000 && !atomic_load(happened); i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    return atomic_load(happened);
}

static void hold(int number) {
    (void)number;
    mprotect(middle->page, middle->page_bytes, PROT_READ | PROT_WRITE);
    if (middle->dies)
        _exit(0);
    atomic_store(&middle->held, true);
    pause_until(&middle->released);
}

/* In the place of the C library's: a reader that finds a change in progress lets others run, and so this one. */
int sched_yield(void) {
    if (middle != NULL && atomic_fetch_add(&middle->yields, 1) + 1 == middle->patience && atomic_load(&middle->held)) {
        atomic_store(&middle->released, true);
        pause_until(&middle->ended);
    }
    return (int)syscall(SYS_sched_yield);
}

static bool prepare(int patience) {
    struct sigaction action = {.sa_handler = hold};
    middle = mmap(NULL, sizeof *middle, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (middle == MAP_FAILED) {
        middle = NULL;
        return false;
    }
    middle->patience = patience;
    return sigaction(SIGSEGV, &action, &before) == 0;
}

static void put_back(void) {
    sigaction(SIGSEGV, &before, NULL);
    munmap(middle, sizeof *middle);
    middle = NULL;
}

/* Nobody touches the base of a cell but the change that is held there. */
static bool forbid_base(const pcm_store *store, uint32_t cell) {
    middle->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t word = (uintptr_t)pcm__store_base(store, cell);
    middle->page = (void *)(word & ~(middle->page_bytes - 1)); // NOLINT(performance-no-int-to-ptr)
    return mprotect(middle->page, middle->page_bytes, PROT_NONE) == 0;
}

static void *run_change(void *argument) {
    const struct work *work = argument;
    work->change(work);
    atomic_store(&middle->ended, true);
    return NULL;
}

static bool begin(struct work *work, uint32_t cell, pthread_t *thread) {
    if (!forbid_base(work->store, cell) || pthread_create(thread, NULL, run_change, work) != 0)
        return false;
    return pause_until(&middle->held);
}

/* Nobody else gets on otherwise. Whether a reader has waited for it. */
static bool end(pthread_t thread) {
    bool waited = atomic_load(&middle->ended);
    atomic_store(&middle->released, true);
    return pthread_join(thread, NULL) == 0 && waited;
}

static void set_seven(const struct work *work) {
    pcm_gauge_set(work->store, work->series, 7);
}

static void reset(const struct work *work) {
    pcm_series_reset(work->store, work->series);
}

/* It is held where it gives its cell of fractions away, before which it has another value already. */
static int make_gauge(struct work *work) {
    uint32_t cell;
    int status = check_series(work->store, PCM_GAUGE, "g", NULL, &work->series);
    if (status == PCM_OK)
        status = pcm_series_cell(work->store, work->series, &cell);
    if (status != PCM_OK)
        return status;
    work->change = set_seven;
    pcm_cell_add(work->store, cell, 1000);
    return pcm_series_add_double(work->store, work->series, 0.25);
}

/* It is held before any of its buckets is at zero again. */
static int make_histogram(struct work *work, uint32_t *cell) {
    pcm_histogram histogram;
    int status = check_series(work->store, PCM_HISTOGRAM, "h", NULL, &work->series);
    if (status == PCM_OK)
        status = pcm_histogram_bind(work->store, work->series, &histogram);
    if (status != PCM_OK)
        return status;
    work->change = reset;
    *cell = histogram.first_cell;
    for (int i = 0; i < 8 && status == PCM_OK; i++)
        status = pcm_histogram_observe(work->store, &histogram, 0.25);
    return status;
}

/* Of the only histogram; -1 where it cannot be read. */
static int64_t count_of(const pcm_reader *reader, double *sum) {
    int64_t buckets[4];
    if (pcm_reader_histogram(reader, 0, buckets, sum) != PCM_OK)
        return -1;
    return buckets[0] + buckets[1] + buckets[2] + buckets[3];
}

void a_reader_waits_for_a_set_that_has_begun(void) {
    struct work work;
    pcm_store *other;
    pcm_reader *reader;
    pcm_number number;
    pthread_t thread;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = CAPACITY}, &work.store));
    /* The lock of the other one's process is held all the while. */
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.read_only = true}, &other));
    CHECK_STATUS(PCM_OK, make_gauge(&work));
    CHECK_STATUS(PCM_OK, pcm_reader_create(other, &reader));
    CHECK(prepare(1));
    CHECK(begin(&work, CAPACITY - 1, &thread));
    int status = pcm_reader_refresh(reader);
    bool waited = end(thread);
    put_back();
    CHECK_STATUS(PCM_OK, status);
    CHECK_STATUS(PCM_OK, pcm_reader_value(reader, 0, &number));
    CHECK(waited);
    CHECK(number.real == 7);
    pcm_reader_destroy(reader);
    pcm_store_close(other);
    pcm_store_close(work.store);
}

/* Of another description of the file, whose lock the kernel tells of, and of the same one, where the mutex does. */
void a_reader_waits_for_a_reset_as_long_as_the_lock_is_held(void) {
    for (int is_own = 0; is_own < 2; is_own++) {
        struct work work;
        pcm_store *other;
        pcm_reader *reader;
        pthread_t thread;
        uint32_t cell;
        double sum;
        const char *name = is_own ? "own" : "other";
        CHECK_STATUS(PCM_OK, check_open(name, (pcm_open_options){.capacity = CAPACITY}, &work.store));
        CHECK_STATUS(PCM_OK, check_open(name, (pcm_open_options){.read_only = true}, &other));
        CHECK_STATUS(PCM_OK, make_histogram(&work, &cell));
        CHECK_STATUS(PCM_OK, pcm_reader_create(is_own ? work.store : other, &reader));
        CHECK_STATUS(PCM_OK, pcm_reader_refresh(reader));
        CHECK(prepare(LONG_YIELDS));
        CHECK(begin(&work, cell, &thread));
        /* As where the reset falls between the pass and what follows it: a pass begins with the mutex. */
        int status = pcm__reader_settle(reader, false);
        bool waited = end(thread);
        int yields = atomic_load(&middle->yields);
        put_back();
        CHECK_STATUS(PCM_OK, status);
        CHECK(waited && yields >= LONG_YIELDS);
        CHECK(count_of(reader, &sum) == 0 && sum == 0);
        pcm_reader_destroy(reader);
        pcm_store_close(other);
        pcm_store_close(work.store);
    }
}

/* It has the description of the file with the parent, so that the kernel tells it nothing of the parent's lock. */
void a_forked_child_waits_for_a_reset_of_its_parent(void) {
    struct work work;
    pcm_reader *reader;
    pthread_t thread;
    uint32_t cell;
    CHECK_STATUS(PCM_OK, check_open("a", (pcm_open_options){.capacity = CAPACITY}, &work.store));
    CHECK_STATUS(PCM_OK, make_histogram(&work, &cell));
    CHECK_STATUS(PCM_OK, pcm_reader_create(work.store, &reader));
    CHECK(prepare(LONG_YIELDS));
    int pid = fork();
    if (pid == 0) {
        double sum;
        bool is_reset = pause_until(&middle->held) && pcm_reader_refresh(reader) == PCM_OK &&
                        count_of(reader, &sum) == 0 && sum == 0;
        _exit(is_reset ? 0 : 1);
    }
    CHECK(begin(&work, cell, &thread));
    bool is_exact = check_child(pid);
    bool waited = end(thread);
    int yields = atomic_load(&middle->yields);
    put_back();
    CHECK(waited && yields >= LONG_YIELDS);
    CHECK(is_exact);
    pcm_reader_destroy(reader);
    pcm_store_close(work.store);
}

/* A child begins the change and dies in the middle of it. Gives the yields of a reader that comes then, or -1. */
static int yields_after_death(const struct work *work, uint32_t cell, pcm_reader *reader) {
    if (!prepare(0))
        return -1;
    middle->dies = true;
    int pid = fork();
    if (pid == 0) {
        if (forbid_base(work->store, cell))
            work->change(work);
        _exit(1);
    }
    bool died = check_child(pid);
    int status = pcm_reader_refresh(reader);
    int yields = died && status == PCM_OK ? atomic_load(&middle->yields) : -1;
    put_back();
    return yields;
}

/* What they have left is shown as it is, or as it will be where that is known. */
void a_reader_does_not_wait_for_changes_that_the_dead_have_left(void) {
    struct work works[2];
    pcm_store *other;
    pcm_reader *readers[2];
    pcm_number number;
    uint32_t cell;
    double sum;
    CHECK_STATUS(PCM_OK, check_open("histogram", (pcm_open_options){.capacity = CAPACITY}, &works[0].store));
    CHECK_STATUS(PCM_OK, make_histogram(&works[0], &cell));
    CHECK_STATUS(PCM_OK, pcm_reader_create(works[0].store, &readers[0]));
    int yields = yields_after_death(&works[0], cell, readers[0]);
    CHECK(yields > 0 && yields < FEW_YIELDS);
    CHECK(count_of(readers[0], &sum) == 8 && sum == 2);
    /* With a descriptor for reading only, as that of a service beside the application. */
    CHECK_STATUS(PCM_OK, check_open("gauge", (pcm_open_options){.capacity = CAPACITY}, &works[1].store));
    CHECK_STATUS(PCM_OK, check_open("gauge", (pcm_open_options){.read_only = true}, &other));
    CHECK_STATUS(PCM_OK, make_gauge(&works[1]));
    CHECK_STATUS(PCM_OK, pcm_reader_create(other, &readers[1]));
    yields = yields_after_death(&works[1], CAPACITY - 1, readers[1]);
    CHECK(yields > 0 && yields < FEW_YIELDS);
    CHECK(pcm_reader_value(readers[1], 0, &number) == PCM_OK && number.real == 7);
    for (int i = 0; i < 2; i++) {
        pcm_reader_destroy(readers[i]);
        /* The next one to take the lock finishes it. */
        CHECK_STATUS(PCM_OK, pcm_series_reset(works[i].store, works[i].series));
        pcm_store_close(works[i].store);
    }
    pcm_store_close(other);
}
