/* Inside of the reader that the core itself uses; the rest is public. */
#ifndef PCM_READER_H
#define PCM_READER_H

#include "courtesy.h"
#include "store.h"

/* What a counter's or gauge's value is made of: its sum is the value. */
struct pcm__parts {
    int64_t integer;
    double fraction;
    double set; /* 0 for a counter */
};

/* In the place of a number of buckets. */
#define PCM__INTEGER 0u
#define PCM__REAL    (UINT32_MAX - 1)
#define PCM__HIDDEN  UINT32_MAX /* not shown: gone, or another one stands for it, see aggregation.h */

/*
 * What was found of a series right after the pass; nobody looks at its record again. Small, as a scrape writes and reads
 * all of them.
 */
struct pcm__settled {
    uint64_t created_at_ms;
    uint32_t exemplars; /* link, 0 for none */
    uint32_t kind;      /* how many buckets, or one of the above */
    union {
        int64_t integer;
        double real;
        struct {
            uint32_t first_cell; /* of what has buckets */
            uint32_t sum_cell;
        };
    };
};

static_assert(sizeof(struct pcm__settled) == 24, "what is kept of a series");

/* In the place of the number of a cell, see pcm_reader.steady. */
#define PCM__UNSTEADY 0u
#define PCM__STEADY   UINT32_MAX

struct pcm_reader {
    pcm_store *store;
    uint32_t family_count;
    uint32_t series_count;
    struct pcm__series *series; /* copied before the pass; one that has gone during the pass has a life of 0 */
    struct pcm__settled *settled;
    /*
     * What it takes to settle a series again as long as nothing was changed under the store's lock: nothing (STEADY), all
     * of it (UNSTEADY), or nothing, as its value is an integer cell, whose number plus one this is: nobody looks at `settled`
     * for that, which is three times as large.
     */
    uint32_t *steady;
    uint64_t series_room;
    uint64_t settled_room;
    uint64_t steady_room;
    uint64_t turns;         /* of the store, before all that was read last; odd where there is nothing that was */
    uint64_t index_version; /* of the index, when it was copied */
    uint64_t version;
    uint64_t living[PCM_MAX_PROCESSES]; /* owners, by their slots, that the last refresh has found alive */
    bool any_exemplars;
    struct pcm__member *members; /* of what is aggregated, see aggregation.h */
    uint64_t member_room;
    uint32_t member_count;
    uint32_t grouped_count;   /* of the series, when they were grouped */
    uint64_t grouped_version; /* of the reader, likewise */
    uint64_t rebases;         /* changes of bases that were complete before the pass */
    uint64_t *integers;
    double *doubles;
    uint64_t integer_count;
    uint64_t double_count;
    uint64_t integer_room;
    uint64_t double_room;
    struct pcm__courtesy courtesy; /* of this scrape */
};

/* Its place and size were checked when it was read into the index, and records never move. */
static inline struct pcm__series_record *pcm__reader_record(const pcm_reader *reader, uint32_t series) {
    uint64_t offset = (uint64_t)reader->series[series].record * 8;
    return (struct pcm__series_record *)pcm__store_at(reader->store, reader->store->geometry.catalog_offset + offset);
}

/* Whether there is such a series, and no other one stands for it. */
static inline bool pcm__reader_shows(const pcm_reader *reader, uint32_t series) {
    return reader->settled[series].kind != PCM__HIDDEN;
}

/* See pcm_reader_is_current(). */
static inline bool pcm__reader_is_current(const pcm_reader *reader, uint32_t series,
                                          const struct pcm__series_record *record) {
    /* What was read before is not read after the life. */
    atomic_thread_fence(memory_order_acquire);
    uint32_t life = reader->series[series].life;
    return pcm__reader_shows(reader, series) && atomic_load_explicit(&record->life, memory_order_relaxed) == life;
}

/* Room for elements of an array, which may move. NO_MEMORY. */
int pcm__reader_make_room(void **array, size_t element_bytes, uint64_t *room, uint64_t count);

/* Adds the double cells that were made since the pass to its sums, where this one is among them. NO_MEMORY. */
int pcm__reader_reach(pcm_reader *reader, uint32_t double_cell);

/* The sum of parts: an integer wherever that is exact. */
pcm_number pcm__reader_number(struct pcm__parts parts);

/* A counter's or gauge's parts, as the pass has found them: of a store that nobody changes. */
struct pcm__parts pcm__reader_parts(const pcm_reader *reader, uint32_t series);

/*
 * The value of what is a number. Field by field: compilers put a structure together on the stack and copy it in wider
 * pieces than they wrote, which makes the processor wait for each one.
 */
static inline void pcm__settled_get(const struct pcm__settled *settled, pcm_number *out) {
    out->is_integer = settled->kind == PCM__INTEGER;
    out->integer = out->is_integer ? settled->integer : 0;
    out->real = out->is_integer ? (double)settled->integer : settled->real;
}

static inline void pcm__settled_set(struct pcm__settled *settled, pcm_number number) {
    settled->kind = number.is_integer ? PCM__INTEGER : PCM__REAL;
    if (number.is_integer)
        settled->integer = number.integer;
    else
        settled->real = number.real;
}

/*
 * After the pass: takes what it needs of the records of all series, and leaves out those that have gone; `is_unchanged` says
 * that none has changed since the last time. CORRUPT.
 */
int pcm__reader_settle(pcm_reader *reader, bool is_unchanged);

#endif
