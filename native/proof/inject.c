/* See inject.h. What happens at a trap: nothing, a yield, a sleep, or a signal to this or another thread. */
#include "inject.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

enum action { ACTION_NONE, ACTION_YIELD, ACTION_SLEEP, ACTION_SIGNAL, ACTIONS };

#define ONE_IN        16   /* operations that are interfered with */
#define MOST_TURNS    4000 /* a few microseconds */
#define MOST_SLEEP_NS 100000

__thread int32_t pcm__inject_point = -1;
__thread int32_t pcm__inject_turns;
__thread int32_t pcm__inject_trap;
static __thread enum action action;
static __thread long sleep_ns;

uint64_t pcm__inject_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717ull;
}

static void on_trap(int number) {
    (void)number;
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
    default:
        break;
    }
}

static void on_signal(int number) {
    (void)number;
}

void pcm__inject_start(void) {
    struct sigaction trap = {.sa_handler = on_trap, .sa_flags = SA_RESTART | SA_NODEFER};
    struct sigaction other = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGTRAP, &trap, NULL);
    sigaction(SIGUSR1, &other, NULL);
    sigaction(SIGALRM, &other, NULL);
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
    pcm__inject_point = (int32_t)(bits >> 20) & (PCM__INJECT_POINTS - 1);
}
