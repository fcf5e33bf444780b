/*
 * The injection build: every source of the core is compiled with this header in front (-include), which fills the
 * numbered points of the critical sections. A thread plans one interruption at a time, in its own variables: at the
 * planned point it spins for a while, long enough to be preempted or signalled there, and then traps if it is told to.
 * The trap's handler does nothing, yields, sleeps, or sends a signal to this thread or to another one of the process
 * (inject.c); a section that was protected goes on at its abort address afterwards. Points: 0 before the descriptor is
 * announced, 1 to 4 between the instructions up to the commit, 5 behind it, and 6 and 7 before and behind the addition
 * where it is an instruction of its own: of doubles, and on aarch64 of integers as well.
 *
 * No memory is changed but the plan, the flags only where they are not used, and no register but, on aarch64, where
 * nothing is compared in memory, PCM__INJECT_CLOBBERS, which the sections leave alone.
 */
#ifndef PCM_PROOF_INJECT_H
#define PCM_PROOF_INJECT_H

#define PCM__INJECT_POINTS 8

#if defined(__x86_64__)

#define PCM__INJECT(point)                                                                                             \
    "cmpl $" #point ", %%fs:pcm__inject_point@tpoff\n\t"                                                               \
    "jne 6f\n\t"                                                                                                       \
    "movl $-1, %%fs:pcm__inject_point@tpoff\n\t"                                                                       \
    "7:\n\t"                                                                                                           \
    "subl $1, %%fs:pcm__inject_turns@tpoff\n\t"                                                                        \
    "jg 7b\n\t"                                                                                                        \
    "cmpl $0, %%fs:pcm__inject_trap@tpoff\n\t"                                                                         \
    "je 6f\n\t"                                                                                                        \
    "int3\n\t"                                                                                                         \
    "6:\n\t"

#elif defined(__aarch64__)

/* One instruction a line. */
/* clang-format off */
#define PCM__INJECT_ADDRESS(variable)                                                                                  \
    "mrs x14, tpidr_el0\n\t"                                                                                           \
    "add x14, x14, #:tprel_hi12:pcm__inject_" #variable ", lsl #12\n\t"                                                \
    "add x14, x14, #:tprel_lo12_nc:pcm__inject_" #variable "\n\t"

#define PCM__INJECT(number)                                                                                            \
    PCM__INJECT_ADDRESS(point)                                                                                         \
    "ldr w15, [x14]\n\t"                                                                                               \
    "cmp w15, #" #number "\n\t"                                                                                        \
    "b.ne 7f\n\t"                                                                                                      \
    "mov w15, #-1\n\t"                                                                                                 \
    "str w15, [x14]\n\t"                                                                                               \
    PCM__INJECT_ADDRESS(turns)                                                                                         \
    "8:\n\t"                                                                                                           \
    "ldr w15, [x14]\n\t"                                                                                               \
    "subs w15, w15, #1\n\t"                                                                                            \
    "str w15, [x14]\n\t"                                                                                               \
    "b.gt 8b\n\t"                                                                                                      \
    PCM__INJECT_ADDRESS(trap)                                                                                          \
    "ldr w15, [x14]\n\t"                                                                                               \
    "cbz w15, 7f\n\t"                                                                                                  \
    "brk #0\n\t"                                                                                                       \
    "7:\n\t"
/* clang-format on */

#define PCM__INJECT_CLOBBERS , "x14", "x15"

#endif

#ifndef __ASSEMBLER__
#include <stdint.h>

extern __thread int32_t pcm__inject_point; /* -1: none */
extern __thread int32_t pcm__inject_turns;
extern __thread int32_t pcm__inject_trap;

/* Installs the handlers of this process, once. */
void pcm__inject_start(void);

/* Lets signals of other threads come to the calling one. */
void pcm__inject_join(void);

/* Plans what befalls the calling thread's next critical section; most of the time nothing. */
void pcm__inject_plan(uint64_t *random);

/* Signals that came to a thread from elsewhere. */
struct pcm__inject_signals {
    uint64_t of_timer;
    uint64_t of_threads;
};

/* Those of the calling thread. */
struct pcm__inject_signals pcm__inject_signals(void);

/* xorshift64*; the state is never 0. */
uint64_t pcm__inject_random(uint64_t *state);
#endif

#endif
