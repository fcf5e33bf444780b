/*
 * Critical sections for x86-64: load_cpu_add_i64, load_cpu_add_f64 and spin.
 *
 * Each one stores the address of its descriptor into the thread's area, loads cpu_id, leaves if that is not below the
 * number of lanes, scales it to the lane and commits with its last instruction: one `addq` to memory, which an
 * interrupt cannot split and no other CPU executes on this lane, or one `movsd` store. If the kernel preempts, migrates
 * or signals the thread between start and commit, it goes on at the abort address instead, where nothing was written
 * yet. rseq_cs is not cleared afterwards: the kernel does that when it finds the thread outside of the section.
 *
 * Of cpu_id the lower half is compared: no kernel has 65,536 CPUs, and what stands for none is -1 or -2. `lanes` may then
 * be the lower half of a register that holds more (see hot.h).
 *
 * The word of an integer is addressed by one register and not by two: an Intel processor then forwards at once what the
 * last addition to that word has stored, and the next one takes 1.2 ns instead of 2.7 (docs/benchmarks.md). A double gains
 * nothing by it.
 *
 * `area` is the distance of the thread's area from the thread pointer, which %fs holds: no instruction is spent on
 * computing its address.
 *
 * Clobbers: rax carries the descriptor's address, then the offset of the lane or the address of the word; xmm15 the
 * double; flags by cmp, imul and add; memory, since the lane is reached through a pointer that the compiler does not see
 * written. Inputs are never changed, for an abort comes back to C with them. The empty asm behind the section and at each
 * label keeps compilers with imperfect `asm goto` from moving code across it.
 */
#ifndef PCM_RSEQ_SECTION_X86_64_H
#define PCM_RSEQ_SECTION_X86_64_H

#include "abi.h"

/* A numbered point where the injection build (native/proof/) delays and interrupts; in any other build nothing. */
#ifndef PCM__INJECT
#define PCM__INJECT(point)
#endif

/* Section attributes keep the descriptors through --gc-sections: the section they describe refers to them. */
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
    "leaq 3b(%%rip), %%rax\n\t" PCM__INJECT(0)                                                                         \
    "movq %%rax, %%fs:8(%[area])\n\t"                                                                                  \
    "1:\n\t" PCM__INJECT(1)

#define PCM__RSEQ_LOAD_LANE                                                                                            \
    "movl %%fs:4(%[area]), %%eax\n\t" PCM__INJECT(2)                                                                   \
    "cmpw %w[lanes], %%ax\n\t"                                                                                         \
    "jae %l[out_of_range]\n\t" PCM__INJECT(3)                                                                          \
    "imulq %[stride], %%rax\n\t"

/* `ud1` with the signature as its displacement, then the abort address. */
#define PCM__RSEQ_ABORT                                                                                                \
    "2:\n\t" PCM__INJECT(5)                                                                                            \
    ".pushsection __rseq_failure, \"ax\"\n\t"                                                                          \
    ".byte 0x0f, 0xb9, 0x3d\n\t"                                                                                       \
    ".long 0x53053053\n\t"                                                                                             \
    "4:\n\t"                                                                                                           \
    "jmp %l[aborted]\n\t"                                                                                              \
    ".popsection\n\t"
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

/* cpu = area->cpu_id; if (cpu >= lanes) leave; *(int64_t *)(cell + cpu * stride) += amount */
static inline __attribute__((always_inline)) enum pcm__rseq_result
pcm__rseq_load_cpu_add_i64(intptr_t area, uint16_t lanes, uint64_t stride, char *cell, int64_t amount) {
    __asm__ __volatile__ goto(
        PCM__RSEQ_DESCRIPTOR PCM__RSEQ_EXIT_POINT("%l[out_of_range]") PCM__RSEQ_ENTER PCM__RSEQ_LOAD_LANE
        "addq %[cell], %%rax\n\t" PCM__INJECT(4) "addq %[amount], (%%rax)\n\t" PCM__RSEQ_ABORT
        :
        : [area] "r"(area), [lanes] "rm"(lanes), [stride] "rm"(stride), [cell] "r"(cell), [amount] "er"(amount)
        : "memory", "cc", "rax"
        : aborted, out_of_range);
    PCM__RSEQ_RESULTS;
}

/* The same for a double. */
/* clang-format off */
static inline __attribute__((always_inline)) enum pcm__rseq_result
pcm__rseq_load_cpu_add_f64(intptr_t area, uint16_t lanes, uint64_t stride, char *cell, double amount) {
    __asm__ __volatile__ goto(
        PCM__RSEQ_DESCRIPTOR PCM__RSEQ_EXIT_POINT("%l[out_of_range]") PCM__RSEQ_ENTER PCM__RSEQ_LOAD_LANE PCM__INJECT(4)
        "movsd (%[cell], %%rax), %%xmm15\n\t" PCM__INJECT(6)
        "addsd %[amount], %%xmm15\n\t" PCM__INJECT(7)
        "movsd %%xmm15, (%[cell], %%rax)\n\t" PCM__RSEQ_ABORT
        :
        : [area] "r"(area), [lanes] "rm"(lanes), [stride] "rm"(stride), [cell] "r"(cell), [amount] "x"(amount)
        : "memory", "cc", "rax", "xmm15"
        : aborted, out_of_range);
    PCM__RSEQ_RESULTS;
}
/* clang-format on */

/* Does nothing `turns` times inside a critical section, for the probe: DONE means that nothing aborted it. */
static inline __attribute__((always_inline)) enum pcm__rseq_result pcm__rseq_spin(intptr_t area, uint64_t turns) {
    __asm__ __volatile__ goto(PCM__RSEQ_DESCRIPTOR PCM__RSEQ_ENTER "movq %[turns], %%rax\n\t"
                                                                   "5:\n\t"
                                                                   "pause\n\t"
                                                                   "decq %%rax\n\t"
                                                                   "jnz 5b\n\t" PCM__RSEQ_ABORT
                              :
                              : [area] "r"(area), [turns] "r"(turns)
                              : "memory", "cc", "rax"
                              : aborted);
    PCM__RSEQ_LANDING;
    return PCM__RSEQ_DONE;
aborted:
    PCM__RSEQ_LANDING;
    return PCM__RSEQ_ABORTED;
}

#endif
