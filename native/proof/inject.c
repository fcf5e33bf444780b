/* See inject.h. What happens at a trap: nothing, a yield, a sleep, or a signal to this or to another thread. */
#include "inject.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum action { ACTION_NONE, ACTION_YIELD, ACTION_SLEEP, ACTION_SIGNAL, ACTION_SIGNAL_OTHER, ACTIONS };

#define ONE_IN        16   /* operations that are interfered with */
#define MOST_TURNS    4000 /* a few microseconds */
#define MOST_SLEEP_NS 100000
#define MOST_THREADS  64 /* that send each other signals */

__thread int32_t pcm__inject_point = -1;
__thread int32_t pcm__inject_turns;
__thread int32_t pcm__inject_trap;
static __thread enum action action;
static __thread long sleep_ns;
static __thread pid_t self;
static __thread uint32_t other;
static __thread struct pcm__inject_signals signals;

static _Atomic pid_t threads[MOST_THREADS];
static _Atomic uint32_t thread_count;

uint64_t pcm__inject_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717ull;
}

/* One that has ended already is not found. */
static void signal_other(void) {
    uint32_t joined = atomic_load(&thread_count);
    uint32_t count = joined < MOST_THREADS ? joined : MOST_THREADS;
    if (count == 0)
        return;
    pid_t thread = atomic_load(&threads[other % count]);
    if (thread != 0 && thread != self)
        syscall(SYS_tgkill, getpid(), thread, SIGUSR2);
}

#if defined(__aarch64__)
#define TRAP 0xd4200000u /* brk #0 */
#endif

/* The trap of aarch64 leaves the thread in front of it, unless a section was aborted there. */
static void step_over_trap(void *context) {
#if defined(__aarch64__)
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    if (*(const uint32_t *)machine->pc == TRAP)
        machine->pc += sizeof(uint32_t);
#else
    (void)context;
#endif
}

static void on_trap(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    step_over_trap(context);
    struct timespec pause = {.tv_sec = 0, .tv_nsec = sleep_ns};
    switch (action) {
    case ACTION_YIELD:
        sched_yield();
        break;
    case ACTION_SLEEP:
        nanosleep(&pause, NULL);
        break;
    case ACTION_SIGNAL:
        raise(SIGUSR1);
        break;
    case ACTION_SIGNAL_OTHER:
        signal_other();
        break;
    default:
        break;
    }
}

static void on_signal(int number) {
    signals.of_timer += number == SIGALRM;
    signals.of_threads += number == SIGUSR2;
}

void pcm__inject_start(void) {
    struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_RESTART | SA_NODEFER | SA_SIGINFO};
    struct sigaction any = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGTRAP, &trap, NULL);
    sigaction(SIGUSR1, &any, NULL);
    sigaction(SIGUSR2, &any, NULL);
    sigaction(SIGALRM, &any, NULL);
}

void pcm__inject_join(void) {
    self = (pid_t)syscall(SYS_gettid);
    uint32_t number = atomic_fetch_add(&thread_count, 1);
    if (number < MOST_THREADS)
        atomic_store(&threads[number], self);
}

struct pcm__inject_signals pcm__inject_signals(void) {
    return signals;
}

void pcm__inject_plan(uint64_t *random) {
    uint64_t bits = pcm__inject_random(random);
    if (bits % ONE_IN != 0)
        return;
    bits >>= 8;
    pcm__inject_turns = (int32_t)(bits % MOST_TURNS);
    bits >>= 16;
    pcm__inject_trap = (int32_t)(bits % 2);
    bits >>= 4;
    action = (enum action)(bits % ACTIONS);
    bits >>= 4;
    sleep_ns = (long)(bits % MOST_SLEEP_NS);
    other = (uint32_t)bits % MOST_THREADS;
    pcm__inject_point = (int32_t)(bits >> 20) & (PCM__INJECT_POINTS - 1);
}
