/*
 * The bytes of a store file. Everything here is shared between processes and, with `persist`, between boots: a change
 * of any of it is a new PCM__FORMAT_VERSION. Offsets are asserted, and a file whose stored offsets differ from the
 * ones computed from its own numbers (pcm__geometry_compute) is refused.
 *
 *     header     one page
 *     slots      PCM_MAX_PROCESSES records; a process holds an OFD lock on the first byte of its own
 *     changes    ring of PCM__CHANGES words: the last series that were removed, or made in the place of a removed one
 *     free       one bit per cell: belonged to a series that is gone, and may be given to another one
 *     signed     one bit per integer cell: given to what goes up and down, now and at each later use
 *     catalog    records; committed up to header.catalog_length. A series' record may be used again, see life.h
 *     base       one word per cell
 *     lanes      header.lanes lanes of `capacity` cells, then header.atomic_lanes more
 *     tail       one page, whose last bytes tell a file that was cut off and grew again, which reads as zeros
 *
 * Cells: integers are handed out from 0 upwards, doubles from capacity - 1 downwards, so that each kind is one range
 * that is summed in a loop without a branch. A cell is its lanes' words plus its base word.
 */
#ifndef PCM_LAYOUT_H
#define PCM_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define PCM__MAGIC          "PERCPUM\n"
#define PCM__FORMAT_VERSION 6u

/* Space is reserved in multiples of this; all areas start on one. */
#define PCM__PAGE 4096u
/* Cells whose base words fill one page: the granule in which cells are reserved. */
#define PCM__CELL_GRANULE  512u
#define PCM__CATALOG_CHUNK 65536u
/* Changes that are remembered; who has missed more reads all records again. */
#define PCM__CHANGES 4096u
/* Sizes of series' records, so that one fits where another one was: four per power of two. */
#define PCM__RECORD_CLASSES 72u
/* The first byte of the file is what the catalog's lock is held on. */
#define PCM__LOCK_OFFSET 0
/* The last bytes of the file, without a terminator. Whatever cuts a file off takes them away for good. */
#define PCM__TAIL_MAGIC "PCM TAIL"
#define PCM__TAIL_BYTES 8u

enum { PCM__FLAG_EPHEMERAL = 1u };

struct pcm__header {
    /* Written once, before the file has a name. */
    char magic[8];
    uint32_t version;
    uint32_t flags;
    uint8_t boot_id[16];
    uint32_t backend;
    uint32_t lanes;
    uint32_t atomic_lanes;
    uint32_t cell_bytes;
    uint64_t capacity;
    uint64_t catalog_capacity;
    uint64_t lane_stride;
    uint64_t slots_offset;
    uint64_t catalog_offset;
    uint64_t base_offset;
    uint64_t lanes_offset;
    uint64_t file_bytes;
    uint64_t changes_offset;
    uint64_t bits_offset; /* of the free cells, then of the signed ones */
    /* Changed under the catalog's lock; read by anybody. */
    _Atomic uint64_t catalog_length; /* release: everything below it is complete */
    _Atomic uint64_t catalog_reserved;
    _Atomic uint64_t integers_used;
    _Atomic uint64_t integers_reserved;
    _Atomic uint64_t doubles_used;
    _Atomic uint64_t doubles_reserved;
    _Atomic uint64_t rebases; /* number of the last change of a base that is complete */
    _Atomic uint64_t changes; /* release: number of changes in the ring since the file was made */
    /* Only with the catalog's lock held. */
    uint64_t moved_on;       /* a number of changes that every process is known to have taken in */
    uint64_t free_after;     /* no free cell may be used before all have taken in so many changes */
    uint64_t free_counts[2]; /* free integer cells and free double cells */
    uint64_t free_hints[2];  /* where the last one was found */
    uint32_t busy;           /* left set by a process that died with the lock held */
    uint32_t slots_used;     /* greatest number of a slot that was ever taken, plus one */
    /* Links are offsets of records divided by 8, 0 is none (a family comes first). */
    uint32_t removed_first; /* removed and waiting for the grace period, the oldest first */
    uint32_t removed_last;
    uint32_t free_records[PCM__RECORD_CLASSES];
    uint32_t orphans; /* not 0: slots of dead owners of series were taken over, see orphans.h */
    uint32_t unused;
    /* Goes up whenever the catalog's lock is taken and given back: odd while what it protects may change. See lock.h. */
    _Atomic uint64_t turns;
};

/* In the header's page, far behind the header. Only ever goes up; zero in files that were made without it. */
struct pcm__totals {
    _Atomic uint64_t refusals; /* requests for catalog bytes or cells that there was no room for */
    uint64_t apart[7];         /* each observation reads what is next: nothing beside it is written */
    _Atomic uint64_t moves;    /* release: sums of histograms that got another cell */
};

/* Behind the totals and like them: double cells that series have given away, see life.h. Only with the catalog's lock held. */
struct pcm__given {
    uint32_t first;   /* number plus one, of those that were given away since others wait; 0 is none */
    uint32_t waiting; /* likewise, of those that wait for their grace period */
    uint32_t count;   /* of both */
    uint32_t unused;
    uint64_t until; /* they wait until all have taken in so many changes */
};

/*
 * Behind the given cells and like them: the set or the reset that is under way, see rebase.h. Changed under the catalog's
 * lock; read by anybody, as long as the record of the series has the same odd number. Double cells are stored plus one.
 */
struct pcm__intent {
    _Atomic uint64_t rebase; /* as in the record, which gets it when all the rest is here */
    _Atomic uint64_t series; /* offset of its record in the catalog */
    _Atomic uint64_t set_bits;
    _Atomic uint64_t integer_base;
    _Atomic uint64_t double_base;
    _Atomic uint32_t double_cell;
    _Atomic uint32_t double_cell_before;
};

enum {
    PCM__TOTALS_OFFSET = 2048,
    PCM__GIVEN_OFFSET = PCM__TOTALS_OFFSET + 128,
    PCM__INTENT_OFFSET = PCM__GIVEN_OFFSET + 64,
};

struct pcm__slot {
    _Atomic uint32_t pid; /* 0: free */
    uint16_t backend;
    uint16_t registration;
    _Atomic uint32_t serial; /* of the process among all that have had the slot */
    _Atomic uint32_t owns;   /* not 0: there may be series that belong to the process */
    uint64_t attached_at_ms;
    /* Of all processes that have had the slot, so that their sum over all slots only ever goes up. */
    _Atomic uint64_t aborts;
    _Atomic uint64_t fallbacks;
    /* What they were when this process took the slot. */
    uint64_t aborts_before;
    uint64_t fallbacks_before;
    _Atomic uint64_t moved_on; /* changes that all threads of the process have taken in; see life.h */
};

enum { PCM__RECORD_FAMILY = 1, PCM__RECORD_SERIES = 2, PCM__RECORD_EXEMPLARS = 3 };

/* In front of every record; `size` counts the whole record and is a multiple of 8. */
struct pcm__record {
    uint32_t size;
    uint32_t kind;
};

enum {
    PCM__FAMILY_NEGATIVE = 1u,
    PCM__FAMILY_PER_PROCESS = 2u,
    /* Three bits: a pcm_aggregation. */
    PCM__FAMILY_AGGREGATION_SHIFT = 2,
    PCM__FAMILY_AGGREGATION_MASK = 7u,
};

/* Followed by double bounds[bound_count], uint16_t label_sizes[label_count], name, help, unit, label names. */
struct pcm__family_record {
    struct pcm__record head;
    uint32_t type;
    uint16_t label_count;
    uint16_t bound_count;
    uint16_t name_size;
    uint16_t help_size;
    uint16_t unit_size;
    int8_t schema;
    uint8_t flags; /* PCM__FAMILY_ */
};

/* Followed by uint16_t label_sizes[label_count] and the label values. Cells are stored plus one, 0 is none. */
struct pcm__series_record {
    struct pcm__record head;
    uint64_t family; /* offset of its record in the catalog */
    _Atomic uint64_t created_at_ms;
    _Atomic uint32_t integer_cell; /* first one of a histogram */
    _Atomic uint32_t double_cell;
    _Atomic uint64_t rebase;   /* number of its last change of base, times 2, plus 1 while that is under way */
    _Atomic uint64_t set_bits; /* gauges: the double that was set last */
    uint64_t removed_at;       /* number of the change that its removal was */
    _Atomic uint32_t life;     /* odd while there is such a series, see life.h */
    uint32_t next;             /* link, where it is removed or free */
    uint32_t label_count;
    _Atomic uint32_t exemplars; /* link to their record, see exemplars.h; stays when the record is used again */
    _Atomic uint64_t owner;     /* the process that it belongs to, see pcm__slots_owner(); 0 is none */
};

static_assert(sizeof(struct pcm__header) == 560, "header");
static_assert(offsetof(struct pcm__header, version) == 8, "header.version");
static_assert(offsetof(struct pcm__header, boot_id) == 16, "header.boot_id");
static_assert(offsetof(struct pcm__header, capacity) == 48, "header.capacity");
static_assert(offsetof(struct pcm__header, catalog_length) == 128, "header.catalog_length");
static_assert(sizeof(struct pcm__header) <= PCM__PAGE, "the header fits its page");
static_assert(sizeof(struct pcm__header) <= PCM__TOTALS_OFFSET, "the totals are behind the header");
static_assert(PCM__TOTALS_OFFSET + sizeof(struct pcm__totals) <= PCM__GIVEN_OFFSET,
              "given cells are behind the totals");
static_assert(PCM__GIVEN_OFFSET + sizeof(struct pcm__given) <= PCM__INTENT_OFFSET,
              "what is intended is behind given cells");
static_assert(PCM__INTENT_OFFSET + sizeof(struct pcm__intent) <= PCM__PAGE, "what is intended is in the header's page");
static_assert(sizeof(struct pcm__intent) == 48, "intent");
static_assert(sizeof(struct pcm__slot) == 64, "slot");
static_assert(sizeof(struct pcm__family_record) == 24, "family record");
static_assert(sizeof(struct pcm__series_record) == 80, "series record");
static_assert(offsetof(struct pcm__series_record, rebase) == 32, "series record.rebase");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "atomics shared by processes need no lock");
static_assert(PCM__CELL_GRANULE * 8 == PCM__PAGE, "a granule of base words is one page");

#endif
