/*
 * percpu_metrics.h - the one public header of the per-CPU metrics store.
 *
 * A store is one file, mapped shared by as many processes as like. A counter's value is the sum over one
 * 8-byte word per CPU; on the rseq back end each word is written only by its own CPU, inside a restartable
 * sequence, with one plain `add`.
 *
 * Conventions
 *   - Functions that can fail return 0 or a negative pcm_status. Where a system call was the cause, errno still
 *     holds its value when they return. Results go through out-parameters, which are untouched on failure.
 *   - Nothing prints, aborts or throws. Strings are UTF-8, given by pointer and length, not terminated.
 *   - "Thread-safe" means: from any thread of any process attached to the store, without further locking.
 *   - Not async-signal-safe, except pcm_cell_add.
 *   - "The lock" of a store is waited for, while another process holds it, for up to 5 s by what opens a store, and else for
 *     1 s; after such a wait in vain for 1 ms by all of the process, until it was got again.
 *   - After fork() without exec, the child may go on using the store: it shares the mapping and takes a slot of its
 *     own at its first operation that needs the catalog's lock. A vfork() child must not touch it.
 */
#ifndef PERCPU_METRICS_H
#define PERCPU_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- status */

/* One list makes the codes, their names (`ERR_PCM_` + name) and their messages. */
#define PCM_STATUS_MAP(X)                                                                                              \
    X(OK, 0, "no error")                                                                                               \
    X(ARGUMENT, -1, "an argument is out of its range")                                                                 \
    X(SYSTEM, -2, "a system call failed")                                                                              \
    X(NO_MEMORY, -3, "this process is out of memory")                                                                  \
    X(NOT_FOUND, -4, "there is no store at this path")                                                                 \
    X(NOT_A_STORE, -5, "the file is not a percpu-metrics store")                                                       \
    X(VERSION, -6, "the store was written in another format version")                                                  \
    X(OTHER_BOOT, -7, "the store was written before the last boot, or on another machine")                             \
    X(PERMISSION, -8, "permission denied")                                                                             \
    X(UNSAFE_PATH, -9, "the path is a symbolic link or not a regular file")                                            \
    X(NO_SPACE, -10, "the file system has no space left for the store")                                                \
    X(CAPACITY, -11, "the capacity of the store is exhausted")                                                         \
    X(TOO_MANY_PROCESSES, -12, "all slots for attached processes are taken")                                           \
    X(READ_ONLY, -13, "the store is attached read-only")                                                               \
    X(BACKEND_MISMATCH, -14, "the store exists with another back end")                                                 \
    X(TYPE_CONFLICT, -15, "the family exists with another type")                                                       \
    X(DEFINITION_CONFLICT, -16, "the family exists with another definition")                                           \
    X(CORRUPT, -17, "the store's contents contradict themselves")                                                      \
    X(BROKEN, -18, "the store's file was truncated under its mapping")                                                 \
    X(AMOUNT, -19, "the amount is not a finite number")                                                                \
    X(LOCK_TIMEOUT, -20, "another process has held the lock of the store for too long")                                \
    X(SERIES_LIMIT, -21, "the family or the store has as many series as it may have")                                  \
    X(REMOVED, -22, "the series was removed")

typedef enum pcm_status {
#define X(name, code, message) PCM_##name = (code),
    PCM_STATUS_MAP(X)
#undef X
} pcm_status;

/* Name such as "ERR_PCM_NO_SPACE", and one sentence. Static storage; thread-safe; any integer is accepted. */
const char *pcm_status_name(int status);
const char *pcm_status_message(int status);

/* ---------------------------------------------------------------- kinds */

typedef enum pcm_backend {
    PCM_BACKEND_DEFAULT = 0,       /* the file's own; rseq where the file is made */
    PCM_BACKEND_RSEQ = 1,          /* one word per CPU, plain add in a restartable sequence */
    PCM_BACKEND_PERCPU_ATOMIC = 2, /* one word per CPU, getcpu and an atomic add */
    PCM_BACKEND_ATOMIC = 3,        /* one word for all, atomic add */
    PCM_BACKEND_ATOMIC_PADDED = 4, /* one word for all on a cache line of its own, atomic add */
} pcm_backend;

typedef enum pcm_registration {
    PCM_REGISTRATION_NONE = 0, /* this thread cannot use rseq */
    PCM_REGISTRATION_LIBC = 1, /* the C library registered this thread */
    PCM_REGISTRATION_SELF = 2, /* this library registered this thread */
} pcm_registration;

typedef enum pcm_type {
    PCM_COUNTER = 1,
    PCM_GAUGE = 2,
    PCM_HISTOGRAM = 3,
    PCM_UNTYPED = 4,          /* counted like a gauge */
    PCM_INFO = 5,             /* the same, always 1: its labels are what it tells */
    PCM_STATE_SET = 6,        /* the same, 0 or 1; its last label has the family's name, and the state as its value */
    PCM_NATIVE_HISTOGRAM = 7, /* exponential buckets */
    PCM_SUMMARY = 8,          /* quantiles, which are estimated from exponential buckets when it is read */
} pcm_type;

typedef struct pcm_bytes {
    const char *data;
    size_t size;
} pcm_bytes;

/* ---------------------------------------------------------------- store */

typedef struct pcm_store pcm_store;

#define PCM_DEFAULT_CAPACITY 262144u    /* cells */
#define PCM_MAX_CAPACITY     (1u << 26) /* cells */
#define PCM_MAX_PROCESSES    1024u      /* slots */
#define PCM_MAX_LANES        4096u
#define PCM_MAX_LABELS       64u
#define PCM_MAX_BOUNDS       512u
#define PCM_MAX_BUCKETS      4096u /* exponential ones of a series, the one around zero among them */
#define PCM_MIN_SCHEMA       (-4)
#define PCM_MAX_SCHEMA       8
#define PCM_MAX_STRING       65535u /* bytes of one name, help, unit or label value */

typedef struct pcm_open_options {
    const char *path;    /* terminated; required */
    pcm_backend backend; /* another one than the file's is an error (PCM_BACKEND_MISMATCH) */
    /* Cells of a new store, 0 for PCM_DEFAULT_CAPACITY; at least 1024 and a multiple of 512, else rounded up. */
    uint64_t capacity;
    uint32_t lanes;     /* lanes of a new store, 0 for the highest possible CPU id + 1; for experiments */
    uint32_t file_mode; /* permission bits of a new file, 0 for 0600 */
    bool read_only;     /* attach only, with a mapping that cannot be written */
    bool persist;       /* a file of an earlier boot is carried over instead of refused */
    bool ephemeral;     /* a new file is unlinked by the last process that closes it */
} pcm_open_options;

/*
 * Attaches to the store at a path, or makes it where there is none (never when read_only). A process that opens one
 * store several times gets the same pcm_store, counted. Space for the header is reserved before this returns.
 * Ownership: the caller closes. Thread-safe.
 * Errors: ARGUMENT, NOT_FOUND (read_only), NOT_A_STORE, VERSION, OTHER_BOOT, PERMISSION, UNSAFE_PATH, NO_SPACE,
 * TOO_MANY_PROCESSES, BACKEND_MISMATCH, CORRUPT, NO_MEMORY, SYSTEM.
 */
int pcm_store_open(const pcm_open_options *options, pcm_store **out);

/*
 * What to say about VERSION: the format version of the file at a path, and the one that this library reads and writes.
 * Errors: NOT_FOUND, NOT_A_STORE, PERMISSION, UNSAFE_PATH, SYSTEM. Thread-safe.
 */
int pcm_store_format_versions(const char *path, uint32_t *found, uint32_t *wanted);

/*
 * Gives one reference back; with the last one of the process its slot is freed and the file is unmapped, and an
 * ephemeral file that no other process is attached to is unlinked. No thread may use the store any more. Thread-safe.
 */
void pcm_store_close(pcm_store *store);

/* Removes the name of the store. Processes that are attached go on. Errors: READ_ONLY, SYSTEM. Thread-safe. */
int pcm_store_unlink(pcm_store *store);

/*
 * Unlinks every ephemeral store in a directory whose processes are all gone. Files of others, files in use and files
 * that are no stores are left alone. `removed` may be NULL. Errors: SYSTEM. Thread-safe.
 */
int pcm_store_sweep(const char *directory, uint32_t *removed);

typedef struct pcm_store_info {
    pcm_backend backend;
    uint32_t format_version;
    uint32_t lanes;        /* per-CPU lanes; 0 on the atomic back ends */
    uint32_t atomic_lanes; /* lanes written with atomic adds */
    uint32_t cell_bytes;   /* distance of two cells of a lane */
    uint64_t capacity;     /* cells */
    uint64_t cells_used;
    uint64_t catalog_bytes;    /* committed */
    uint64_t catalog_capacity; /* bytes */
    uint64_t file_bytes;       /* apparent size of the file; most of it is a hole */
    uint64_t reserved_bytes;   /* bytes of the file that are backed by memory or disk */
    bool read_only;
    bool ephemeral;
    bool broken; /* the file was truncated under the mapping: what is counted from now on is lost */
} pcm_store_info;

/* Facts about the store. Never fails. Thread-safe. */
void pcm_store_get_info(const pcm_store *store, pcm_store_info *out);

/*
 * Whether the file was truncated under the mapping, even if it grew again: what is counted from now on is lost. No
 * system call, never fails. Thread-safe.
 */
bool pcm_store_is_broken(const pcm_store *store);

/*
 * Opening a store installs a handler for SIGBUS, so that a file that is truncated ends no process: it acts on faults in
 * the mappings of stores, and calls the handler that it found for everything else. Whoever installs another one later
 * either calls that for faults that are not theirs (with its siginfo_t), or calls this: it puts the handler of the
 * stores back in front, of up to 7 different ones. pcm_store_open() and pcm_reader_refresh() do so as
 * well; what adds, sets, declares and binds does not, for it is a system call. Thread-safe. Errors: SYSTEM.
 */
int pcm_sigbus_keep(void);

/* The path that the store was opened with; owned by the store. Thread-safe. */
const char *pcm_store_path(const pcm_store *store);

typedef struct pcm_mode {
    pcm_backend backend;           /* what an increment of the calling thread does */
    pcm_registration registration; /* how the calling thread got at rseq */
    const char *reason;            /* one sentence that says why; static storage */
} pcm_mode;

/*
 * The mode of the CALLING thread on this store: on a store of the rseq back end it is PCM_BACKEND_RSEQ, or
 * PCM_BACKEND_ATOMIC where the thread falls back to the atomic lanes. Registers the thread if need be. Thread-safe.
 */
void pcm_thread_get_mode(const pcm_store *store, pcm_mode *out);

typedef struct pcm_process {
    uint32_t slot;
    uint32_t pid; /* in the pid namespace of the process itself */
    pcm_backend backend;
    pcm_registration registration; /* of the thread that attached */
    bool alive;                    /* its lock is held; survives pid namespaces and reused pids */
    uint64_t attached_at_ms;       /* Unix time, milliseconds */
    uint64_t aborts;               /* critical sections of this process that the kernel restarted */
    uint64_t fallbacks;            /* amounts that went to an atomic lane on a store of the rseq back end */
} pcm_process;

/*
 * The slots that are or were in use, up to `size` of them; `count` gets their whole number, of which a larger array
 * would have held more. Errors: SYSTEM. Thread-safe.
 */
int pcm_store_list_processes(pcm_store *store, pcm_process *out, size_t size, size_t *count);

typedef struct pcm_activity {
    uint64_t aborts;    /* as in pcm_process, of all processes that were ever attached */
    uint64_t fallbacks; /* likewise */
    uint64_t refusals;  /* families, series and cells that had no room or met a limit, each attempt counted */
} pcm_activity;

/*
 * What has happened in the store since it was made, and for each lane (the CPUs, then the atomic lanes) the integers
 * that were added to counters and the observations of histograms. All of them only go up. One pass over the integer
 * cells, which gives way to others that wait for the CPU, for 10 ms at most; `size` is the room in `lanes`. Errors:
 * ARGUMENT (too little room), BROKEN, CORRUPT. Thread-safe.
 */
int pcm_store_get_activity(pcm_store *store, pcm_activity *out, uint64_t *lanes, size_t size);

/* ---------------------------------------------------------------- families and series */

/*
 * How a gauge's value is made of the values that each process has set for itself. PCM_AGGREGATION_NONE: it is not, all
 * processes change one value.
 */
typedef enum pcm_aggregation {
    PCM_AGGREGATION_NONE = 0,
    PCM_AGGREGATION_SUM = 1,
    PCM_AGGREGATION_MIN = 2, /* as with PCM_AGGREGATION_MAX, NaN only counts where there is nothing else */
    PCM_AGGREGATION_MAX = 3,
    PCM_AGGREGATION_AVERAGE = 4,
} pcm_aggregation;

typedef struct pcm_family_definition {
    pcm_type type;
    pcm_bytes name; /* any UTF-8 without NUL, but none at all; formats that only know older names escape it */
    pcm_bytes help;
    pcm_bytes unit;
    const pcm_bytes *label_names; /* likewise, distinct, not starting with "__" */
    uint32_t label_count;
    /*
     * Histograms: finite upper bounds, ascending, without +Inf. Native histograms and summaries: the least and the
     * greatest absolute value that is told apart from 0 and from what is greater; of summaries the quantiles follow,
     * ascending.
     */
    const double *bounds;
    uint32_t bound_count;
    int32_t schema; /* native histograms and summaries: buckets per power of two as a power of two; else 0 */
    bool negative;  /* the same: negative values have buckets of their own, else they count as 0; else false */
    /*
     * Each series belongs to the process that made it: readers leave it out once that process has closed the store or
     * ended in any other way. Give it a label whose value tells the processes apart; who binds the series of another
     * living process shares it, until its owner has gone.
     */
    bool per_process;
    /*
     * Of gauges only, and not together with per_process: each process has a series of its own under the same label
     * values, which only its own threads change, and readers show one in the place of all that belong to living processes.
     */
    pcm_aggregation aggregation;
} pcm_family_definition;

/*
 * The exponential buckets of a native histogram or a summary: bucket i of a schema holds what is above
 * 2^((i-1) / 2^schema) and not above 2^(i / 2^schema). A series has a cell per bucket, in the order of their values:
 * `zero_cell` negative ones, the one around zero, then `bucket_count` positive ones from `first_index` on. What is
 * beyond the last one counts in the last one.
 */
typedef struct pcm_exponential {
    int32_t schema;
    int32_t first_index;
    uint32_t bucket_count;
    uint32_t zero_cell;    /* bucket_count where negative values have buckets, else 0 */
    double zero_threshold; /* what is not further from 0 counts as 0 */
} pcm_exponential;

/* How the buckets of a valid definition of one of these two types lie. Never fails. Thread-safe. */
void pcm_definition_exponential(const pcm_family_definition *definition, pcm_exponential *out);

/* Buckets of a series: +Inf of a histogram and the one around zero among them; 0 where it has none. Thread-safe. */
uint32_t pcm_definition_bucket_count(const pcm_family_definition *definition);

/* The bucket of a finite value above 0, and the upper bound of a bucket, which is 0 or infinite where no double is. */
int32_t pcm_exponential_index(int32_t schema, double value);
double pcm_exponential_bound(int32_t schema, int32_t index);

typedef struct pcm_range {
    double lower;
    double upper;
} pcm_range;

/* What a cell of a series counts, counted from its first one. The bound further from 0 is in it. Thread-safe. */
pcm_range pcm_exponential_cell_range(const pcm_exponential *shape, uint32_t cell);

/*
 * Estimates a quantile (0 to 1) from the cells of a series: of n observations in their order the one of rank
 * floor(quantile * (n - 1)), off by at most the factor (g - 1) / (g + 1) where g = 2^(1 / 2^schema), as long as it is
 * within the range of the family. NaN without observations. Thread-safe.
 */
double pcm_exponential_quantile(const pcm_exponential *shape, const int64_t *buckets, double quantile);

/* Families and series are named by their place in the store, which every process agrees on. 0 is none. */
typedef uint64_t pcm_family_id;
typedef uint64_t pcm_series_id;

/*
 * Finds the family, or creates it, under the store's lock. The same definition gives the same id in every process.
 * DEFINITION_CONFLICT is also what has a name that lines of another family have, or whose lines have a name that another
 * family has: of a histogram x those are x_bucket, x_sum, x_count and x_created, of a summary the last three, of a
 * counter x_total x_created.
 * Errors: ARGUMENT, TYPE_CONFLICT, DEFINITION_CONFLICT, CAPACITY, NO_SPACE, READ_ONLY, CORRUPT, BROKEN, NO_MEMORY,
 * SYSTEM. Thread-safe.
 */
int pcm_family_declare(pcm_store *store, const pcm_family_definition *definition, pcm_family_id *out);

/*
 * Finds a family by its name: PCM_NOT_FOUND where there is none. The views in `out` point into the store and stay
 * valid until it is closed; `label_names` and `bounds` belong to the store as well. Thread-safe.
 */
int pcm_family_find(pcm_store *store, pcm_bytes name, pcm_family_id *id, pcm_family_definition *out);

/*
 * Finds the series of a family with these label values, in the order of its label names, or creates it. Of what is
 * aggregated: that of the calling process.
 * A counter's and a histogram's series get their cells here; a gauge gets cells at its first `add`. Errors: ARGUMENT (another
 * number of values), CAPACITY, NO_SPACE, READ_ONLY, CORRUPT, BROKEN, NO_MEMORY, SYSTEM. Thread-safe.
 */
int pcm_series_bind(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                    pcm_series_id *out);

/* Series that there may be; 0 is no limit. */
typedef struct pcm_series_limits {
    uint32_t of_family; /* in the family of the new series */
    uint32_t of_store;  /* in the whole store */
} pcm_series_limits;

/*
 * The same, but a new series is only made within the limits, which are not kept in the store. Errors: also
 * SERIES_LIMIT. Thread-safe.
 */
int pcm_series_bind_within(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                           pcm_series_limits limits, pcm_series_id *out);

/* Cells that a series of a counter or gauge gets at once, beside those that its type always has. */
typedef struct pcm_series_cells {
    bool integer;
    bool fraction;
} pcm_series_cells;

typedef struct pcm_series_request {
    pcm_family_id family;
    const pcm_bytes *values;
    uint32_t count;
    pcm_series_cells cells;
    pcm_series_limits limits;
} pcm_series_request;

/*
 * Finds or creates several series under one lock: where there is no room for all of the new ones, none is made. What is
 * asked for twice is one series, but counts twice in the limits of others. A new one that has limits is done without where
 * they, or the store, have no room for it beside all others: its id is 0 then. `failed` gets the number of the request that
 * there was no room for, or that is wrong. Errors as pcm_series_bind. Thread-safe.
 */
int pcm_series_bind_all(pcm_store *store, const pcm_series_request *requests, uint32_t count, pcm_series_id *out,
                        uint32_t *failed);

/*
 * Finds a series as pcm_series_bind does, without creating it; of what is aggregated that of another process where this one
 * has none. Errors: NOT_FOUND, ARGUMENT, CORRUPT, BROKEN, NO_MEMORY. Thread-safe.
 */
int pcm_series_find(pcm_store *store, pcm_family_id family, const pcm_bytes *values, uint32_t count,
                    pcm_series_id *out);

/*
 * The label values of a series, in the order of its family's label names; of a removed one they stay its own until the
 * caller's holder has moved on. `values` has room for PCM_MAX_LABELS; they point into the store. Errors: ARGUMENT, CORRUPT.
 * Thread-safe.
 */
int pcm_series_label_values(const pcm_store *store, pcm_series_id series, pcm_bytes *values, uint32_t *count);

/*
 * The series of a family, up to `size` of them; `count` is how many there are. Errors: ARGUMENT (no such family), CORRUPT,
 * NO_MEMORY. Thread-safe.
 */
int pcm_family_list_series(pcm_store *store, pcm_family_id family, pcm_series_id *out, size_t size, size_t *count);

/*
 * Removes a series for all processes: readers leave it out from now on, and binding it again makes a new one that starts
 * at 0. Amounts that are added to it by those who have not moved on yet (see pcm_holder) are lost with it. Errors:
 * REMOVED (by somebody else), ARGUMENT, READ_ONLY, CORRUPT, BROKEN, LOCK_TIMEOUT, SYSTEM. Of what is aggregated those of
 * all processes under the same label values are removed. Thread-safe.
 */
int pcm_series_remove(pcm_store *store, pcm_series_id series);

/*
 * Removes the series whose owners have gone (see pcm_family_definition), so that their cells can be used again: for
 * writers to call now and then, such as with every look of a holder. Where nobody has gone, it asks for the locks of the
 * processes that own series and is done; while another process holds the store's lock it does nothing. Errors:
 * READ_ONLY, CORRUPT, BROKEN, LOCK_TIMEOUT, NO_MEMORY, SYSTEM, TOO_MANY_PROCESSES. Thread-safe.
 */
int pcm_store_remove_orphans(pcm_store *store);

/* Removes all series of a family, which itself stays. Errors: ARGUMENT and as above. Thread-safe. */
int pcm_family_remove_all(pcm_store *store, pcm_family_id family);

/*
 * Brings a series, or all series of a family, back to 0, for all processes. Nothing is stored into a lane, so that no
 * amount that is added meanwhile is lost; fractions that are added from then on go to another cell, so that they are
 * rounded as in a new series. An info stays 1. Of what is aggregated, the series of all processes. Of a family each series
 * is reset by itself, and the lock is given up now and then: where it is not had again in time, some have been reset. Errors:
 * CAPACITY, NO_SPACE (only of a histogram whose sum is infinite, which stays as it is, while all others of the family are
 * reset), REMOVED, ARGUMENT, READ_ONLY, CORRUPT, BROKEN, LOCK_TIMEOUT, SYSTEM. Thread-safe.
 */
int pcm_series_reset(pcm_store *store, pcm_series_id series);
int pcm_family_reset(pcm_store *store, pcm_family_id family);

/* ---------------------------------------------------------------- holders */

/*
 * Cells of removed series are given to new series, but not before every thread that may still add to them has let go of
 * them. A thread that keeps ids, cells or histograms of series has a holder, made before it binds the first one, and now
 * and then, at least once a second, it
 *
 *   1. looks which series were removed since it last did,
 *   2. lets go of all that it has of these,
 *   3. moves on.
 *
 * Where nobody does, nothing is ever used again while the process lives: no harm but the space. One thread at a time may
 * use a holder. A forked child starts with step 1 of a holder that it inherited or makes: it is to let go of everything.
 */
typedef struct pcm_holder pcm_holder;

#define PCM_MAX_REMOVALS 4096u /* as many as pcm_holder_look() ever gives */

/* The store must outlive the holder. Errors: READ_ONLY, NO_MEMORY, TOO_MANY_PROCESSES, SYSTEM. Thread-safe. */
int pcm_holder_create(pcm_store *store, pcm_holder **out);
/* Its thread has let go of everything. Thread-safe. */
void pcm_holder_destroy(pcm_holder *holder);

/* Whether there is anything to look at or to move on from; a comparison, cheap enough for every call. */
bool pcm_holder_is_behind(const pcm_holder *holder);

/*
 * The series that were removed, up to `size` of them; `all` where they are too many to tell, and every series is to be let
 * go of. Never fails.
 */
void pcm_holder_look(pcm_holder *holder, pcm_series_id *out, size_t size, size_t *count, bool *all);

/* What the last look gave was let go of. Errors, of a forked child that takes its slot: TOO_MANY_PROCESSES, SYSTEM. */
int pcm_holder_move_on(pcm_holder *holder);

/* ---------------------------------------------------------------- amounts */

/*
 * The integer cell of a counter or gauge, for pcm_cell_add; made at its first use. Never for a histogram (ARGUMENT).
 * Errors as pcm_series_bind. Thread-safe.
 */
int pcm_series_cell(pcm_store *store, pcm_series_id series, uint32_t *out);

/*
 * Adds to an integer cell: the hot path. Two's complement, wraps at 2^64. A cell out of range is ignored, as is any
 * call on a read-only store. Lock-free; on the rseq back end one plain add. Async-signal-safe once the thread has
 * called it, or pcm_thread_get_mode, before. Thread-safe.
 */
void pcm_cell_add(pcm_store *store, uint32_t cell, int64_t amount);

/*
 * Adds a fractional amount to a counter or gauge. The first one of a series makes its double cell, under the lock.
 * A sum beyond the greatest double is infinite until the series is set or reset. Errors: AMOUNT (not finite), ARGUMENT (a
 * histogram) and as pcm_series_bind. Thread-safe.
 */
int pcm_series_add_double(pcm_store *store, pcm_series_id series, double amount);

/*
 * Sets a gauge, or what is counted like one, to any double. Never stores into a lane: one plain store where nothing was ever added to the gauge,
 * else a change of its base and its cell of fractions under the lock. A read after it, with nothing in between, gives exactly `value`.
 * Errors: ARGUMENT (not a gauge), REMOVED, READ_ONLY, CORRUPT, BROKEN, LOCK_TIMEOUT, SYSTEM. Thread-safe.
 */
int pcm_gauge_set(pcm_store *store, pcm_series_id series, double value);

/*
 * Sets several gauges, or what is counted like them, in their order and under the lock, so that of any number of threads that set
 * the same ones, one has the last word on all of them. A reader meanwhile may see some of the values. Nothing is set after
 * ARGUMENT (a series that is no gauge), REMOVED or LOCK_TIMEOUT. Errors: these, READ_ONLY, CORRUPT, BROKEN, SYSTEM. Thread-safe.
 */
int pcm_gauge_set_all(pcm_store *store, const pcm_series_id *series, const double *values, uint32_t count);

/* A histogram, native histogram or summary bound once, for the store that it was bound in: plain data that may be copied and needs no freeing. */
typedef struct pcm_histogram {
    const double *bounds; /* owned by the store, valid until it is closed */
    uint32_t bound_count;
    uint32_t first_cell;       /* one integer cell per bucket */
    uint32_t sum_cell;         /* one double cell, which a reset may change, */
    uint64_t moves;            /* as it does where this is no longer how many of them were changed; then it is */
    const uint32_t *sum_field; /* in the store, plus one */
    bool is_exponential;       /* of a native histogram or a summary: `exponential` is in force, not `bounds` */
    pcm_exponential exponential;
} pcm_histogram;

/* Errors: ARGUMENT (not a histogram's series), CORRUPT. Thread-safe. */
int pcm_histogram_bind(pcm_store *store, pcm_series_id series, pcm_histogram *out);

/*
 * Counts one observation in its bucket (the one of the smallest bound that is not below it), and adds it to the sum: two
 * critical sections. Errors: AMOUNT (not finite; nothing is counted). Thread-safe.
 */
int pcm_histogram_observe(pcm_store *store, const pcm_histogram *histogram, double value);

/* ---------------------------------------------------------------- exemplars */

#define PCM_MAX_EXEMPLAR_LABELS 16u
#define PCM_MAX_EXEMPLAR_BYTES  216u /* of all names and values, and two for each label */
#define PCM_NATIVE_EXEMPLARS    10u  /* of a series of a native histogram, at most */

/*
 * Makes room for the exemplars of a counter or a histogram: the last one, or the last one of each bucket; of a native
 * histogram the last one of each of PCM_NATIVE_EXEMPLARS equal parts of its buckets. Gives a number that
 * pcm_exemplar_put() knows this series by, as its id may be given to another one after it was removed. Errors:
 * ARGUMENT (another type), REMOVED, CAPACITY, NO_SPACE, READ_ONLY, CORRUPT, BROKEN, LOCK_TIMEOUT, SYSTEM. Thread-safe.
 */
int pcm_series_keep_exemplars(pcm_store *store, pcm_series_id series, uint32_t *life);

/*
 * Notes what an amount or an observation was about, which has to be counted by itself. Never waits: an exemplar is dropped
 * where another thread is just writing one. Labels have plain names and 128 characters altogether. Errors: ARGUMENT (too
 * long, a name that is not plain, no room was made), AMOUNT (not finite), REMOVED, READ_ONLY, CORRUPT. Thread-safe.
 */
int pcm_exemplar_put(pcm_store *store, pcm_series_id series, uint32_t life, double value, const pcm_bytes *names,
                     const pcm_bytes *values, uint32_t count);

/* ---------------------------------------------------------------- reading */

/*
 * A reader keeps its place in the catalog and an array of sums. One thread at a time may use a reader; any number of
 * readers may read one store, while any number of writers write. Every byte of the store is taken as hostile: what
 * does not add up gives PCM_CORRUPT, never a crash.
 */
typedef struct pcm_reader pcm_reader;

/* The store must outlive the reader. Errors: NO_MEMORY. */
int pcm_reader_create(pcm_store *store, pcm_reader **out);
void pcm_reader_destroy(pcm_reader *reader);

/*
 * Makes a reader give way: after each PCM_READER_WORK_AT_A_TIME, other threads that wait for its CPU run first. It does
 * not do so at first. For a thread that reads beside an event loop, which would otherwise wait for all of it wherever
 * both share a CPU. On a busy machine that may take some milliseconds each time, so it stops when it has waited for 10 ms
 * since the last pcm_reader_refresh(); and a store with less than that to read is read at once.
 */
void pcm_reader_set_giving_way(pcm_reader *reader, bool gives_way);

/* Some tens of microseconds: as many series with one number. A histogram is about 8 of them. */
#define PCM_READER_WORK_AT_A_TIME 4096u

/* Says how much work on what was read comes next; gives way in front of it where it is time, if the reader does. */
void pcm_reader_give_way(const pcm_reader *reader, uint32_t work);

/*
 * Takes in what has changed in the catalog since the last call and sums all cells over all lanes in one streaming pass.
 * Families and series that were known keep their index; a removed series leaves its own, which another one may have
 * later on. What is read from then on is of this call, also of series that are removed meanwhile. Counters that are read twice never go down, but by a reset.
 * Errors: CORRUPT, BROKEN, NO_MEMORY.
 */
int pcm_reader_refresh(pcm_reader *reader);

/* Indices run from 0 to count - 1. Views stay valid until the reader is destroyed. */
uint32_t pcm_reader_family_count(const pcm_reader *reader);
const pcm_family_definition *pcm_reader_family(const pcm_reader *reader, uint32_t family);

typedef struct pcm_series_view {
    uint32_t family;        /* index */
    uint32_t label_count;   /* the family's */
    uint64_t created_at_ms; /* Unix time, milliseconds; of the last reset, where there was one */
    pcm_series_id id;
    bool is_removed; /* there is no such series; nothing else of this is of account then */
} pcm_series_view;

/* Another one after a refresh that found that a series was removed or has come in the place of another one. */
uint64_t pcm_reader_version(const pcm_reader *reader);

/*
 * Whether a series that the last refresh found is still there. Label values are not part of what refresh takes in: those
 * that were copied before this call are the series' own if it is.
 */
bool pcm_reader_is_current(const pcm_reader *reader, uint32_t series);

uint32_t pcm_reader_series_count(const pcm_reader *reader);
pcm_series_view pcm_reader_series(const pcm_reader *reader, uint32_t series);
/* The value of label number `label` of the series; an empty one where the store contradicts itself. */
pcm_bytes pcm_reader_label_value(const pcm_reader *reader, uint32_t series, uint32_t label);

/* A value: an exact integer where no fraction is in it, else a double. */
typedef struct pcm_number {
    bool is_integer;
    int64_t integer; /* where is_integer */
    double real;     /* always; rounded where the integer is beyond 2^53 */
} pcm_number;

/* The value of what has one number, of the last refresh. Errors: ARGUMENT (it has buckets), REMOVED,
 * CORRUPT. */
int pcm_reader_value(const pcm_reader *reader, uint32_t series, pcm_number *out);

/* The same for `count` series in one go; what is in `out` after an error is of no account. */
int pcm_reader_values(const pcm_reader *reader, const uint32_t *series, size_t count, pcm_number *out);

/*
 * The buckets of a histogram, native histogram or summary, each by itself, not cumulated: `buckets` holds
 * pcm_definition_bucket_count() integers. Their sum is the count. Errors: ARGUMENT (it has none), REMOVED,
 * CORRUPT.
 */
int pcm_reader_histogram(const pcm_reader *reader, uint32_t series, int64_t *buckets, double *sum);

/*
 * What each lane holds of a series, right now and not of the last refresh: first `lanes` numbers for the CPUs, then
 * `atomic_lanes` numbers for the atomic lanes (see pcm_store_info). Of what has buckets: its count. What `set` wrote is in
 * no lane. `size` is the room in `out`. Of integers it is what was added to the cell since the store was made, by series that had
 * it before included. Errors: ARGUMENT (too little room), REMOVED, CORRUPT.
 */
int pcm_reader_lanes(const pcm_reader *reader, uint32_t series, pcm_number *out, size_t size);

/* The names and values point into `text`. */
typedef struct pcm_exemplar {
    double value;
    uint64_t timestamp_ms;
    uint32_t label_count;
    pcm_bytes names[PCM_MAX_EXEMPLAR_LABELS];
    pcm_bytes values[PCM_MAX_EXEMPLAR_LABELS];
    char text[PCM_MAX_EXEMPLAR_BYTES];
} pcm_exemplar;

/* Whether there may be any in the store, or of a series; cheap. */
bool pcm_reader_any_exemplars(const pcm_reader *reader);
bool pcm_reader_has_exemplars(const pcm_reader *reader, uint32_t series);

/*
 * The last exemplar of a counter (bucket 0), of a bucket or of a part of native ones, right now. NOT_FOUND where there
 * is none.
 */
int pcm_reader_exemplar(const pcm_reader *reader, uint32_t series, uint32_t bucket, pcm_exemplar *out);

#ifdef __cplusplus
}
#endif

#endif
