/*
 * Churn: millions of series are created and removed in a store that has room for few, while a thread of this process
 * and one of another add to series that were removed, for as long as they have not moved on. Each series must hold what
 * was added to it and nothing of whoever had its cells before.
 *
 *     churn DIRECTORY SERIES
 *
 * Series come in generations. The creator makes one and adds to it, each writer finds it and adds 1 to each of its
 * series, the creator reads and compares, and removes it. What the writers add from then on must be seen nowhere.
 */
#include "percpu_metrics.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CAPACITY = 10000,
    GENERATION = 512,
    WRITERS = 2,
    MOST_KEPT = 3, /* generations that a writer adds to after they were removed */
    KINDS = 3,
    LONGEST = 900, /* seconds */
};

enum kind { COUNTED, LEVEL, OBSERVED };

/* Shared by both processes. */
struct progress {
    _Atomic uint64_t generation; /* the last one that was made, from 1 on */
    _Atomic uint64_t seen[WRITERS];
    _Atomic uint64_t late_adds; /* amounts that were added to what was removed */
    _Atomic uint64_t failures;
    _Atomic bool stop;
};

/* What a thread needs of the store. */
struct place {
    pcm_store *store;
    pcm_holder *holder;
    pcm_family_id families[KINDS];
    struct progress *progress;
};

struct held {
    enum kind kind;
    uint32_t cell;
    pcm_histogram histogram;
};

struct writer {
    struct place place;
    int number;
    uint32_t count;
    struct held held[MOST_KEPT * GENERATION];
};

/* Mostly counters, and a few of what goes down and of what has several cells. */
static enum kind kind_of(uint32_t number) {
    return number % 8 == 0 ? OBSERVED : number % 8 == 1 ? LEVEL : COUNTED;
}

static pcm_bytes label_of(uint64_t generation, uint32_t number, char *text, size_t size) {
    int length = snprintf(text, size, "%llu.%u", (unsigned long long)generation, number);
    return (pcm_bytes){text, (size_t)length};
}

static int declare(struct place *place) {
    static const pcm_type types[KINDS] = {PCM_COUNTER, PCM_GAUGE, PCM_HISTOGRAM};
    static const char *const names[KINDS] = {"counted_total", "level", "observed"};
    static const double bound = 1000;
    pcm_bytes label = {"label", 5};
    int status = PCM_OK;
    for (int kind = 0; status == PCM_OK && kind < KINDS; kind++) {
        pcm_family_definition definition = {.type = types[kind],
                                            .name = {names[kind], strlen(names[kind])},
                                            .help = {"", 0},
                                            .unit = {"", 0},
                                            .label_names = &label,
                                            .label_count = 1};
        if (kind == OBSERVED) {
            definition.bounds = &bound;
            definition.bound_count = 1;
        }
        status = pcm_family_declare(place->store, &definition, &place->families[kind]);
    }
    return status;
}

static int enter(struct place *place, const char *directory, struct progress *progress) {
    char path[4096];
    snprintf(path, sizeof path, "%s/store", directory);
    place->progress = progress;
    int status = pcm_store_open(&(pcm_open_options){.path = path, .capacity = CAPACITY}, &place->store);
    if (status == PCM_OK)
        status = pcm_holder_create(place->store, &place->holder);
    return status == PCM_OK ? declare(place) : status;
}

static void leave(struct place *place) {
    pcm_holder_destroy(place->holder);
    pcm_store_close(place->store);
}

static int hold(const struct place *place, pcm_series_id series, enum kind kind, struct held *out) {
    out->kind = kind;
    return kind == OBSERVED ? pcm_histogram_bind(place->store, series, &out->histogram)
                            : pcm_series_cell(place->store, series, &out->cell);
}

static int add(const struct place *place, const struct held *held, int64_t amount) {
    if (held->kind == OBSERVED)
        return pcm_histogram_observe(place->store, &held->histogram, (double)amount);
    pcm_cell_add(place->store, held->cell, amount);
    return PCM_OK;
}

static void look(const struct place *place) {
    static _Thread_local pcm_series_id removed[PCM_MAX_REMOVALS];
    size_t count;
    bool all;
    pcm_holder_look(place->holder, removed, PCM_MAX_REMOVALS, &count, &all);
}

/* ---------------------------------------------------------------- writers */

/* Finds all series of a generation, adds 1 to each, and keeps them. */
static void take_in(struct writer *writer, uint64_t generation) {
    struct place *place = &writer->place;
    for (uint32_t i = 0; i < GENERATION; i++) {
        char text[32];
        pcm_bytes label = label_of(generation, i, text, sizeof text);
        pcm_series_id series;
        struct held *held = &writer->held[writer->count];
        int status = pcm_series_find(place->store, place->families[kind_of(i)], &label, 1, &series);
        if (status == PCM_OK)
            status = hold(place, series, kind_of(i), held);
        if (status == PCM_OK)
            status = add(place, held, 1);
        if (status == PCM_OK)
            writer->count++;
        else
            atomic_fetch_add(&place->progress->failures, 1);
    }
}

/* Everything that it holds was removed before the generation that it is about to take in was made. */
static void let_go(struct writer *writer) {
    look(&writer->place);
    writer->count = 0;
    if (pcm_holder_move_on(writer->place.holder) != PCM_OK)
        atomic_fetch_add(&writer->place.progress->failures, 1);
}

/*
 * Nothing is added to what is compared: from when a generation is there until it is removed, which the next one tells,
 * a writer rests. In between it adds to what it holds, all of which was removed.
 */
static void *write_until_stopped(void *argument) {
    struct writer *writer = argument;
    struct place *place = &writer->place;
    struct progress *progress = place->progress;
    uint64_t seen = 0;
    uint64_t late = 0;
    while (!atomic_load(&progress->stop)) {
        uint64_t generation = atomic_load(&progress->generation);
        if (generation / 2 > seen / 2 && generation % 2 == 0) {
            if (writer->count + GENERATION > (uint32_t)(1 + generation / 2 % MOST_KEPT) * GENERATION)
                let_go(writer);
            take_in(writer, generation / 2);
            atomic_store(&progress->seen[writer->number], generation / 2);
            seen = generation;
        }
        for (uint32_t i = 0; generation % 2 == 1 && i < 64 && writer->count > 0; i++) {
            add(place, &writer->held[(late + i * 7) % writer->count], 1);
            late++;
        }
        sched_yield();
    }
    atomic_fetch_add(&progress->late_adds, late);
    return NULL;
}

/* ---------------------------------------------------------------- the creator */

static int64_t own_amount(uint64_t generation, uint32_t number) {
    return (int64_t)(generation * 31 + number) % 900 + 1;
}

static int create(const struct place *place, uint64_t generation) {
    int status = PCM_OK;
    for (uint32_t i = 0; status == PCM_OK && i < GENERATION; i++) {
        char text[32];
        pcm_bytes label = label_of(generation, i, text, sizeof text);
        enum kind kind = kind_of(i);
        pcm_series_id series;
        struct held held;
        status = pcm_series_bind(place->store, place->families[kind], &label, 1, &series);
        if (status == PCM_OK)
            status = hold(place, series, kind, &held);
        if (status == PCM_OK)
            status = add(place, &held, own_amount(generation, i));
        if (status == PCM_OK && i % 16 == 2)
            status = pcm_series_add_double(place->store, series, 0.5);
    }
    return status;
}

static bool is_right(const pcm_reader *reader, uint32_t index, uint64_t generation) {
    char text[32] = {0};
    unsigned long long made;
    unsigned number;
    pcm_number value;
    int64_t buckets[2];
    double sum;
    pcm_bytes label = pcm_reader_label_value(reader, index, 0);
    if (label.size >= sizeof text)
        return false;
    memcpy(text, label.data, label.size);
    if (sscanf(text, "%llu.%u", &made, &number) != 2 || made != generation || number >= GENERATION)
        return false;
    int64_t amount = own_amount(generation, number);
    if (kind_of(number) == OBSERVED)
        return pcm_reader_histogram(reader, index, buckets, &sum) == PCM_OK && buckets[0] == 1 + WRITERS &&
               buckets[1] == 0 && sum == (double)(amount + WRITERS);
    double fraction = number % 16 == 2 ? 0.5 : 0;
    return pcm_reader_value(reader, index, &value) == PCM_OK && value.real == (double)(amount + WRITERS) + fraction;
}

/* How many series are not what they ought to be, or are missing, or too many. */
static uint64_t compare(pcm_reader *reader, uint64_t generation) {
    uint64_t wrong = 0;
    uint64_t found = 0;
    if (pcm_reader_refresh(reader) != PCM_OK)
        return GENERATION;
    for (uint32_t i = 0; i < pcm_reader_series_count(reader); i++) {
        if (pcm_reader_series(reader, i).is_removed)
            continue;
        found++;
        wrong += !is_right(reader, i, generation);
    }
    return wrong + (found > GENERATION ? found - GENERATION : GENERATION - found);
}

/* Family by family, and every fourth time one by one. */
static int remove_generation(const struct place *place, uint64_t generation) {
    int status = PCM_OK;
    for (int kind = 0; generation % 4 != 1 && status == PCM_OK && kind < KINDS; kind++)
        status = pcm_family_remove_all(place->store, place->families[kind]);
    for (uint32_t i = 0; generation % 4 == 1 && status == PCM_OK && i < GENERATION; i++) {
        char text[32];
        pcm_bytes label = label_of(generation, i, text, sizeof text);
        pcm_series_id series;
        status = pcm_series_find(place->store, place->families[kind_of(i)], &label, 1, &series);
        if (status == PCM_OK)
            status = pcm_series_remove(place->store, series);
    }
    if (status != PCM_OK)
        return status;
    look(place);
    return pcm_holder_move_on(place->holder);
}

static void wait_for_writers(struct progress *progress, uint64_t generation) {
    for (int writer = 0; writer < WRITERS; writer++)
        while (atomic_load(&progress->seen[writer]) < generation)
            sched_yield();
}

/* `progress->generation` is 2g while generation g is there and 2g + 1 from its removal on. */
static int churn(const struct place *place, uint64_t generations, uint64_t *wrong) {
    pcm_reader *reader;
    int status = pcm_reader_create(place->store, &reader);
    if (status != PCM_OK)
        return status;
    for (uint64_t generation = 1; status == PCM_OK && generation <= generations; generation++) {
        status = create(place, generation);
        if (status != PCM_OK)
            break;
        atomic_store(&place->progress->generation, 2 * generation);
        wait_for_writers(place->progress, generation);
        *wrong += compare(reader, generation);
        status = remove_generation(place, generation);
        atomic_store(&place->progress->generation, 2 * generation + 1);
    }
    pcm_reader_destroy(reader);
    return status;
}

/* ---------------------------------------------------------------- processes */

static int start_writer(struct writer *writer, pthread_t *thread, const char *directory, struct progress *progress) {
    int status = enter(&writer->place, directory, progress);
    if (status == PCM_OK && pthread_create(thread, NULL, write_until_stopped, writer) != 0)
        status = PCM_SYSTEM;
    return status;
}

/* Ends with the process that forked it, should that be killed. */
static void be_other_process(const char *directory, struct progress *progress) {
    static struct writer writer = {.number = 1};
    pthread_t thread;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(LONGEST);
    if (start_writer(&writer, &thread, directory, progress) != PCM_OK)
        _exit(1);
    pthread_join(thread, NULL);
    leave(&writer.place);
    _exit(0);
}

int main(int argc, char **argv) {
    static struct writer writer = {.number = 0};
    struct place place = {0};
    uint64_t wrong = 0;
    pthread_t thread;
    int other = 0;
    pcm_store_info info = {0};
    void *shared = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t generations = argc == 3 ? (strtoull(argv[2], NULL, 10) + GENERATION - 1) / GENERATION : 0;
    if (shared == MAP_FAILED || generations == 0)
        return 2;
    struct progress *progress = shared;
    /* An end where somebody waits for one who has died. */
    alarm(LONGEST);
    pid_t child = fork();
    if (child == 0)
        be_other_process(argv[1], progress);
    int status = enter(&place, argv[1], progress);
    if (status == PCM_OK)
        status = start_writer(&writer, &thread, argv[1], progress);
    if (status != PCM_OK)
        return 1;
    status = churn(&place, generations, &wrong);
    atomic_store(&progress->stop, true);
    pthread_join(thread, NULL);
    waitpid(child, &other, 0);
    pcm_store_get_info(place.store, &info);
    leave(&writer.place);
    leave(&place);
    printf("{\"series\":%llu,\"wrong\":%llu,\"lateAdds\":%llu,\"failures\":%llu,\"catalogBytes\":%llu,\"status\":\"%"
           "s\"}\n",
           (unsigned long long)(generations * GENERATION), (unsigned long long)wrong,
           (unsigned long long)progress->late_adds, (unsigned long long)progress->failures + (other != 0),
           (unsigned long long)info.catalog_bytes, pcm_status_name(status));
    return 0;
}
