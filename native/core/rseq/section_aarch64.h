/*
 * Critical sections for aarch64: the same operations as section_x86_64.h, with the same contract. The commit is the
 * `str` that ends each section. x16 and x17 carry the descriptor's address, the lane's offset and the sum; v31 the
 * double. A store needs no barrier: the lane belongs to the CPU, and readers of other CPUs only need the word whole.
 */
#ifndef PCM_RSEQ_SECTION_AARCH64_H
#define PCM_RSEQ_SECTION_AARCH64_H

#include "abi.h"

/*
 * A numbered point where the injection build (native/proof/) delays and interrupts, and the registers that this takes;
 * in any other build nothing.
 */
#ifndef PCM__INJECT
#define PCM__INJECT(point)
#define PCM__INJECT_CLOBBERS
#endif

#define PCM__RSEQ_DESCRIPTOR                                                                                           \
    ".pushsection __rseq_cs, \"aw\"\n\t"                                                                               \
    ".balign 32\n\t"                                                                                                   \
    "3:\n\t"                                                                                                           \
    ".long 0, 0\n\t"                                                                                                   \
    ".quad 1f, 2f - 1f, 4f\n\t"                                                                                        \
    ".popsection\n\t"                                                                                                  \
    ".pushsection __rseq_cs_ptr_array, \"aw\"\n\t"                                                                     \
    ".quad 3b\n\t"                                                                                                     \
    ".popsection\n\t"

#define PCM__RSEQ_EXIT_POINT(label)                                                                                    \
    ".pushsection __rseq_exit_point_array, \"aw\"\n\t"                                                                 \
    ".quad 1f, " label "\n\t"                                                                                          \
    ".popsection\n\t"

/* One instruction a line. */
/* clang-format off */
#define PCM__RSEQ_ENTER                                                                                                \
    "adrp x16, 3b\n\t"                                                                                                 \
    "add x16, x16, :lo12:3b\n\t" PCM__INJECT(0)                                                                        \
    "str x16, [%[area], #8]\n\t"                                                                                       \
    "1:\n\t" PCM__INJECT(1)

#define PCM__RSEQ_LOAD_LANE                                                                                            \
    "ldr w16, [%[area], #4]\n\t" PCM__INJECT(2)                                                                        \
    "cmp w16, %w[lanes], uxth\n\t"                                                                                     \
    "b.hs %l[out_of_range]\n\t" PCM__INJECT(3)                                                                         \
    "madd x16, x16, %[stride], %[cell]\n\t" PCM__INJECT(4)

/* The abort block stays in the text section, jumped over, since a conditional branch to it must reach. */
#define PCM__RSEQ_ABORT                                                                                                \
    "2:\n\t" PCM__INJECT(5)                                                                                            \
    "b 6f\n\t"                                                                                                         \
    ".inst 0xd428bc00\n\t"                                                                                             \
    "4:\n\t"                                                                                                           \
    "b %l[aborted]\n\t"                                                                                                \
    "6:\n\t"
/* clang-format on */

#define PCM__RSEQ_LANDING __asm__ __volatile__("" : : : "memory")

#define PCM__RSEQ_RESULTS                                                                                              \
    PCM__RSEQ_LANDING;                                                                                                 \
    return PCM__RSEQ_DONE;                                                                                             \
    aborted:                                                                                                           \
    PCM__RSEQ_LANDING;                                                                                                 \
    return PCM__RSEQ_ABORTED;                                                                                          \
    out_of_range:                                                                                                      \
    PCM__RSEQ_LANDING;                                                                                                 \
    return PCM__RSEQ_OUT_OF_RANGE

/* clang-format off */
static inline __attribute__((always_inline)) enum pcm__rseq_result
pcm__rseq_load_cpu_add_i64(intptr_t area, uint16_t lanes, uint64_t stride, char *cell, int64_t amount) {
    __asm__ __volatile__ goto(
        PCM__RSEQ_DESCRIPTOR PCM__RSEQ_EXIT_POINT("%l[out_of_range]") PCM__RSEQ_ENTER PCM__RSEQ_LOAD_LANE
        "ldr x17, [x16]\n\t" PCM__INJECT(6)
        "add x17, x17, %[amount]\n\t" PCM__INJECT(7)
        "str x17, [x16]\n\t" PCM__RSEQ_ABORT
        :
        : [area] "r"((char *)__builtin_thread_pointer() + area), [lanes] "r"(lanes), [stride] "r"(stride),
          [cell] "r"(cell), [amount] "r"(amount)
        : "memory", "cc", "x16", "x17" PCM__INJECT_CLOBBERS
        : aborted, out_of_range);
    PCM__RSEQ_RESULTS;
}

static inline __attribute__((always_inline)) enum pcm__rseq_result
pcm__rseq_load_cpu_add_f64(intptr_t area, uint16_t lanes, uint64_t stride, char *cell, double amount) {
    __asm__ __volatile__ goto(
        PCM__RSEQ_DESCRIPTOR PCM__RSEQ_EXIT_POINT("%l[out_of_range]") PCM__RSEQ_ENTER PCM__RSEQ_LOAD_LANE
        "ldr d31, [x16]\n\t" PCM__INJECT(6)
        "fadd d31, d31, %d[amount]\n\t" PCM__INJECT(7)
        "str d31, [x16]\n\t" PCM__RSEQ_ABORT
        :
        : [area] "r"((char *)__builtin_thread_pointer() + area), [lanes] "r"(lanes), [stride] "r"(stride),
          [cell] "r"(cell), [amount] "w"(amount)
        : "memory", "cc", "x16", "v31" PCM__INJECT_CLOBBERS
        : aborted, out_of_range);
    PCM__RSEQ_RESULTS;
}
/* clang-format on */

static inline __attribute__((always_inline)) enum pcm__rseq_result pcm__rseq_spin(intptr_t area, uint64_t turns) {
    __asm__ __volatile__ goto(PCM__RSEQ_DESCRIPTOR PCM__RSEQ_ENTER "mov x16, %[turns]\n\t"
                                                                   "5:\n\t"
                                                                   "yield\n\t"
                                                                   "subs x16, x16, #1\n\t"
                                                                   "b.ne 5b\n\t" PCM__RSEQ_ABORT
                              :
                              : [area] "r"((char *)__builtin_thread_pointer() + area), [turns] "r"(turns)
                              : "memory", "cc", "x16" PCM__INJECT_CLOBBERS
                              : aborted);
    PCM__RSEQ_LANDING;
    return PCM__RSEQ_DONE;
aborted:
    PCM__RSEQ_LANDING;
    return PCM__RSEQ_ABORTED;
}

#endif
