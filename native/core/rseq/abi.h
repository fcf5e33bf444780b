/*
 * The part of the kernel's rseq ABI that is used here (include/uapi/linux/rseq.h), written down so that the core builds
 * with headers older than the kernel it runs on. An area may be longer than this; its real length comes from the
 * auxiliary vector, never from sizeof.
 */
#ifndef PCM_RSEQ_ABI_H
#define PCM_RSEQ_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct pcm__rseq_area {
    uint32_t cpu_id_start;
    uint32_t cpu_id; /* the CPU, or negative: not registered */
    uint64_t rseq_cs;
    uint32_t flags;
};

static_assert(offsetof(struct pcm__rseq_area, cpu_id) == 4, "the assembly has this offset");
static_assert(offsetof(struct pcm__rseq_area, rseq_cs) == 8, "the assembly has this offset");

#define PCM__RSEQ_FLAG_UNREGISTER   1
#define PCM__RSEQ_CPU_UNINITIALIZED ((uint32_t)-1)
#define PCM__RSEQ_AREA_BYTES        32u

#if defined(__x86_64__)
#define PCM__RSEQ_SIGNATURE 0x53053053u
#elif defined(__aarch64__)
#define PCM__RSEQ_SIGNATURE 0xd428bc00u
#endif

/* What an attempt of a critical section came to. */
enum pcm__rseq_result {
    PCM__RSEQ_DONE = 0,
    PCM__RSEQ_ABORTED = 1,     /* nothing was written: try again */
    PCM__RSEQ_OUT_OF_RANGE = 2 /* no lane for this CPU, or the thread is not registered */
};

#endif
