/*
 * The injection build: every source of the core is compiled with this header in front (-include), which fills the
 * numbered points of the critical sections. A thread plans one interruption at a time, in its own variables: at the
 * planned point it spins for a while, long enough to be preempted or signalled there, and then traps if it is told to.
 * The trap's handler yields, sleeps or sends signals (inject.c); a section that was protected goes on at its abort
 * address afterwards. Points: 0 before the descriptor is announced, 1 to 4 and, of doubles, 6 and 7 between the
 * instructions up to the commit, 5 behind it.
 *
 * No register is changed, no memory but the plan, and the flags only where they are not used.
 */
#ifndef PCM_PROOF_INJECT_H
#define PCM_PROOF_INJECT_H

#define PCM__INJECT_POINTS 8

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

#ifndef __ASSEMBLER__
#include <stdint.h>

extern __thread int32_t pcm__inject_point; /* -1: none */
extern __thread int32_t pcm__inject_turns;
extern __thread int32_t pcm__inject_trap;

/* Installs the handlers of this process, once. */
void pcm__inject_start(void);

/* Plans what befalls the calling thread's next critical section; most of the time nothing. */
void pcm__inject_plan(uint64_t *random);

/* xorshift64*; the state is never 0. */
uint64_t pcm__inject_random(uint64_t *state);
#endif

#endif
